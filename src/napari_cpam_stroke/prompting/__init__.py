"""Segmentation that listens to a reader's points, boxes, scribbles and lassos; needs neither Qt nor torch.

Only `RandomWalkerEngine` loads scipy's solvers, and only when it is asked for: records import this package too.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from napari_cpam_stroke.prompting.engine import PromptEngine, PromptRequest
from napari_cpam_stroke.prompting.prompt import Prompt, PromptKind
from napari_cpam_stroke.prompting.used import PromptsUsed, UsedPrompt

if TYPE_CHECKING:
    from napari_cpam_stroke.prompting.random_walker import RandomWalkerEngine

__all__ = [
    "Prompt",
    "PromptEngine",
    "PromptKind",
    "PromptRequest",
    "PromptsUsed",
    "RandomWalkerEngine",
    "UsedPrompt",
]


def __getattr__(name: str) -> Any:
    """Import what needs the solvers on first use (PEP 562)."""
    if name == "RandomWalkerEngine":
        return import_module("napari_cpam_stroke.prompting.random_walker").RandomWalkerEngine
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
