"""Engines of others that a judgement may set beside ours, each by its own package, none loaded unless it is named."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.prompting import PromptEngine

TUNED = "litemedsam"
"""Which of them can be fine-tuned here."""


def _lite_medsam(device: str, run: Path | None) -> PromptEngine:
    from cpam_train.evaluation.medsam_peer import LiteMedSam
    from cpam_train.run_folder import RunFolder

    return LiteMedSam(device, run=None if run is None else RunFolder(run))


def _nninteractive(device: str, run: Path | None) -> PromptEngine:  # noqa: ARG001 - one signature
    from napari_cpam_stroke.inference.nninteractive import NnInteractiveEngine

    return NnInteractiveEngine(device)


PEERS: dict[str, Callable[[str, Path | None], PromptEngine]] = {TUNED: _lite_medsam, "nninteractive": _nninteractive}
"""By the word that names them; takes the device, and a run that has tuned it."""


def peers(names: Iterable[str], device: str = "auto") -> list[PromptEngine]:
    """Return the engines of these names, each once.

    Parameters
    ----------
    names
        Words of `PEERS`; `litemedsam=RUN` is the one that a run of `cpam-train fit litemedsam` has tuned.

    Raises
    ------
    InputError
        For an unknown name, one whose package is not installed, or a run that is none of that network.
    """
    wanted = list(dict.fromkeys(map(_parted, names)))
    for name, run in wanted:
        if name not in PEERS:
            raise InputError("There is no such engine to judge beside", got=repr(name), expected=", ".join(PEERS))
        if run is not None and name != TUNED:
            raise InputError(f"{name} is judged as it is published", got=f"{name}={run}", expected=name)
    return [PEERS[name](device, run) for name, run in wanted]


def _parted(name: str) -> tuple[str, Path | None]:
    word, _, run = name.partition("=")
    return word.lower(), Path(run) if run else None
