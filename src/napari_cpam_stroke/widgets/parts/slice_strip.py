"""The slice strip: what the model thinks of each slice and what is drawn there; a click goes to the slice."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from qtpy.QtGui import QColor, QPainter, QPaintEvent, QPalette, QPen
from qtpy.QtWidgets import QSizePolicy, QToolTip, QWidget

from napari_cpam_stroke.core.labels import CLASS_COLOURS, CLASS_NAMES

HEIGHT = 60
MARK = 4
"""Height in pixels of the marks that show where something is drawn."""


class SliceStrip(QWidget):
    """One column per slice, feet on the left: bars for probabilities, marks below for what the reading holds.

    Notes
    -----
    Ischemia bars grow upwards from the middle line, hemorrhage bars downwards: told apart without colour.
    """

    clicked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMinimumHeight(HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
        self.setAccessibleName("slices")
        self._order: NDArray[np.intp] = np.zeros(0, dtype=np.intp)
        self._probabilities: NDArray[np.float32] | None = None
        self._drawn: NDArray[np.bool_] | None = None
        self._current = 0

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return Qt's hint."""
        return QSize(220, HEIGHT)

    def show_case(self, slices: int, *, reverse: bool) -> None:
        """Start over for a case with `slices` slices; `reverse` where the native order is head first."""
        order = np.arange(slices)
        self._order = order[::-1].copy() if reverse else order
        self._probabilities = self._drawn = None
        self.update()

    def show_probabilities(self, probabilities: NDArray[np.float32] | None) -> None:
        """Show float32 (Z, 2) probabilities of 0..1 on native slices, columns ischemia, hemorrhage; None shows none."""
        self._probabilities = probabilities
        self.update()

    def show_drawn(self, drawn: NDArray[np.bool_]) -> None:
        """Show bool (Z, 2), same columns: on which native slices the reading has which class, drawn or stated."""
        self._drawn = drawn
        self.update()

    def show_current(self, z: int) -> None:
        """Mark the displayed slice."""
        if z != self._current:
            self._current = z
            self.update()

    def slice_at(self, x: float) -> int | None:
        """Return the native slice under a horizontal position in pixels."""
        if not self._order.size:
            return None
        place = int(x / max(self.width(), 1) * self._order.size)
        return int(self._order[min(max(place, 0), self._order.size - 1)])

    def paintEvent(self, _: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Draw the strip."""
        painter = QPainter(self)
        palette = self.palette()
        painter.fillRect(self.rect(), palette.color(QPalette.ColorRole.Base))
        if self._order.size:
            self._draw_columns(painter)
            self._draw_current(painter, palette)
        painter.end()

    def mousePressEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """Go to the slice."""
        self._go(event)

    def mouseMoveEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """Go along while a button is down; else tell about the slice."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._go(event)
            return
        z = self.slice_at(_x(event))
        if z is not None:
            QToolTip.showText(self.mapToGlobal(event.pos()), self.describe(z), self)

    def describe(self, z: int) -> str:
        """Return what is known of a slice."""
        place = int(np.flatnonzero(self._order == z)[0]) + 1
        parts = [f"Slice {place}/{self._order.size}, counted from the left"]
        for column, name in enumerate(CLASS_NAMES):
            if self._probabilities is not None:
                parts.append(f"{name} probability {self._probabilities[z, column]:.2f}")
            if self._drawn is not None and self._drawn[z, column]:
                parts.append(f"{name} in the reading")
        return "\n".join(parts)

    def _go(self, event: QEvent) -> None:
        z = self.slice_at(_x(event))
        if z is not None:
            self.clicked.emit(z)

    def _draw_columns(self, painter: QPainter) -> None:
        width, height = self.width() / self._order.size, self.height() - 2 * MARK
        middle = MARK + height / 2
        for place, z in enumerate(self._order):
            for column, name in enumerate(CLASS_NAMES):
                colour = QColor(CLASS_COLOURS[name])
                x, up = place * width, column == 0
                if self._probabilities is not None:
                    bar = float(self._probabilities[z, column]) * height / 2
                    painter.fillRect(QRectF(x + 0.5, middle - bar if up else middle, max(width - 1, 1), bar), colour)
                if self._drawn is not None and self._drawn[z, column]:
                    painter.fillRect(
                        QRectF(x + 0.5, 0 if up else self.height() - MARK, max(width - 1, 1), MARK), colour
                    )

    def _draw_current(self, painter: QPainter, palette: QPalette) -> None:
        pen = QPen(palette.color(QPalette.ColorRole.Text))
        painter.setPen(pen)
        middle = self.height() / 2
        painter.drawLine(QPointF(0, middle), QPointF(self.width(), middle))
        place = np.flatnonzero(self._order == self._current)
        if place.size:
            width = self.width() / self._order.size
            pen.setWidth(2)
            painter.setPen(pen)
            painter.drawRect(QRectF(place[0] * width + 1, 1, max(width - 2, 2), self.height() - 2))


def _x(event: QEvent) -> float:
    return float(event.position().x() if hasattr(event, "position") else event.pos().x())
