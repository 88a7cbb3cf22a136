"""From a finished run to a published model, if it is better than the one it would replace."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cpam_train.evaluation.compare import compare
from cpam_train.evaluation.model import bundle_of_run, draft_of_run, is_run
from cpam_train.evaluation.progress import ProgressBar
from cpam_train.evaluation.run import Evaluation, evaluate_model
from cpam_train.evaluation.tables import headline
from cpam_train.publishing.gate import Asked, Demand, demands_on
from cpam_train.run_folder import RunFolder
from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.bundles import Bundle, KnownFailure, ModelCard, ModelEntry, Registry
from napari_cpam_stroke.bundles.bundle import save_bundle
from napari_cpam_stroke.bundles.card import WeightsDtype, check_name
from napari_cpam_stroke.bundles.registry import DEFAULT, refuse_bundled
from napari_cpam_stroke.bundles.signature import sign_bundle
from napari_cpam_stroke.config import build_config
from napari_cpam_stroke.errors import CpamError, InputError
from napari_cpam_stroke.files import read_json
from napari_cpam_stroke.inference.predictor import Predictor

if TYPE_CHECKING:
    from napari_cpam_stroke.bundles.signature import SigningKey

FLOAT16_FROM_PARAMETERS = 3_000_000
"""Larger networks are published in half precision: half the download, the same masks."""

INT8_FROM_PARAMETERS = 10_000_000
"""Yet larger ones in 256 steps for each output; what is judged is what is published."""

FAILURES_FILE = "failures.json"


class PromotionRefusedError(CpamError):
    """The candidate does not show what it must against the model it would follow."""


@dataclass(frozen=True)
class Gate:
    """What was asked of a candidate, against which model, and why a person insisted, if one did."""

    rival: str
    demands: tuple[Demand, ...]
    insisted: str

    @property
    def unmet(self) -> tuple[Demand, ...]:
        """The demands that are not met."""
        return tuple(demand for demand in self.demands if not demand.met)

    @property
    def text(self) -> dict[str, str]:
        """What the card says of it."""
        told = {"compared with": self.rival}
        if self.unmet:
            told |= {"not shown": "; ".join(map(str, self.unmet)), "published all the same, because": self.insisted}
        return told

    def require(self) -> None:
        """Refuse where something is not met and nobody insists.

        Raises
        ------
        PromotionRefusedError
            Naming all that is missing.
        """
        if self.unmet and not self.insisted:
            raise PromotionRefusedError(
                f"The candidate is not shown to be better than {self.rival} on the test cases",
                expected="; ".join(map(str, self.unmet)),
                remedy='nothing was changed; whoever takes it all the same says why: --insist "..."',
            )


@dataclass(frozen=True)
class Remarks:
    """What a person adds to a card: the terms of each source's data, known failures."""

    terms: dict[str, str] = field(default_factory=dict)
    notes: str = ""
    failures: tuple[KnownFailure, ...] = ()
    pictures: dict[str, bytes] = field(default_factory=dict)
    """PNG data of the failures' pictures, which must not show patients."""
    key: SigningKey | None = None
    """Key to sign the bundle with."""


@dataclass(frozen=True, eq=False)
class Promotion:
    """What was published.

    Attributes
    ----------
    entry
        In the registry; None where a folder was asked for.
    gain
        Score of the candidate minus that of the model it was compared with; None where a folder was asked for.
    gate
        What was asked of it; None there too.
    """

    bundle: Bundle
    entry: ModelEntry | None
    score: float
    gain: float | None
    gate: Gate | None = None


def promote(
    run: RunFolder,
    name: str,
    store: AnnotationStore,
    *,
    asked: Asked | None = None,
    out: Path | None = None,
    registry: Registry | None = None,
    progress_bar: ProgressBar,
    remarks: Remarks | None = None,
) -> Promotion:
    """Judge a run on the frozen test set and publish it under a name, if it shows what `gate.demands_on` asks for.

    It is compared with the version in use; under a new name with the model it was begun from, else the bundled one.

    Parameters
    ----------
    asked
        What it must show, and why a person insists if it does not, which the card tells; None: `Asked()`.
    out
        Folder for the bundle; None: install it in the registry.
    remarks
        What only a person knows, for the card.

    Raises
    ------
    PromotionRefusedError
        If a demand is not met and nobody insists.
    """
    registry, remarks, asked = registry or Registry(), remarks or Remarks(), asked or Asked()
    check_name(name)
    if out is None:
        refuse_bundled(name)
        require_key(registry, remarks)
    with tempfile.TemporaryDirectory() as folder:
        candidate = candidate_of(run, name, Path(folder))
        judged = judge(candidate, store, "judging the candidate", progress_bar)
        gain, gate, versus = None, None, None
        if out is None:
            with rival_of(registry, name, run, Path(folder)) as before:
                current = judge(before, store, f"judging {before.card.reference}", progress_bar)
            gain = judged.score - current.score
            gate = Gate(current.card.reference, demands_on(judged, current, asked.margins), asked.insist.strip())
            gate.require()
            versus = gate.text | difference_text(judged, current)
        final = finished_card(candidate.card, judged, versus=versus, remarks=remarks)
        if out is not None:
            return Promotion(saved(out, final, candidate, remarks), None, judged.score, gain)
        ready = saved(Path(folder) / "ready", final, candidate, remarks)
        entry = registry.install(ready.path, name)
        return Promotion(registry.resolve(f"{name}@{entry.version}"), entry, judged.score, gain, gate)


def candidate_of(run: RunFolder, name: str, folder: Path) -> Bundle:
    """Write a run's best weights into a folder as the bundle that would get a name."""
    card = replace(draft_of_run(run), name=name, weights_dtype=weights_dtype(run))
    return bundle_of_run(run, folder / "candidate", card)


def finished_card(card: ModelCard, judged: Evaluation, *, versus: dict[str, str] | None, remarks: Remarks) -> ModelCard:
    """Return the card with test figures, terms and notes."""
    metrics: dict[str, Any] = {"test": headline(judged), **card.metrics}
    if versus is not None:
        metrics["against_predecessor"] = versus
    training = {**card.training, "terms": remarks.terms} if remarks.terms else card.training
    return replace(
        card, metrics=metrics, training=training, notes=remarks.notes, failures=remarks.failures, weights_sha256=""
    )


def read_failures(folder: Path) -> tuple[tuple[KnownFailure, ...], dict[str, bytes]]:
    """Return the known failures of a folder's failures.json (a list of title, text, picture) and their pictures.

    Raises
    ------
    InputError
        If the file or a picture is missing, or a value is not as it should be.
    """
    file = folder / FAILURES_FILE
    try:
        failures = build_config(tuple[KnownFailure, ...], read_json(file), where=file.name)
        return failures, {f.picture: (folder / f.picture).read_bytes() for f in failures if f.picture}
    except OSError as error:
        raise InputError(f"The known failures in {folder} cannot be read", got=error) from error
    except ValueError as error:
        raise InputError(f"{file} is not JSON ({error})") from error


def require_key(registry: Registry, remarks: Remarks) -> None:
    """Refuse before anything is judged where only signed models are let in and no key is given.

    Raises
    ------
    InputError
        If it is so.
    """
    if registry.trust.policy.only_signed and remarks.key is None:
        raise InputError("This machine uses signed models only", remedy="give the key to sign it with: --sign KEY")


def saved(folder: Path, card: ModelCard, candidate: Bundle, remarks: Remarks) -> Bundle:
    """Write the bundle, and sign it where there is a key."""
    bundle = save_bundle(folder, card, candidate.state_dict(), pictures=remarks.pictures)
    if remarks.key is not None:
        sign_bundle(bundle, remarks.key)
    return bundle


def difference_text(first: Evaluation, second: Evaluation) -> dict[str, str]:
    """Return the paired differences in words a card can hold."""
    return {
        f"{name} {key}": str(value)
        for name, difference in compare(first, second).items()
        for key, value in (("dice", difference.dice), ("auc of slices", difference.auc))
        if value is not None
    }


def judge(bundle: Bundle, store: AnnotationStore, what: str, progress_bar: ProgressBar) -> Evaluation:
    """Judge a model on the frozen test set."""
    with progress_bar(what) as progress:
        return evaluate_model(Predictor(bundle), store, progress=progress)


@contextmanager
def rival_of(registry: Registry, name: str, run: RunFolder, folder: Path) -> Iterator[Bundle]:
    """Yield the version of the name that is in use; for a new name the model the run began from, else the bundled."""
    if name in registry.names():
        yield registry.resolve(name)
        return
    began = run.config().start.model
    if began is not None and is_run(began):
        yield bundle_of_run(RunFolder(Path(began)), folder / "start")
    elif began is not None and not Path(began).is_file():
        yield registry.resolve(began)
    else:
        yield registry.resolve(DEFAULT)


def weights_dtype(run: RunFolder) -> WeightsDtype:
    """Return in which precision a run's weights are published, and judged before."""
    from safetensors.torch import load_file

    size = sum(tensor.numel() for tensor in load_file(run.weights).values())
    if size >= INT8_FROM_PARAMETERS:
        return "int8"
    return "float16" if size >= FLOAT16_FROM_PARAMETERS else "float32"
