"""How often, and how strongly, training slices are changed."""

from __future__ import annotations

from pydantic import Field
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
