"""The model that training begins from: its weights, what it asks of the settings, and its line of descent."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from cpam_train.config import StartConfig
from cpam_train.evaluation.model import draft_of_run, is_run
from cpam_train.medsam.input import ARCHITECTURE, is_medsam
from cpam_train.presets import leaves
from cpam_train.run_folder import RunFolder, is_follower
from napari_cpam_stroke.bundles import ModelCard, Registry
from napari_cpam_stroke.bundles.training_words import training_in_short
from napari_cpam_stroke.config import ClassifierConfig, SegmenterConfig, WeightsOrigin, plain
from napari_cpam_stroke.errors import ConfigError, InputError
from napari_cpam_stroke.models import without_pretraining

START_FILE = "start.json"
"""In a run folder: what the run began from."""

WARM_LR = {"segmenter": 3e-4, "classifier": 1e-4, "prompted": 3e-4, "litemedsam": 1e-4}
"""Highest learning rate where training begins from a model, lower than from chance: it is to keep what it knows."""

WORDS = {"prompted": "prompted model", "litemedsam": "fine-tuned LiteMedSAM"}
"""What a kind is called where its own name is no noun."""

MEMBER = "members."
"""Beginning of the names of an ensemble's weights."""

SHOWN_MISFITS = 5
ANCESTORS = 20
"""Longest line of descent that is kept."""


@dataclass(frozen=True, eq=False)
class Start:
    """A model to begin from.

    Attributes
    ----------
    name
        Name and version, or that of the run folder or file.
    tensors
        Weights by name, of any shape; float32.
    sha256
        Of the file that holds them.
    card
        None for a file of weights alone.
    """

    name: str
    tensors: dict[str, Tensor]
    sha256: str
    card: ModelCard | None

    @property
    def lineage(self) -> list[dict[str, str]]:
        """The model, then what it began from itself, and so on."""
        training = {} if self.card is None else self.card.training
        own = {"model": self.name, "sha256": self.sha256, "trained_on": training_in_short(training)}
        return [own, *training.get("lineage", ())][:ANCESTORS]

    def of_member(self, member: int) -> dict[str, Tensor]:
        """Return the weights, of any shape, of one network of an ensemble, counted round; of a single one its own."""
        numbers = sorted({int(name.split(".")[1]) for name in self.tensors if name.startswith(MEMBER)})
        if not numbers:
            return self.tensors
        prefix = f"{MEMBER}{numbers[member % len(numbers)]}."
        return {name.removeprefix(prefix): t for name, t in self.tensors.items() if name.startswith(prefix)}


@dataclass(frozen=True)
class Fit:
    """How the weights of a start fitted a network.

    Attributes
    ----------
    misfits
        Tensors of the network that the start does not have in that shape, in words: these begin from chance.
    """

    name: str
    taken: int
    misfits: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """What a person is told."""
        told = f"Training begins from {self.name}: {self.taken} of {self.taken + len(self.misfits)} tensors"
        if not self.misfits:
            return f"{told}."
        more = len(self.misfits) - SHOWN_MISFITS
        return (
            f"{told}; from chance: {', '.join(self.misfits[:SHOWN_MISFITS])}{f' and {more} more' if more > 0 else ''}."
        )


def open_start(ref: str) -> Start:
    """Return the model that a reference names.

    Raises
    ------
    InputError
        If a file or a run holds no weights that can be read.
    BundleError
        If there is no such model, or its weights are not those of its card.
    """
    if Path(ref).is_file():
        return Start(Path(ref).name, _read(Path(ref)), _sha256(Path(ref)), None)
    if is_run(ref):
        run = RunFolder(Path(ref))
        return Start(run.path.resolve().name, _read(run.weights), _sha256(run.weights), draft_of_run(run))
    bundle = Registry().resolve(ref)
    tensors = {name: _full(tensor) for name, tensor in bundle.state_dict().items()}
    return Start(f"{bundle.card.name} {bundle.card.version}", tensors, bundle.card.weights_sha256, bundle.card)


def start_settings(kind: str, ref: str | None) -> tuple[str, ...]:
    """Return what a model to begin from asks of the settings, as `a.b=value`; nothing without one.

    These are its network and its input, so that the weights fit, a lower learning rate, and since when cases are new.

    Raises
    ------
    ConfigError
        If it is a model of another kind.
    """
    if ref is None:
        return ()
    start = open_start(ref)
    own: dict[str, Any] = {"start.model": ref, "start.sha256": start.sha256, "optim.lr": WARM_LR.get(kind)}
    if start.card is not None:
        if (other := kind_of(start.card)) != kind:
            raise ConfigError(
                f"A {WORDS.get(kind, kind)} cannot begin from {start.name}", got=f"a {WORDS.get(other, other)}"
            )
        network = without_pretraining(start.card.architecture)
        single = replace(network, members=1) if isinstance(network, SegmenterConfig) else network
        own |= leaves(plain(single), "model.")
        own |= leaves(plain(start.card.preprocess), "preprocess.")
        if start.card.prompts is not None:
            own |= leaves(plain(start.card.prompts), "prompts.")
        if start.card.created:
            own["data.new_since"] = start.card.created
    return tuple(f"{name}={json.dumps(value)}" for name, value in own.items())


def kind_of(card: ModelCard) -> str:
    """Return as what a model was trained, as `fit` takes it: one that listens to prompts is a kind of its own."""
    if is_medsam(card.architecture):
        return ARCHITECTURE
    return card.task if card.prompts is None else "prompted"


def begin_from(model: nn.Module, config: StartConfig) -> tuple[Start, Fit]:
    """Give a network the weights of the model it is to begin from, as far as they fit.

    Raises
    ------
    ConfigError
        If none fits, or the model under that name has other weights by now.
    """
    start = open_start(str(config.model))
    if config.sha256 and config.sha256 != start.sha256:
        raise ConfigError(
            f"{config.model} has other weights than when these settings were made",
            got=start.sha256,
            expected=config.sha256,
            remedy="name the version (name@version), or leave start.sha256 empty to take what is there",
        )
    given, own = start.of_member(config.member), model.state_dict()
    misfits = tuple(_misfit(name, tensor, given) for name, tensor in own.items() if not _fits(tensor, given.get(name)))
    if len(misfits) == len(own):
        raise ConfigError(
            f"No weight of {start.name} fits the network",
            got=misfits[0],
            remedy="leave the settings of model and preprocess as the model to begin from has them",
        )
    with torch.no_grad():
        for name, tensor in own.items():
            if _fits(tensor, given.get(name)):
                tensor.copy_(given[name])
    return start, Fit(start.name, len(own) - len(misfits), misfits)


def note_start(run: RunFolder, start: Start, fit: Fit, network: SegmenterConfig | ClassifierConfig) -> None:
    """Keep in the run folder what it began from, for its card."""
    if is_follower():
        return
    backbone = network.backbone if isinstance(network, ClassifierConfig) else network.architecture
    origin = WeightsOrigin(
        backbone=backbone, source=start.name, trained_on=start.lineage[0]["trained_on"], sha256=start.sha256
    )
    values = {"origin": plain(origin), "lineage": start.lineage, "from_chance": list(fit.misfits)}
    run.write_json(START_FILE, values)


def noted_start(run: RunFolder) -> dict[str, Any]:
    """Return what `note_start` kept; empty for a run from chance."""
    return run.read_json(START_FILE) if (run.path / START_FILE).is_file() else {}


def noted_origin(run: RunFolder) -> WeightsOrigin | None:
    """Return where the weights came from that a run began with; None where it began from no model."""
    noted = noted_start(run)
    return WeightsOrigin(**noted["origin"]) if noted else None


def _fits(own: Tensor, given: Tensor | None) -> bool:
    return given is not None and given.shape == own.shape


def _misfit(name: str, own: Tensor, given: Mapping[str, Tensor]) -> str:
    if name not in given:
        return f"{name} (not there)"
    return f"{name} ({_shape(given[name])} instead of {_shape(own)})"


def _shape(tensor: Tensor) -> str:
    return "x".join(map(str, tensor.shape)) or "one number"


def _read(file: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return {name: _full(tensor) for name, tensor in load_file(file).items()}
    except (SafetensorError, OSError) as error:
        raise InputError(
            f"The weights to begin from, {file}, cannot be read",
            got=" ".join(str(error).split()),
            expected="a safetensors file",
            remedy="pickles (.pt, .pth, .ckpt) are not opened: save the tensors as safetensors",
        ) from error


def _full(tensor: Tensor) -> Tensor:
    return tensor.float() if tensor.is_floating_point() else tensor


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
