"""The Correct dock: brush and saving, tools, then the classes of slice and series and the verdict."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtGui import QIcon
from qtpy.QtWidgets import QCheckBox, QComboBox, QFrame, QLabel, QLineEdit, QPushButton, QSpinBox, QWidget

from napari_cpam_stroke.annotations.records import DIFFICULTIES, TRUTH_SOURCES
from napari_cpam_stroke.core import LesionClass
from napari_cpam_stroke.core.labels import CLASS_COLOURS
from napari_cpam_stroke.widgets.parts.controls import MARGIN, NARROW, OneLine, RangeBox, button, column, row, swatch
from napari_cpam_stroke.widgets.reading.session import ReviewSession

HU_LIMITS = (-20, 120)
FACTS_SHARE, MESSAGE_SHARE = 3, 2
"""Of the first line: what is known of the series, and what the last tool did."""

COMMENT_WIDTH, STATE_WIDTH = 80, 140


class CorrectDock(QWidget):
    """Editing, classes, verdict and saving."""

    def __init__(self, session: ReviewSession) -> None:
        super().__init__()
        self._session = session
        self.classes = {c: self._class_button(c) for c in LesionClass}
        self._make_brush()
        self._make_labels()
        self._make_verdict()
        self.facts, self.message = OneLine(), OneLine()
        self.message.setObjectName("message")
        self.message.hide()
        brush = row(*self.classes.values(), *self._brush_parts())
        column(self, self._word_row(), brush, self._tool_row(), self._label_row(), top=MARGIN).setSpacing(2)
        self._connect()
        self._show_case()

    def _class_button(self, lesion_class: LesionClass) -> QPushButton:
        name = lesion_class.label
        made = button(name, f"Draw {name}", lambda: self._session.tools.draw(lesion_class), key=name[0].upper())
        made.setIcon(QIcon(swatch(CLASS_COLOURS[name])))
        made.setCheckable(True)
        return made

    def _make_brush(self) -> None:
        self.brush_size = QSpinBox()
        self.brush_size.setRange(1, 100)
        self.brush_size.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
        self.brush_size.setStyleSheet(NARROW)
        self.brush_size.setToolTip("Brush size in pixels  [ [ and ] ]")
        self.brush_size.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.limited = _check("only HU", "The brush changes only voxels in this range of HU")
        self.hu = RangeBox(*HU_LIMITS)
        self._show_limit()
        self.ball = _check("3D", "The brush also paints on neighbouring slices")
        self.across = _check("all slices", "Grow and smooth reach over neighbouring slices too")

    def _brush_parts(self) -> tuple[QWidget | str | None, ...]:
        tools = self._session.tools
        self.undo = button("undo", "Take back the last step", tools.undo, key="Ctrl+Z")
        self.redo = button("redo", "Do it again", tools.redo, key="Ctrl+Shift+Z")
        brush = ("brush", self.brush_size, self.ball, self.limited, self.hu, _bar(), self.undo, self.redo, _bar())
        return (*brush, self.save, self.state, None)

    def _word_row(self) -> Any:
        line = row(self.facts, self.message)
        line.setStretch(0, FACTS_SHARE)
        line.setStretch(1, MESSAGE_SHARE)
        return line

    def _tool_row(self) -> Any:
        tools = self._session.tools
        at = "the component under the cursor"
        wanted: list[tuple[str, str, Callable[[], Any], str]] = [
            ("grow", "Grow from the voxel under the cursor", tools.grow, "G"),
            ("fill between", "Draw on the empty slices between drawn ones", tools.fill_between, "T"),
            ("smooth", "Smooth the outlines of the drawn class", tools.smooth, "S"),
            ("islands", "Erase what is smaller than 0.1 ml", tools.remove_islands, "Shift+S"),
            ("erase part", f"Erase {at}", tools.erase_component, "U"),
            ("keep HU", f"Erase from {at} what lies outside the HU range", tools.keep_in_range, "Shift+G"),
            ("copy next", "Copy this slice's mask to the next slice and go there", tools.copy_to_next, "Shift+C"),
            ("swap class", f"Ischemia to hemorrhage, or back, in {at}", tools.swap_class, "Shift+X"),
            ("mirror part", f"Draw {at} on the other side of the head too", tools.mirror, "Shift+M"),
        ]
        self.tools = {text: button(text, tip, slot, key=key) for text, tip, slot, key in wanted}
        line = row(*self.tools.values(), self.across, self.comment, gap=3)
        line.setStretch(line.indexOf(self.comment), 1)
        return line

    def _make_labels(self) -> None:
        self.slice_checks = {c: _tristate(c, "on this slice") for c in LesionClass}
        self.series_checks = {c: _tristate(c, "in the whole series") for c in LesionClass}
        self.follow = button("follow", "Let the classes of slice and series follow the mask again", self._follow)

    def _make_verdict(self) -> None:
        records = self._session.records
        self.accept = button(
            "accept", "Accept the case and open the next", lambda: records.finish("accepted"), key="F12"
        )
        self.second = button("second read", "Needs a second read", lambda: records.finish("second_read"), key="F10")
        self.refuse = button(
            "reject", "Keep the case out of training", lambda: records.finish("rejected"), key="Shift+F12"
        )
        self.difficulty = _choice("difficulty", DIFFICULTIES, "How hard the case was")
        self.truth = _choice("truth from", TRUTH_SOURCES, "What the reading rests on")
        self.comment = QLineEdit()
        self.comment.setPlaceholderText("comment")
        self.comment.setToolTip("Kept with the version")
        self.comment.setMinimumWidth(COMMENT_WIDTH)
        self.comment.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.save = button("save", "Keep a version now", records.save, key="Ctrl+Alt+S")
        self.state = QLabel()
        self.state.setMinimumWidth(STATE_WIDTH)

    def _label_row(self) -> Any:
        return row(
            "slice", *self.slice_checks.values(), _bar(), "series", *self.series_checks.values(), self.follow, None,
            self.difficulty, self.truth, self.accept, self.second, self.refuse,
        )  # fmt: skip

    def _connect(self) -> None:
        session = self._session
        session.case_opened.connect(self._show_case)
        session.case_closed.connect(self._show_case)
        session.case_refreshed.connect(self._show_case)
        session.labels_changed.connect(self._show_labels)
        session.mask_changed.connect(self._show_labels)
        session.slice_changed.connect(lambda _: self._show_labels())
        session.records.state_changed.connect(self._show_state)
        session.tools.said.connect(self._tell)
        session.tools.class_changed.connect(self._show_class)
        session.tools.brush_changed.connect(self._show_size)
        session.tools.limit_changed.connect(self._show_limit)
        session.state_changed.connect(self._show_words)
        self.brush_size.valueChanged.connect(self._on_size)
        self.limited.clicked.connect(lambda on: self._on_limit(limited=bool(on)))
        self.hu.valueChanged.connect(lambda value: self._on_limit(hu_range=value))
        self.ball.clicked.connect(lambda on: session.tools.set_ball(ball=bool(on)))
        self.across.clicked.connect(self._on_across)
        for lesion_class in LesionClass:
            self.slice_checks[lesion_class].clicked.connect(lambda _, c=lesion_class: self._on_slice(c))
            self.series_checks[lesion_class].clicked.connect(lambda _, c=lesion_class: self._on_series(c))
        self.difficulty.activated.connect(lambda _: self._on_words())
        self.truth.activated.connect(lambda _: self._on_words())
        self.comment.editingFinished.connect(self._on_words)

    def _show_case(self) -> None:
        review, layers = self._session.review, self._session.layers
        self.setEnabled(review is not None)
        self.facts.say("" if layers is None else layers.facts)
        if review is not None and layers is not None:
            self._show_size()
            self._show_class(self._session.tools.label)
        self._show_words()
        self._show_labels()
        self._show_state()

    def _show_words(self) -> None:
        review = self._session.review
        if review is None:
            return
        for combo, value in ((self.difficulty, review.difficulty), (self.truth, review.truth_source)):
            combo.setCurrentIndex(max(combo.findText(value or ""), 0))
        if not self.comment.hasFocus():
            self.comment.setText(review.comment)

    def _show_limit(self) -> None:
        tools = self._session.tools
        self.limited.setChecked(tools.limited)
        self.hu.blockSignals(True)
        self.hu.setValue(tools.hu_range)
        self.hu.blockSignals(False)

    def _show_class(self, label: int) -> None:
        for lesion_class, made in self.classes.items():
            made.setChecked(int(lesion_class) == label)

    def _show_labels(self) -> None:
        review, layers = self._session.review, self._session.layers
        if review is None or layers is None:
            return
        here = review.slice_labels[layers.slice_index]
        for place, lesion_class in enumerate(LesionClass):
            _set(self.slice_checks[lesion_class], int(here[place]))
            _set(self.series_checks[lesion_class], int(review.series_labels[place]))
        if review.conflicts:
            self._tell(" ".join(review.conflicts))

    def _tell(self, text: str) -> None:
        self.message.say(text)
        self.message.setVisible(bool(text))

    def _show_state(self) -> None:
        records, review = self._session.records, self._session.review
        self.state.setText(records.state)
        self.save.setEnabled(review is not None and not records.saving)

    def _show_size(self, _: Any = None) -> None:
        if self._session.layers is not None:
            self.brush_size.setValue(int(self._session.layers.reading.brush_size))

    def _on_size(self, size: int) -> None:
        if self._session.layers is not None:
            self._session.layers.reading.brush_size = size

    def _on_limit(self, *, limited: bool | None = None, hu_range: tuple[int, int] | None = None) -> None:
        tools = self._session.tools
        tools.limit(limited=limited, hu_range=hu_range)
        self._session.settings.change(brush_limited=tools.limited, brush_hu=tools.hu_range)

    def _on_across(self) -> None:
        self._session.tools.across_slices = self.across.isChecked()

    def _on_slice(self, lesion_class: LesionClass) -> None:
        review, layers = self._session.review, self._session.layers
        if review is not None and layers is not None:
            review.overrule_slice(layers.slice_index, lesion_class, self.slice_checks[lesion_class].isChecked())

    def _on_series(self, lesion_class: LesionClass) -> None:
        if self._session.review is not None:
            self._session.review.overrule_series(lesion_class, self.series_checks[lesion_class].isChecked())

    def _follow(self) -> None:
        review, layers = self._session.review, self._session.layers
        if review is not None and layers is not None:
            for lesion_class in LesionClass:
                review.overrule_slice(layers.slice_index, lesion_class, None)
                review.overrule_series(lesion_class, None)

    def _on_words(self) -> None:
        review = self._session.review
        if review is not None:
            review.difficulty = _said(self.difficulty)
            review.truth_source = _said(self.truth)
            review.comment = self.comment.text()


def _said(combo: QComboBox) -> Any:
    return None if combo.currentIndex() == 0 else combo.currentText()


def _check(text: str, tip: str) -> QCheckBox:
    made = QCheckBox(text)
    made.setToolTip(tip)
    made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return made


def _tristate(lesion_class: LesionClass, where: str) -> QCheckBox:
    name = lesion_class.label
    made = _check(f"{name[:3]}.", f"{name} {where}: follows the mask until you click; half-checked means not known")
    made.setTristate(True)
    return made


def _set(check: QCheckBox, value: int) -> None:
    states = {-1: Qt.CheckState.PartiallyChecked, 0: Qt.CheckState.Unchecked, 1: Qt.CheckState.Checked}
    check.setCheckState(states[value])


def _choice(name: str, words: Any, tip: str) -> QComboBox:
    combo = QComboBox()
    combo.addItems([name, *words])
    combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    combo.setMinimumContentsLength(7)
    combo.setToolTip(tip)
    combo.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
    return combo


def _bar() -> QFrame:
    line = QFrame()
    line.setFrameShape(QFrame.Shape.VLine)
    return line
