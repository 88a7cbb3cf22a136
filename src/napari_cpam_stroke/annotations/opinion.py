"""What a model said last of a case as a whole, and how that is to be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from napari_cpam_stroke.core import CLASS_NAMES
from napari_cpam_stroke.core.suspicion_scale import suspicion


@dataclass(frozen=True)
class Suspected:
    """The class a model suspects most, and how much: 0..100, 50 at the model's own threshold."""

    name: str
    value: float


@dataclass(frozen=True)
class Opinion:
    """Probabilities of the whole series, and what they are measured by.

    Attributes
    ----------
    probabilities
        By class, 0..1.
    thresholds
        By class, from where on the model itself counts it as present, 0..1; empty where the store does not know them.
    members
        By class, what each network of an ensemble says by itself, 0..1; empty where one network answered, and of
        results from before this was kept.
    """

    probabilities: Mapping[str, float]
    thresholds: Mapping[str, float] = field(default_factory=dict)
    members: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    @property
    def suspicions(self) -> dict[str, float]:
        """By class 0..100, 50 at the model's own threshold; empty where the thresholds are not known."""
        return {name: self._on_scale(name, self.probabilities[name]) for name in CLASS_NAMES if name in self.thresholds}

    @property
    def suspected(self) -> Suspected | None:
        """The class that is suspected most; None where the thresholds are not known."""
        found = self.suspicions
        return max((Suspected(*each) for each in found.items()), key=lambda each: each.value, default=None)

    @property
    def ranges(self) -> dict[str, tuple[float, float]]:
        """By class the lowest and the highest suspicion of the networks of an ensemble; empty where not known."""
        return {
            name: (self._on_scale(name, min(said)), self._on_scale(name, max(said)))
            for name, said in self.members.items()
            if name in self.thresholds
        }

    def _on_scale(self, name: str, probability: float) -> float:
        return suspicion(probability, self.thresholds[name])
