"""Read, correct and retrain stroke segmentation on non-contrast head CT. Research use only.

`segment_stroke` and `measure` work on anybody's napari layers and need napari; they load on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_LAYER_FUNCTIONS = "napari_cpam_stroke.widgets.contributions.layer_functions"
_LAZY = {"measure": _LAYER_FUNCTIONS, "segment_stroke": _LAYER_FUNCTIONS}


def __getattr__(name: str) -> Any:
    """Import what needs napari on first use (PEP 562)."""
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
