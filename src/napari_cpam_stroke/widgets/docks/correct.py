"""The Correct dock: brush and saving, tools, then the classes of slice and series and the verdict."""

from __future__ import annotations

from typing import cast

from qtpy.QtCore import Qt
from qtpy.QtGui import QIcon
from qtpy.QtWidgets import QBoxLayout, QCheckBox, QFrame, QLineEdit, QPushButton, QWidget

from napari_cpam_stroke.annotations.records import DIFFICULTIES, TRUTH_SOURCES, Difficulty, TruthSource
from napari_cpam_stroke.core import LesionClass
from napari_cpam_stroke.core.labels import CLASS_COLOURS
from napari_cpam_stroke.review.statement import CaseStatement
from napari_cpam_stroke.widgets.docks.brush_bar import BrushBar
from napari_cpam_stroke.widgets.docks.prompt_row import PromptRow
from napari_cpam_stroke.widgets.docks.tool_buttons import tool_buttons
from napari_cpam_stroke.widgets.parts.choices import chosen_word, label_box, show_label, show_word, word_choice
from napari_cpam_stroke.widgets.parts.controls import (
    MARGIN,
    OneLine,
    button,
    check_box,
    column,
    row,
    swatch,
)
from napari_cpam_stroke.widgets.parts.flow import Flow
from napari_cpam_stroke.widgets.parts.key_return import KeyReturn
from napari_cpam_stroke.widgets.parts.scroll_body import ScrollBody
from napari_cpam_stroke.widgets.reading.session import ReviewSession

FACTS_SHARE, MESSAGE_SHARE = 3, 2
"""Of the first line: what is known of the series, and what the last tool did."""

NO_CLASSES = [0] * len(LesionClass)
COMMENT_WIDTH, STATE_WIDTH = 80, 140


class CorrectDock(QWidget):
    """Editing, classes, verdict and saving."""

    def __init__(self, session: ReviewSession) -> None:
        super().__init__()
        self._session = session
        self.classes = {c: self._class_button(c) for c in LesionClass}
        self.brush = BrushBar(session)
        self._make_steps()
        self._make_labels()
        self._make_verdict()
        self.facts, self.message = OneLine(), OneLine()
        self.message.setObjectName("message")
        self.message.hide()
        self.work = ScrollBody(self._work())
        column(self, self._word_row(), self.work, self._verdict_row(), top=MARGIN).setSpacing(2)
        KeyReturn(self, session.picture)
        self._connect()
        self._show_case()

    def _class_button(self, lesion_class: LesionClass) -> QPushButton:
        name = lesion_class.label
        made = button(name, f"Draw {name}", lambda: self._session.tools.draw(lesion_class), key=name[0].upper())
        made.setIcon(QIcon(swatch(CLASS_COLOURS[name])))
        made.setCheckable(True)
        return made

    def _make_steps(self) -> None:
        tools = self._session.tools
        self.undo = button("undo", "Take back the last step", tools.undo, key="Ctrl+Z")
        self.redo = button("redo", "Do it again", tools.redo, key="Ctrl+Shift+Z")
        self.across = check_box("all slices", "Grow and smooth reach over neighbouring slices too")

    def _word_row(self) -> QBoxLayout:
        line = row(self.facts, self.message)
        line.setStretch(0, FACTS_SHARE)
        line.setStretch(1, MESSAGE_SHARE)
        return line

    def _work(self) -> QWidget:
        """Return what scrolls where there is little room: drawing, tools, classes, and what is said of the case."""
        self.tools = tool_buttons(self._session.tools)
        self.prompts = PromptRow(self._session.prompts, self._session.carrying, self)
        slice_classes = row("slice", *self.slice_checks.values())
        series_classes = row("series", *self.series_checks.values(), self.follow)
        drawing = (*self.classes.values(), self.brush, *self.prompts.parts, *self.tools.values(), self.across)
        work = QWidget()
        work.setLayout(Flow(*drawing, slice_classes, series_classes, self.difficulty, self.truth, self.comment))
        return work

    def _make_labels(self) -> None:
        self.slice_checks = {c: _label_box(c, "on this slice") for c in LesionClass}
        self.series_checks = {c: _label_box(c, "in the whole series") for c in LesionClass}
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
        self.difficulty = word_choice("difficulty", DIFFICULTIES, "How hard the case was")
        self.truth = word_choice("truth from", TRUTH_SOURCES, "What the reading rests on")
        self.comment = QLineEdit()
        self.comment.setPlaceholderText("comment")
        self.comment.setAccessibleName("comment")
        self.comment.setToolTip("Kept with the version")
        self.comment.setMinimumWidth(COMMENT_WIDTH)
        self.comment.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.save = button("save", "Keep a version now", records.save, key="F8")
        self.state = OneLine()
        self.state.setMinimumWidth(STATE_WIDTH)

    def _verdict_row(self) -> QBoxLayout:
        """Return what never scrolls away."""
        line = row(self.undo, self.redo, _bar(), self.save, self.state, _bar(), self.accept, self.second, self.refuse)
        line.setStretch(line.indexOf(self.state), 1)
        return line

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
        session.prompts.said.connect(self._tell)
        session.tools.class_changed.connect(self._show_class)
        session.state_changed.connect(self._show_words)
        self.across.clicked.connect(self._on_across)
        for lesion_class in LesionClass:
            self.slice_checks[lesion_class].clicked.connect(lambda _, c=lesion_class: self._on_slice(c))
            self.series_checks[lesion_class].clicked.connect(lambda _, c=lesion_class: self._on_series(c))
        self.difficulty.activated.connect(lambda _: self._on_words())
        self.truth.activated.connect(lambda _: self._on_words())
        self.comment.textChanged.connect(self._on_comment)

    def _show_case(self) -> None:
        review, layers = self._session.review, self._session.layers
        self.setEnabled(review is not None)
        self.facts.say("" if layers is None else layers.facts)
        self._tell("")
        if review is not None and layers is not None:
            self.brush.show_size()
            self._show_class(self._session.tools.label)
        self._show_words()
        self._show_labels()
        self._show_state()

    def _show_words(self) -> None:
        review = self._session.review
        stated = CaseStatement() if review is None else review.statement
        show_word(self.difficulty, stated.difficulty)
        show_word(self.truth, stated.truth_source)
        if self.comment.text() != stated.comment:
            self.comment.blockSignals(True)
            self.comment.setText(stated.comment)
            self.comment.blockSignals(False)

    def _show_class(self, label: int) -> None:
        for lesion_class, made in self.classes.items():
            made.setChecked(int(lesion_class) == label)

    def _show_labels(self) -> None:
        review, layers = self._session.review, self._session.layers
        here, whole = NO_CLASSES, NO_CLASSES
        if review is not None and layers is not None:
            here, whole = review.slice_labels[layers.slice_index].tolist(), review.series_labels.tolist()
        for place, lesion_class in enumerate(LesionClass):
            show_label(self.slice_checks[lesion_class], here[place])
            show_label(self.series_checks[lesion_class], whole[place])
        if review is not None and review.conflicts:
            self._tell(" ".join(review.conflicts))

    def _tell(self, text: str) -> None:
        self.message.say(text)
        self.message.setVisible(bool(text))

    def _show_state(self) -> None:
        records, review = self._session.records, self._session.review
        self.state.say(records.state)
        self.save.setEnabled(review is not None and not records.saving)

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
            review.difficulty = cast("Difficulty | None", chosen_word(self.difficulty))
            review.truth_source = cast("TruthSource | None", chosen_word(self.truth))

    def _on_comment(self, text: str) -> None:
        if self._session.review is not None:
            self._session.review.comment = text


def _label_box(lesion_class: LesionClass, where: str) -> QCheckBox:
    name = lesion_class.label
    return label_box(f"{name[:3]}.", f"{name} {where}: follows the mask until you click; half-checked means not known")


def _bar() -> QFrame:
    line = QFrame()
    line.setFrameShape(QFrame.Shape.VLine)
    return line
