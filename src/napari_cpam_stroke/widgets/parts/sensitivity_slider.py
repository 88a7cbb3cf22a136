"""How much a model marks: a slider from fewer to more, with the model's own threshold in its middle."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget
from superqt import QLabeledSlider

from napari_cpam_stroke.core.suspicion_scale import OWN, TOP, probability_at, suspicion

SCALE = "fewer", "as validated", "more"
"""What the left end, the middle and the right end are called."""


class SensitivitySlider(QWidget):
    """Chooses from which probability on a pixel is marked, as 0 (none) to 100 (all); 50 is the model's own threshold.

    Attributes
    ----------
    own
        The model's own threshold, a probability.

    Signals
    -------
    valueChanged
        The probability a hand chose.
    """

    valueChanged = Signal(float)  # noqa: N815 - Qt's name

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name, self.own, self._probability = name, 0.5, 0.5
        self.slider = QLabeledSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, int(TOP))
        self.slider.setAccessibleName(f"sensitivity for {name}")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.slider)
        self.slider.valueChanged.connect(self._on_hand)
        self._show()

    def value(self) -> float:
        """Return the chosen probability."""
        return self._probability

    def setValue(self, probability: float) -> None:  # noqa: N802 - Qt's name
        """Choose a probability."""
        changed = probability != self._probability
        self._probability = probability
        self._show()
        if changed:
            self.valueChanged.emit(probability)

    def set_own(self, probability: float) -> None:
        """Put another model's own threshold in the middle."""
        self.own = probability
        self._show()

    def _on_hand(self, sensitivity: int) -> None:
        self._probability = probability_at(TOP - sensitivity, self.own)
        self._show()
        self.valueChanged.emit(self._probability)

    def _show(self) -> None:
        self.slider.blockSignals(True)
        self.slider.setValue(round(TOP - suspicion(self._probability, self.own)))
        self.slider.blockSignals(False)
        self.setToolTip(
            f"Sensitivity for {self._name}: {OWN:g} is the threshold the model was validated with, probability "
            f"{self.own:.3g}. Now pixels count from probability {self._probability:.3g} on, without running again"
        )
