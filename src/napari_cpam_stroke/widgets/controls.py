"""Small parts the docks are made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QRectF, QSize, Qt
from qtpy.QtGui import QColor, QPainter, QPaintEvent, QPalette, QPen, QPixmap
from qtpy.QtWidgets import QBoxLayout, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from napari_cpam_stroke.core.labels import CLASS_COLOURS

MARGIN, GAP = 4, 4
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


def column(widget: QWidget, *parts: Any) -> QVBoxLayout:
    """Stack widgets and layouts in a widget."""
    layout = QVBoxLayout(widget)
    layout.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
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

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return Qt's hint."""
        return QSize(200, BAR_HEIGHT)

    def show_value(
        self, probability: float | None, *, band: tuple[float, float] | None = None, threshold: float | None = None
    ) -> None:
        """Show a probability of 0..1, or none."""
        self.probability, self.band, self.threshold = probability, band, threshold
        self.setToolTip(self.words())
        self.update()

    def words(self) -> str:
        """Return the probability and what it asks for."""
        if self.probability is None:
            return f"{self._name}: no model was run"
        return f"{self._name}: probability {self.probability:.2f}, {self.suspicion()}"

    def suspicion(self) -> str:
        """Return 'refer', 'suspected' or 'not suspected', as the model's card sets it."""
        if self.probability is None:
            return ""
        if self.band is not None and self.band[0] <= self.probability <= self.band[1]:
            return "unsure, refer"
        limit = 0.5 if self.threshold is None else self.threshold
        return "suspected" if self.probability >= limit else "not suspected"

    def paintEvent(self, _: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Draw band, bar, threshold and number."""
        painter = QPainter(self)
        palette, width, height = self.palette(), self.width(), self.height()
        painter.fillRect(self.rect(), palette.color(QPalette.ColorRole.Base))
        text = palette.color(QPalette.ColorRole.Text)
        if self.band is not None:
            shade = QColor(text)
            shade.setAlpha(50)
            low, high = self.band
            painter.fillRect(QRectF(low * width, 0, (high - low) * width, height), shade)
        if self.probability is not None:
            painter.fillRect(QRectF(0, 4, self.probability * width, height - 8), QColor(CLASS_COLOURS[self._name]))
        if self.threshold is not None:
            painter.setPen(QPen(text, 1, Qt.PenStyle.DashLine))
            painter.drawLine(int(self.threshold * width), 0, int(self.threshold * width), height)
        painter.setPen(text)
        value = "-" if self.probability is None else f"{self.probability:.2f}  {self.suspicion()}"
        painter.drawText(self.rect().adjusted(6, 0, -6, 0), int(getattr(_RIGHT, "value", _RIGHT)), value)
        painter.end()


_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


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
