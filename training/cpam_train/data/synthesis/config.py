"""How often, and how strongly, training slices are changed."""

from __future__ import annotations

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from napari_cpam_stroke.config import STRICT


@dataclass(frozen=True, config=STRICT)
class SynthesisConfig:
    """Probabilities and Hounsfield ranges of drawn lesions. Never used for validation or test."""

    hemorrhage_p: float = Field(default=0.15, ge=0, le=1)
    """Share of slices known to be free of hemorrhage that get one."""
    ischemia_p: float = Field(default=0.15, ge=0, le=1)
    """Share of slices known to be free of ischemia that get one."""
    heal_p: float = Field(default=0.15, ge=0, le=1)
    """Share of slices with ischemia whose lesion is replaced by the mirrored healthy side."""
    crescent_share: float = Field(default=0.4, ge=0, le=1)
    """Share of drawn hemorrhages that lie along the skull (epidural, subdural)."""
    hemorrhage_hu: tuple[float, float] = (50.0, 90.0)
    edema_p: float = Field(default=0.6, ge=0, le=1)
    """Share of hemorrhages inside the brain with a darker rim; the rim is no lesion in the mask."""
    edema_drop_hu: tuple[float, float] = (4.0, 12.0)
    ischemia_drop_hu: tuple[float, float] = (4.0, 14.0)
    contrast_loss: tuple[float, float] = (0.3, 0.9)
    """How much of the grey-white difference an ischemia takes away."""
    repeat_context_p: float = Field(default=0.3, ge=0, le=1)
    """With `context_slices` above 1: share of slices shown with themselves as neighbours, as single slices come..."""
    draw_context_p: float = Field(default=0.3, ge=0, le=1)
    """... and with drawn neighbours; the rest keep their own, or get drawn ones where they have none."""
    neighbour_growth: tuple[float, float] = (0.005, 0.05)
    """By how much the head of a drawn neighbour is larger or smaller."""
    neighbour_bend: tuple[float, float] = (0.002, 0.012)
    """Smooth displacement of a drawn neighbour, standard deviation as a share of the edge."""

    @model_validator(mode="after")
    def _shares(self) -> SynthesisConfig:
        if self.repeat_context_p + self.draw_context_p > 1:
            raise ValueError("repeat_context_p and draw_context_p are shares of the same slices: at most 1 together")
        return self
