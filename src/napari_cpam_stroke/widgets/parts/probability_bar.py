"""A probability as a bar, with the band in which the model refers to a reader."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QRectF, QSize, Qt
from qtpy.QtGui import QColor, QPainter, QPaintEvent, QPalette, QPen
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_cpam_stroke.core.labels import CLASS_COLOURS
from napari_cpam_stroke.core.suspicion_scale import OWN, TOP, suspicion

if TYPE_CHECKING:
    from napari_cpam_stroke.inference import Prediction

BAR_WIDTH, BAR_HEIGHT = 30, 20

DECISIONS = {"present": "suspected", "absent": "not suspected", "refer": "unsure, refer"}
"""What a decision of the model is called: a suspicion, never a diagnosis."""


class ProbabilityBar(QWidget):
    """The suspicion of a class, 0 to 100: the model's threshold in the middle, and the band it leaves to a reader."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumSize(BAR_WIDTH, BAR_HEIGHT)
        self._name = name
        self.setAccessibleName(f"suspicion of {name}")
        self.probability: float | None = None
        self.band: tuple[float, float] | None = None
        self.threshold: float | None = None
        self.decision = ""

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return Qt's hint."""
        return QSize(200, BAR_HEIGHT)

    def show_prediction(self, prediction: Prediction | None) -> None:
        """Show the class's part of a prediction, or none."""
        self.probability = self.band = self.threshold = None
        self.decision = ""
        if prediction is not None:
            self.probability = float(prediction.series_probabilities[self._name])
            self.band = prediction.refer_band.get(self._name)
            self.threshold = prediction.series_thresholds[self._name]
            self.decision = DECISIONS[prediction.decisions[self._name]]
        self.setToolTip(self.words())
        self.update()

    def short(self) -> str:
        """Return the suspicion and what it asks for."""
        return "-" if self.probability is None else f"{self._place(self.probability):.0f}/100 {self.decision}"

    def words(self) -> str:
        """Return the suspicion, what it asks for, and the probabilities behind both."""
        if self.probability is None:
            return f"{self._name}: no model was run"
        band = f", refer between {self.band[0]:.2f} and {self.band[1]:.2f}" if self.band is not None else ""
        return (
            f"{self._name}: suspicion {self.short()}; {OWN:g} is the threshold the model was validated with. "
            f"Probability {self.probability:.3g}, threshold {self.threshold:.3g}{band}"
        )

    def _place(self, probability: float) -> float:
        """Return a probability as 0..100, the threshold at 50."""
        return suspicion(probability, OWN / TOP if self.threshold is None else self.threshold)

    def paintEvent(self, _: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Draw band, bar, threshold and number."""
        painter = QPainter(self)
        palette, width, height = self.palette(), self.width(), self.height()
        text = palette.color(QPalette.ColorRole.Text)
        painter.setPen(text)
        painter.drawRect(self.rect().adjusted(0, 3, -1, -4))
        if self.probability is not None:
            painter.fillRect(
                QRectF(0, 4, self._place(self.probability) / TOP * width, height - 8), QColor(CLASS_COLOURS[self._name])
            )
        if self.band is not None:
            shade = QColor(text)
            shade.setAlpha(60)
            low, high = (self._place(end) / TOP * width for end in self.band)
            painter.fillRect(QRectF(low, 0, high - low, height), shade)
        if self.threshold is not None:
            painter.setPen(QPen(text, 1, Qt.PenStyle.DashLine))
            painter.drawLine(width // 2, 0, width // 2, height)
        painter.end()
