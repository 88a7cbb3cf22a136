"""A probability as a bar, with the band in which the model refers to a reader."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QRectF, QSize, Qt
from qtpy.QtGui import QColor, QPainter, QPaintEvent, QPalette, QPen
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_cpam_stroke.core.labels import CLASS_COLOURS

if TYPE_CHECKING:
    from napari_cpam_stroke.inference import Prediction

BAR_HEIGHT = 20

DECISIONS = {"present": "suspected", "absent": "not suspected", "refer": "unsure, refer"}
"""What a decision of the model is called: a suspicion, never a diagnosis."""


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
        """Return probability and suspicion."""
        return "-" if self.probability is None else f"{self.probability:.2f} {self.decision}"

    def words(self) -> str:
        """Return the probability and what it asks for."""
        if self.probability is None:
            return f"{self._name}: no model was run"
        band = f", refer between {self.band[0]:.2f} and {self.band[1]:.2f}" if self.band is not None else ""
        return f"{self._name}: probability {self.probability:.2f}, {self.decision}; from {self.threshold:.2f}{band}"

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
