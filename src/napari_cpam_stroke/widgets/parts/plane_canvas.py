"""A light canvas for one picture in true proportions, with a cross-hair and letters; clicks and wheel are told."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from qtpy.QtGui import QColor, QImage, QPainter, QPaintEvent, QPen, QWheelEvent
from qtpy.QtWidgets import QSizePolicy, QWidget

CROSS_COLOUR, LETTER_COLOUR = "#f0e442", "#ffffff"
GAP = 6
"""Pixels around the middle of the cross that stay free, so that what lies there is seen."""

Letters = tuple[str, str, str, str]
"""At the left, right, top and bottom edge."""

NO_LETTERS: Letters = ("", "", "", "")
LEAST = QSize(120, 90)


class PlaneCanvas(QWidget):
    """Shows uint8 (rows, columns, 3).

    Signals
    -------
    clicked
        (row, column) under the mouse, fractions; also while a button is held and the mouse moves.
    scrolled
        Steps of the wheel, positive away from the hand.
    """

    clicked = Signal(float, float)
    scrolled = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMinimumSize(LEAST)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._rgb: NDArray[np.uint8] | None = None
        self._pixel_mm = (1.0, 1.0)
        self._cross: tuple[float, float] | None = None
        self._letters = NO_LETTERS
        self._title = ""

    def show_picture(
        self, rgb: NDArray[np.uint8] | None, pixel_mm: tuple[float, float] = (1.0, 1.0), *,
        cross: tuple[float, float] | None = None, letters: Letters = NO_LETTERS, title: str = "",
    ) -> None:  # fmt: skip
        """Show a picture, or nothing.

        Parameters
        ----------
        rgb
            (rows, columns, 3), 0..255.
        pixel_mm
            Height of a row and width of a column.
        cross
            Row and column of the cross-hair; whole numbers are pixel centres.
        """
        self._rgb, self._pixel_mm, self._cross = rgb, pixel_mm, cross
        self._letters, self._title = letters, title
        self.update()

    def area(self) -> QRectF:
        """Return where the picture lies on the widget: as large as it fits, in true proportions, in the middle."""
        if self._rgb is None:
            return QRectF()
        rows, columns = self._rgb.shape[:2]
        height, width = rows * self._pixel_mm[0], columns * self._pixel_mm[1]
        scale = min(self.width() / width, self.height() / height)
        size = (width * scale, height * scale)
        return QRectF((self.width() - size[0]) / 2, (self.height() - size[1]) / 2, *size)

    def spot(self, row: float, column: float) -> QPointF:
        """Return the point of the widget at which a row and column is seen."""
        area, (rows, columns) = self.area(), (1, 1) if self._rgb is None else self._rgb.shape[:2]
        return QPointF(
            area.x() + (column + 0.5) / columns * area.width(), area.y() + (row + 0.5) / rows * area.height()
        )

    def paintEvent(self, _: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Draw picture, cross and letters."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor("black"))
        if self._rgb is not None:
            rows, columns = self._rgb.shape[:2]
            image = QImage(self._rgb.tobytes(), columns, rows, 3 * columns, QImage.Format.Format_RGB888)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(self.area(), image)
            self._draw_cross(painter)
            self._draw_letters(painter)
        painter.end()

    def mousePressEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """Tell where."""
        self._tell(event)

    def mouseMoveEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """Tell where while a button is held."""
        self._tell(event)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 - Qt's name
        """Tell which way."""
        turn = event.angleDelta().y()
        if turn:
            self.scrolled.emit(1 if turn > 0 else -1)
        event.accept()

    def _tell(self, event: QEvent) -> None:
        if self._rgb is None or not event.buttons() & Qt.MouseButton.LeftButton:
            return
        point = event.position() if hasattr(event, "position") else QPointF(event.pos())
        area, (rows, columns) = self.area(), self._rgb.shape[:2]
        row = (point.y() - area.y()) / area.height() * rows - 0.5
        column = (point.x() - area.x()) / area.width() * columns - 0.5
        self.clicked.emit(min(max(row, 0.0), rows - 1.0), min(max(column, 0.0), columns - 1.0))

    def _draw_letters(self, painter: QPainter) -> None:
        flags, room = Qt.AlignmentFlag, self.rect().adjusted(4, 2, -4, -2)
        painter.setPen(QPen(QColor(LETTER_COLOUR)))
        painter.drawText(room, flags.AlignTop | flags.AlignLeft, self._title)
        places = (flags.AlignLeft, flags.AlignRight, flags.AlignTop, flags.AlignBottom)
        for letter, place in zip(self._letters, places, strict=True):
            middle = flags.AlignVCenter if place in (flags.AlignLeft, flags.AlignRight) else flags.AlignHCenter
            painter.drawText(room, place | middle, letter)

    def _draw_cross(self, painter: QPainter) -> None:
        if self._cross is None:
            return
        area, at = self.area(), self.spot(*self._cross)
        painter.setPen(QPen(QColor(CROSS_COLOUR), 1))
        for start, end in ((area.left(), at.x() - GAP), (at.x() + GAP, area.right())):
            painter.drawLine(QPointF(start, at.y()), QPointF(end, at.y()))
        for start, end in ((area.top(), at.y() - GAP), (at.y() + GAP, area.bottom())):
            painter.drawLine(QPointF(at.x(), start), QPointF(at.x(), end))
