"""The engines a room can ask about prompts: one that needs no model, installed models, and nnInteractive if there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from napari_cpam_stroke.bundles import ModelEntry
from napari_cpam_stroke.inference.nninteractive import NAME, weights_folder
from napari_cpam_stroke.prompting import PromptEngine, RandomWalkerEngine
from napari_cpam_stroke.widgets.reading.prompt_answers import EngineChoice
from napari_cpam_stroke.widgets.reading.torch_loading import keep_triton_out, load_torch_libraries

ENGINES = (EngineChoice("random walker", RandomWalkerEngine),)
"""Those that need no model."""


def engine_choices(installed: Iterable[ModelEntry], device: Callable[[], str]) -> tuple[EngineChoice, ...]:
    """Return the engines to choose from, the best first.

    Parameters
    ----------
    installed
        Models that answer prompts, the bundled one first.
    device
        Asked when a model is loaded.
    """
    if not _has_torch():
        return ENGINES
    others = [EngineChoice(NAME, partial(_load_nninteractive, device))] if weights_folder() is not None else []
    models = [EngineChoice(f"{each.name}@{each.version}", partial(_load, each.path, device)) for each in installed]
    return (*models, *ENGINES, *others)


def _has_torch() -> bool:
    try:
        return find_spec("torch") is not None
    except ImportError:
        return False


def _load(path: Path, device: Callable[[], str]) -> PromptEngine:
    load_torch_libraries()
    keep_triton_out()
    from napari_cpam_stroke.inference import PromptedEngine

    return PromptedEngine.load(path, device())


def _load_nninteractive(device: Callable[[], str]) -> PromptEngine:
    load_torch_libraries()
    keep_triton_out()
    from napari_cpam_stroke.inference.nninteractive import NnInteractiveEngine

    return NnInteractiveEngine(device())
