"""Engines of others that a judgement may set beside ours, each by its own package, none loaded unless it is named."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.prompting import PromptEngine


def _lite_medsam(device: str) -> PromptEngine:
    from cpam_train.evaluation.medsam_peer import LiteMedSam

    return LiteMedSam(device)


def _nninteractive(device: str) -> PromptEngine:
    from napari_cpam_stroke.inference.nninteractive import NnInteractiveEngine

    return NnInteractiveEngine(device)


PEERS: dict[str, Callable[[str], PromptEngine]] = {"litemedsam": _lite_medsam, "nninteractive": _nninteractive}
"""By the word that names them."""


def peers(names: Iterable[str], device: str = "auto") -> list[PromptEngine]:
    """Return the engines of these names, each once.

    Raises
    ------
    InputError
        For an unknown name, or one whose package is not installed.
    """
    wanted = list(dict.fromkeys(name.lower() for name in names))
    for name in wanted:
        if name not in PEERS:
            raise InputError("There is no such engine to judge beside", got=repr(name), expected=", ".join(PEERS))
    return [PEERS[name](device) for name in wanted]
