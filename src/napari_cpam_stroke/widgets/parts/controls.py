"""Small parts the docks are made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QRectF, QSize, Qt, Signal
from qtpy.QtGui import QColor, QImage, QPainter, QPaintEvent, QPalette, QPen, QPixmap, QResizeEvent
from qtpy.QtWidgets import QBoxLayout, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QSpinBox, QVBoxLayout, QWidget

from napari_cpam_stroke.core.labels import CLASS_COLOURS

MARGIN, GAP = 4, 4
BELOW_TITLE = 10
"""napari draws the title of a dock some pixels into its content."""

BAR_HEIGHT = 20
SWATCH = 10


def button(text: str, tip: str, slot: Callable[[], Any], *, key: str = "", name: str = "") -> QPushButton:
    """Return a push button whose tooltip also names its key."""
    made = QPushButton(text)
    made.setToolTip(f"{tip}  [{key}]" if key else tip)
    made.setObjectName(name or text)
    made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    made.clicked.connect(lambda _=False: slot())
    return made


def row(*parts: QWidget | str | None, gap: int = GAP) -> QHBoxLayout:
    """Return widgets side by side; a string is a label, None a stretch."""
    layout = QHBoxLayout()
    _fill(layout, parts, gap)
    return layout


def column(widget: QWidget, *parts: Any, top: int = BELOW_TITLE) -> QVBoxLayout:
    """Stack widgets and layouts in a widget."""
    layout = QVBoxLayout(widget)
    layout.setContentsMargins(MARGIN, top, MARGIN, MARGIN)
    layout.setSpacing(GAP)
    for part in parts:
        if isinstance(part, QWidget):
            layout.addWidget(part)
        else:
            layout.addLayout(part)
    return layout


def wrapped(text: str = "", *, name: str = "") -> QLabel:
    """Return a label that breaks its lines and can be copied from."""
    label = QLabel(text)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
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
    """Return a grey picture (Y, X)."""
    rows = np.ascontiguousarray(grey)
    height, width = rows.shape
    return QPixmap.fromImage(QImage(rows.tobytes(), width, height, width, QImage.Format.Format_Grayscale8))


NARROW = "QSpinBox { min-width: 24px; max-width: 34px; padding: 1px; }"
"""napari's own style makes number boxes wide."""

VERDICTS = {"present": "suspected", "absent": "not suspected", "refer": "unsure, refer"}
"""What a verdict of the model is called: a suspicion, never a diagnosis."""


class RangeBox(QWidget):
    """Two numbers, lowest and highest HU, both included."""

    valueChanged = Signal(tuple)  # noqa: N815 - Qt's name

    def __init__(self, low: int, high: int) -> None:
        super().__init__()
        self.low, self.high = QSpinBox(), QSpinBox()
        for box in (self.low, self.high):
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


class ProbabilityBar(QWidget):
    """A probability with the band in which the model refers to a reader, and the threshold."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumHeight(BAR_HEIGHT)
        self._name = name
        self.probability: float | None = None
        self.band: tuple[float, float] | None = None
        self.threshold: float | None = None
        self.verdict = ""

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return Qt's hint."""
        return QSize(200, BAR_HEIGHT)

    def show_prediction(self, prediction: Any) -> None:
        """Show the class's part of a prediction, or none."""
        self.probability = self.band = self.threshold = None
        self.verdict = ""
        if prediction is not None:
            self.probability = float(prediction.series_probabilities[self._name])
            self.band = prediction.refer_band.get(self._name)
            self.threshold = prediction.series_thresholds[self._name]
            self.verdict = VERDICTS[prediction.verdicts[self._name]]
        self.setToolTip(self.words())
        self.update()

    def short(self) -> str:
        """Return probability and suspicion."""
        return "-" if self.probability is None else f"{self.probability:.2f} {self.verdict}"

    def words(self) -> str:
        """Return the probability and what it asks for."""
        if self.probability is None:
            return f"{self._name}: no model was run"
        band = f", refer between {self.band[0]:.2f} and {self.band[1]:.2f}" if self.band is not None else ""
        return f"{self._name}: probability {self.probability:.2f}, {self.verdict}; from {self.threshold:.2f}{band}"

    def paintEvent(self, _: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Draw band, bar, threshold and number."""
        painter = QPainter(self)
        palette, width, height = self.palette(), self.width(), self.height()
        text = palette.color(QPalette.ColorRole.Text)
        painter.setPen(text)
        painter.drawRect(self.rect().adjusted(0, 3, -1, -4))
        if self.probability is not None:
            painter.fillRect(QRectF(0, 4, self.probability * width, height - 8), QColor(CLASS_COLOURS[self._name]))
        if self.band is not None:
            shade = QColor(text)
            shade.setAlpha(60)
            low, high = self.band
            painter.fillRect(QRectF(low * width, 0, (high - low) * width, height), shade)
        if self.threshold is not None:
            painter.setPen(QPen(text, 1, Qt.PenStyle.DashLine))
            painter.drawLine(int(self.threshold * width), 0, int(self.threshold * width), height)
        painter.end()


def _fill(layout: QBoxLayout, parts: tuple[QWidget | str | None, ...], gap: int) -> None:
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(gap)
    for part in parts:
        if part is None:
            layout.addStretch(1)
        elif isinstance(part, str):
            layout.addWidget(QLabel(part))
        else:
            layout.addWidget(part)
