"""The course of a training: losses and Dice by epoch."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from qtpy.QtCore import QPointF, QSize, Qt
from qtpy.QtGui import QColor, QPainter, QPaintEvent, QPalette, QPen
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_cpam_stroke.core.labels import CLASS_COLOURS
from napari_cpam_stroke.retraining import Epoch

HEIGHT, MARGIN, LINE = 124, 4, 16
LEGEND = 2 * LINE
"""In pixels: of the whole, around the lines, and of the two lines of names above them."""

TRAIN, VALIDATION = "loss", "loss on validation cases"
Line = tuple[str, QColor, Qt.PenStyle, list[tuple[int, float]]]
"""Name, colour, kind of stroke, and places: epoch, and height 0..1."""


class TrainingCurve(QWidget):
    """Dice of each class from 0 to 1, and the losses as shares of the highest one."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumHeight(HEIGHT)
        self.setAccessibleName("course of the training")
        self.epochs: tuple[Epoch, ...] = ()
        self._all = 0

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return Qt's hint."""
        return QSize(200, HEIGHT)

    def show_epochs(self, epochs: tuple[Epoch, ...], *, of: int) -> None:
        """Show what was reached so far; `of` is how many epochs there may be."""
        self.epochs, self._all = epochs, of
        self.setToolTip(self.words())
        self.setAccessibleDescription(self.words())
        self.update()

    def words(self) -> str:
        """Return the figures of the last epoch."""
        if not self.epochs:
            return "no epoch is over"
        last = self.epochs[-1]
        losses = (("loss", last.train_loss), ("validation loss", last.validation_loss))
        told = [f"{name} {value:.3g}" for name, value in losses if value is not None]
        return f"epoch {last.number}: {', '.join([*told, *(f'Dice of {n} {v:.3f}' for n, v in last.dice.items())])}"

    def paintEvent(self, _: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Draw frame, lines and their names."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        text = self.palette().color(QPalette.ColorRole.Text)
        painter.setPen(QPen(text, 0.5))
        field = self.rect().adjusted(MARGIN, LEGEND, -MARGIN, -MARGIN)
        painter.drawRect(field)
        self._draw_lines(painter, text)
        painter.end()

    def _draw_lines(self, painter: QPainter, text: QColor) -> None:
        x, y = MARGIN, LINE - MARGIN
        for name, colour, stroke, places in lines_of(self.epochs, text):
            if name == TRAIN:
                x, y = MARGIN, LEGEND - MARGIN
            painter.setPen(QPen(colour, 1.6, stroke))
            points = [self._point(place) for place in places]
            for start, end in pairwise(points):
                painter.drawLine(start, end)
            if len(points) == 1:
                painter.drawEllipse(points[0], 2, 2)
            painter.drawText(x, y, name)
            x += self.fontMetrics().horizontalAdvance(f"{name}   ")

    def _point(self, place: tuple[int, float]) -> QPointF:
        epoch, height = place
        field = self.rect().adjusted(MARGIN, LEGEND, -MARGIN, -MARGIN)
        share = (epoch - 1) / max(self._all - 1, len(self.epochs) - 1, 1)
        return QPointF(field.left() + share * field.width(), field.bottom() - height * field.height())


def lines_of(epochs: Sequence[Epoch], text: QColor) -> list[Line]:
    """Return the lines of a curve; figures that are not known leave gaps out."""
    classes = sorted({name for epoch in epochs for name in epoch.dice})
    losses = [(epoch.number, epoch.train_loss, epoch.validation_loss) for epoch in epochs]
    top = max((value for _, *values in losses for value in values if value is not None), default=0.0) or 1.0
    train = [(number, value / top) for number, value, _ in losses if value is not None]
    validation = [(number, value / top) for number, _, value in losses if value is not None]
    dice: list[Line] = [
        (
            f"Dice {name}",
            QColor(CLASS_COLOURS.get(name, text.name())),
            Qt.PenStyle.SolidLine,
            [(epoch.number, epoch.dice[name]) for epoch in epochs if name in epoch.dice],
        )
        for name in classes
    ]
    solid, dotted = Qt.PenStyle.SolidLine, Qt.PenStyle.DotLine
    return [*dice, (TRAIN, text, solid, train), (VALIDATION, text, dotted, validation)]
