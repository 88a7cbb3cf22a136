"""Segmentation that listens to a reader's points, boxes, scribbles and lassos; needs neither Qt nor torch."""

from napari_cpam_stroke.prompting.engine import PromptEngine, PromptRequest
from napari_cpam_stroke.prompting.prompt import Prompt, PromptKind

__all__ = ["Prompt", "PromptEngine", "PromptKind", "PromptRequest"]
