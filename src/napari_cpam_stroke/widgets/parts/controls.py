"""Small parts the docks are made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QColor, QImage, QPixmap, QResizeEvent
from qtpy.QtWidgets import (
    QAbstractItemView,
    QBoxLayout,
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLayout,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from napari_cpam_stroke.widgets.parts.flow import GAP
from napari_cpam_stroke.widgets.parts.list_item import add_list
from napari_cpam_stroke.widgets.parts.scroll_body import ScrollBody
from napari_cpam_stroke.widgets.parts.wrapped_text import WrappedText

MARGIN = 4
BELOW_TITLE = 10
"""napari draws the title of a dock some pixels into its content."""

SWATCH = 10


def button(text: str, tip: str, slot: Callable[[], object], *, key: str = "", name: str = "") -> QPushButton:
    """Return a push button whose tooltip also names its key."""
    made = QPushButton(text)
    made.setToolTip(f"{tip}  [{key}]" if key else tip)
    made.setObjectName(name or text)
    made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    made.clicked.connect(lambda _=False: slot())
    return made


def check_box(text: str, tip: str) -> QCheckBox:
    """Return a check box that never takes the keys away from the picture."""
    made = QCheckBox(text)
    made.setToolTip(tip)
    made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return made


def drop_down(words: Sequence[str], tip: str) -> QComboBox:
    """Return a choice of words that takes the keys only when it is clicked, and gives way where the dock is narrow."""
    made = QComboBox()
    made.addItems(list(words))
    made.setToolTip(tip)
    made.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
    made.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    return made


def row(*parts: QWidget | str | None, gap: int = GAP) -> QHBoxLayout:
    """Return widgets side by side; a string is a label, for a screen reader too, None a stretch."""
    layout = QHBoxLayout()
    _fill(layout, parts, gap)
    return layout


def column(widget: QWidget, *parts: QWidget | QLayout, top: int = BELOW_TITLE) -> QVBoxLayout:
    """Stack widgets and layouts in a widget; lists take the height that is left."""
    layout = QVBoxLayout(widget)
    layout.setContentsMargins(MARGIN, top, MARGIN, MARGIN)
    layout.setSpacing(GAP)
    for part in parts:
        if isinstance(part, QAbstractItemView):
            add_list(layout, part)
        elif isinstance(part, QWidget):
            layout.addWidget(part)
        else:
            layout.addLayout(part)
    return layout


def scroll_column(widget: QWidget, *parts: QWidget | QLayout, top: int = BELOW_TITLE) -> QVBoxLayout:
    """Stack widgets and layouts in a widget that scrolls where it is too small for them; return what holds them."""
    body = QWidget()
    stack = column(body, *parts, top=top)
    around = QVBoxLayout(widget)
    around.setContentsMargins(0, 0, 0, 0)
    around.addWidget(ScrollBody(body))
    return stack


def spread(*buttons: QPushButton) -> tuple[QPushButton, ...]:
    """Let buttons fill their line together; return them."""
    for made in buttons:
        made.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    return buttons


def wrapped(text: str = "", *, name: str = "") -> WrappedText:
    """Return a text that breaks its lines and can be copied from."""
    label = WrappedText(text)
    label.setObjectName(name)
    return label


class OneLine(QLabel):
    """A line that gives way: what does not fit is in the tooltip."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._whole = ""

    @property
    def whole(self) -> str:
        """The text, also what does not fit."""
        return self._whole

    def say(self, text: str) -> None:
        """Show another text."""
        self._whole = text
        self.setToolTip(text)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Cut the text to the new width."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        self.setText(self.fontMetrics().elidedText(self._whole, Qt.TextElideMode.ElideRight, self.width()))


def keep_place(widget: QWidget) -> None:
    """Let a hidden widget keep its room, so that the canvas beside it does not move."""
    policy = widget.sizePolicy()
    policy.setRetainSizeWhenHidden(True)
    widget.setSizePolicy(policy)


def swatch(colour: str) -> QPixmap:
    """Return a small square of a colour."""
    pixmap = QPixmap(SWATCH, SWATCH)
    pixmap.fill(QColor(colour))
    return pixmap


def grey_pixmap(grey: NDArray[np.uint8]) -> QPixmap:
    """Return uint8 (Y, X) as a grey picture, row by row from the top."""
    rows = np.ascontiguousarray(grey)
    height, width = rows.shape
    return QPixmap.fromImage(QImage(rows.tobytes(), width, height, width, QImage.Format.Format_Grayscale8))


NARROW = "QSpinBox { min-width: 24px; max-width: 34px; padding: 1px; }"
"""napari's own style makes number boxes wide."""


class RangeBox(QWidget):
    """Two numbers, lowest and highest HU, both included."""

    valueChanged = Signal(tuple)  # noqa: N815 - Qt's name

    def __init__(self, low: int, high: int) -> None:
        super().__init__()
        self.low, self.high = QSpinBox(), QSpinBox()
        for box, name in ((self.low, "lowest HU"), (self.high, "highest HU")):
            box.setAccessibleName(name)
            box.setRange(low, high)
            box.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
            box.setKeyboardTracking(False)
            box.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
            box.setStyleSheet(NARROW)
            box.valueChanged.connect(lambda _: self.valueChanged.emit(self.value()))
        self.setLayout(row(self.low, "to", self.high, gap=2))
        self.setToolTip("HU of the limited brush, and of 'keep HU'")

    def value(self) -> tuple[int, int]:
        """Return lowest and highest HU."""
        return (min(self.low.value(), self.high.value()), max(self.low.value(), self.high.value()))

    def setValue(self, value: tuple[int, int]) -> None:  # noqa: N802 - Qt's name
        """Show another range."""
        self.low.setValue(int(value[0]))
        self.high.setValue(int(value[1]))


def _fill(layout: QBoxLayout, parts: tuple[QWidget | str | None, ...], gap: int) -> None:
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(gap)
    before: QWidget | str | None = None
    for part in parts:
        if part is None:
            layout.addStretch(1)
        elif isinstance(part, str):
            layout.addWidget(QLabel(part))
        else:
            layout.addWidget(part)
            if isinstance(before, str) and not part.accessibleName():
                part.setAccessibleName(before)
        before = part
