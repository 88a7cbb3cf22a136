"""Models applied to series. Only what needs torch loads it, and only when it is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from napari_cpam_stroke.inference.prediction import Prediction

if TYPE_CHECKING:
    from napari_cpam_stroke.inference.explain import attention_at
    from napari_cpam_stroke.inference.predictor import Predictor
    from napari_cpam_stroke.inference.prompted import PromptedEngine

__all__ = ["Prediction", "Predictor", "PromptedEngine", "attention_at"]

_LAZY = {
    "Predictor": "napari_cpam_stroke.inference.predictor",
    "PromptedEngine": "napari_cpam_stroke.inference.prompted",
    "attention_at": "napari_cpam_stroke.inference.explain",
}


def __getattr__(name: str) -> Any:
    """Import what needs torch on first use (PEP 562)."""
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
