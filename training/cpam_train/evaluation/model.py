"""Any model that can be named: an installed one, a bundle folder, or the folder of a run that is not published yet."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cpam_train.medsam.input import is_medsam
from cpam_train.run_folder import CARD_DRAFT, RunFolder
from napari_cpam_stroke.bundles import Bundle, ModelCard, Registry, save_bundle
from napari_cpam_stroke.config import build_config
from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.inference.predictor import Predictor
from napari_cpam_stroke.inference.prompted import PromptedEngine


@contextmanager
def opened_model(ref: str | Path, *, device: str = "auto") -> Iterator[Predictor]:
    """Yield the predictor of a run folder, a bundle folder, or a name in the registry."""
    if not is_run(ref):
        yield Predictor(Registry().resolve(ref), device)
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Predictor(bundle_of_run(RunFolder(Path(ref)), Path(folder) / "candidate"), device)


@contextmanager
def opened_engine(ref: str | Path, *, device: str = "auto") -> Iterator[PromptedEngine]:
    """Yield the engine for prompts of a run folder, a bundle folder, or a name in the registry."""
    if not is_run(ref):
        yield PromptedEngine(Registry().resolve(ref), device)
        return
    with tempfile.TemporaryDirectory() as folder:
        yield PromptedEngine(bundle_of_run(RunFolder(Path(ref)), Path(folder) / "candidate"), device)


def is_run(ref: str | Path) -> bool:
    """Whether a reference is the folder of a training run."""
    return (Path(ref) / "config.json").is_file()


def draft_of_run(run: RunFolder) -> ModelCard:
    """Return the card a run left behind."""
    return build_config(ModelCard, run.read_json(CARD_DRAFT), where=f"{CARD_DRAFT} of the run")


def bundle_of_run(run: RunFolder, folder: Path, card: ModelCard | None = None) -> Bundle:
    """Write a run's best weights as a bundle.

    Raises
    ------
    InputError
        If the run has not finished, or it tuned a network of others, which is judged beside another model.
    """
    from safetensors.torch import load_file

    card = draft_of_run(run) if card is None else card
    if is_medsam(card.architecture):
        raise InputError(
            f"{run.path} is a fine-tuned LiteMedSAM, a peer and no model of this program",
            remedy=f"judge it beside one: cpam-train evaluate MODEL --clicks --beside litemedsam={run.path}",
        )
    if not run.weights.is_file():
        raise InputError(f"{run.path} has no trained weights", remedy="finish it with cpam-train fit ... --resume")
    return save_bundle(folder, card, load_file(run.weights))
