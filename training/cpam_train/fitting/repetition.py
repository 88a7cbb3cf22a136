"""A training done again as a model's card tells it, and what may make it another one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from torch import Tensor

from cpam_train.config import StartConfig, TrainConfig
from cpam_train.evaluation.model import draft_of_run, is_run
from cpam_train.fitting.batches import FINGERPRINT, LoaderFactory, Loaders
from cpam_train.fitting.extension import require_kept
from cpam_train.fitting.start import kind_of, open_start
from cpam_train.presets import changed
from cpam_train.run_folder import INTERRUPTED, RunFolder, environment
from napari_cpam_stroke.bundles import ModelCard, Registry
from napari_cpam_stroke.bundles.card import card_from_plain
from napari_cpam_stroke.bundles.packed_weights import pack_weights, unpack_weights
from napari_cpam_stroke.config import ClassifierConfig, build_config
from napari_cpam_stroke.errors import ConfigError, CpamError, InputError
from napari_cpam_stroke.files import read_json

FREE = ("data.workers", "data.cache", "model.weights_file", "model.encoder.weights_file")
"""What may be said anew: how slices are read, and where a file of weights lies."""


@dataclass(frozen=True, eq=False)
class Repetition:
    """A training to be done again.

    Attributes
    ----------
    reference
        What names the model: a run, a bundle, an installed name, or a card alone.
    name
        The same in sentences: name and version, or that of a run's folder.
    config
        The card's settings; weights to begin from are named as they are found here.
    """

    reference: str
    name: str
    card: ModelCard
    config: TrainConfig

    @property
    def kind(self) -> str:
        """What is trained, as `fit` takes it."""
        return kind_of(self.card)

    def remarks(self, processes: int) -> tuple[str, ...]:
        """Return a sentence for each thing that may let the weights differ.

        Parameters
        ----------
        processes
            How many train together here.
        """
        told = []
        if self.config.stop.max_minutes is not None:
            told.append(
                f"The training of {self.name} was bounded by time (stop.max_minutes "
                f"{self.config.stop.max_minutes:g}), and its learning rate followed the clock: the weights will differ."
            )
        if self.card.metrics.get("validation", {}).get(INTERRUPTED):
            told.append(f"The training of {self.name} was stopped by hand; this one goes on to its end.")
        there, here = _flat(self.card.training.get("environment", {})), _flat(environment(processes))
        if other := [
            f"{name} {there[name]} (here {here.get(name)})" for name in there if there[name] != here.get(name)
        ]:
            told.append(f"It was trained with {', '.join(other)}: the weights may differ.")
        return tuple(told)

    def on_the_same_data(self, batches: LoaderFactory) -> LoaderFactory:
        """Return what makes the same batches, and refuses a store that holds others than the card tells of."""

        def checked(config: TrainConfig, *, cache: Path | None) -> Loaders:
            loaders = batches(config, cache=cache)
            self._require_same(loaders.summary())
            return loaders

        return checked

    def comparison(self, run: RunFolder) -> str | None:
        """Return a sentence on whether the weights are the same again; None where only a card is there."""
        from safetensors.torch import load_file

        if Path(self.reference).is_file():
            return None
        before = open_start(self.reference).tensors
        after = unpack_weights(pack_weights(load_file(run.weights), self.card.weights_dtype))
        apart = max(_apart(before[name], tensor) for name, tensor in after.items())
        if apart == 0:
            return f"The weights are those of {self.name} again, bit for bit."
        return f"The weights differ from those of {self.name} by up to {apart:.2g}."

    def _require_same(self, here: Mapping[str, Any]) -> None:
        there = self.card.training.get("data", {})
        if here.get(FINGERPRINT) == there.get(FINGERPRINT):
            return
        raise InputError(
            f"The store does not hold what {self.name} learnt from",
            got=_counted(here),
            expected=_counted(there),
            remedy="for the same settings on other data give its card as --config",
        )


def repetition_of(reference: str, *, start: str | None = None, overrides: Sequence[str] = ()) -> Repetition:
    """Return the training that made a model.

    Parameters
    ----------
    start
        Where the model lies that it began from; None: looked for under its name, then among the installed ones.
    overrides
        `a.b=value` of the settings in `FREE`.

    Raises
    ------
    ConfigError
        If the card holds no settings that make one run, or another setting would change.
    InputError
        If what it began from is not here.
    """
    card = card_of(reference)
    name = Path(reference).resolve().name if is_run(reference) else card.reference
    if "members" in card.metrics.get("validation", {}):
        raise ConfigError(
            f"{name} was made of several runs",
            remedy="repeat each by --like RUN, or a cross-validation by cpam-train cross-validate --config CARD --set "
            "model.members=1",
        )
    before = RunFolder(Path(reference)).config() if is_run(reference) else _settings_of(card, name)
    config = changed(before, overrides=overrides)
    require_kept(before, config, FREE, told=f"A repetition of {name}", remedy="or give the card as --config")
    _require_weights(config)
    return Repetition(reference, name, card, replace(config, start=located(config.start, start)))


def card_of(reference: str) -> ModelCard:
    """Return the card of a run folder, a bundle folder or an installed name, or the card in a file.

    Raises
    ------
    InputError
        If a file is no card.
    BundleError
        If nothing answers to the reference, or a value of the card is not as it should be.
    """
    if is_run(reference):
        return draft_of_run(RunFolder(Path(reference)))
    if not Path(reference).is_file():
        return Registry().resolve(reference).card
    try:
        values = read_json(Path(reference))
    except (OSError, ValueError) as error:
        raise InputError(f"{reference} is no card of a model", got=error, expected="card.json of a bundle") from error
    return card_from_plain(values, where=reference)


def located(config: StartConfig, given: str | None) -> StartConfig:
    """Return a start that can be opened here, by its sha256 where its name leads elsewhere.

    Raises
    ------
    InputError
        If it is not here.
    """
    if config.model is None:
        return config
    if given is not None:
        return replace(config, model=given)
    installed = [f"{entry.name}@{entry.version}" for entry in Registry().list() if entry.sha256 == config.sha256]
    found = next((ref for ref in (config.model, *installed) if _leads_to(ref, config.sha256)), None)
    if found is None:
        raise InputError(
            f"The model that training began from, {config.model}, is not here",
            expected=f"weights with sha256 {config.sha256 or 'not told'}",
            remedy="say where it lies: --from",
        )
    return replace(config, model=found)


def _settings_of(card: ModelCard, name: str) -> TrainConfig:
    settings = card.training.get("settings")
    if not isinstance(settings, dict):
        raise ConfigError(f"The card of {name} does not tell its settings")
    try:
        return build_config(TrainConfig, settings, where="its card")
    except ConfigError as error:
        raise ConfigError(
            f"The settings of {name} are not those of this version ({error.what})",
            remedy="repeat it with the version that made it",
        ) from error


def _require_weights(config: TrainConfig) -> None:
    """Refuse a backbone's file of weights that is not here."""
    model = config.model
    at, group = (model, "model") if isinstance(model, ClassifierConfig) else (model.encoder, "model.encoder")
    if at.weights_file is not None and not Path(at.weights_file).is_file():
        raise InputError(
            f"The weights of the backbone, {at.weights_file}, are not here",
            remedy=f"say where they lie: --set {group}.weights_file=FILE",
        )


def _leads_to(ref: str, sha256: str) -> bool:
    try:
        return sha256 in {"", open_start(ref).sha256}
    except CpamError:
        return False


def _apart(one: Tensor, other: Tensor) -> float:
    """Return the largest difference of two tensors of one shape."""
    return float((one.double() - other.double()).abs().max()) if one.numel() else 0.0


def _counted(data: Mapping[str, Any]) -> str:
    told = [
        f"{sum(source['slices'] for source in data.get(part, {}).values())} {word} slices"
        for part, word in (("train", "training"), ("validation", "validation"))
    ]
    return f"{' and '.join(told)} (fingerprint {data.get(FINGERPRINT, 'not told')})"


def _flat(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return an environment with its packages beside the other values."""
    packages = values.get("packages", {})
    return {**{name: value for name, value in values.items() if name != "packages"}, **packages}
