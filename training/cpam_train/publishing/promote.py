"""From a finished run to a published model, if it is better than the one it would replace."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from cpam_train.evaluation.compare import compare
from cpam_train.evaluation.model import bundle_of_run, draft_of_run
from cpam_train.evaluation.progress import ProgressBar
from cpam_train.evaluation.run import Evaluation, evaluate_model
from cpam_train.evaluation.tables import headline
from cpam_train.run_folder import RunFolder
from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.bundles import Bundle, KnownFailure, ModelCard, ModelEntry, Registry
from napari_cpam_stroke.bundles.bundle import save_bundle
from napari_cpam_stroke.bundles.card import check_name
from napari_cpam_stroke.config import build_config
from napari_cpam_stroke.errors import CpamError, InputError
from napari_cpam_stroke.inference.predictor import Predictor

FLOAT16_FROM_PARAMETERS = 3_000_000
"""Larger networks are published in half precision: half the download, the same masks."""

FAILURES_FILE = "failures.json"


class PromotionRefusedError(CpamError):
    """The candidate is not better than the model in use."""


@dataclass(frozen=True)
class Remarks:
    """What a person adds to a card: the terms of each source's data, known failures."""

    terms: dict[str, str] = field(default_factory=dict)
    notes: str = ""
    failures: tuple[KnownFailure, ...] = ()
    pictures: dict[str, bytes] = field(default_factory=dict)
    """PNG data of the failures' pictures, which must not show patients."""


@dataclass(frozen=True, eq=False)
class Promotion:
    """What was published.

    Attributes
    ----------
    entry
        In the registry; None where a folder was asked for.
    gain
        Score of the candidate minus that of the model it follows; None for the first of a name.
    """

    bundle: Bundle
    entry: ModelEntry | None
    score: float
    gain: float | None


def promote(
    run: RunFolder,
    name: str,
    store: AnnotationStore,
    *,
    min_gain: float = 0.0,
    out: Path | None = None,
    registry: Registry | None = None,
    progress_bar: ProgressBar,
    remarks: Remarks | None = None,
) -> Promotion:
    """Judge a run on the frozen test set and publish it under a name.

    Parameters
    ----------
    min_gain
        How much higher its score (`Evaluation.score`) must be than that of the version in use.
    out
        Folder for the bundle; None: install it in the registry.
    remarks
        What only a person knows, for the card.

    Raises
    ------
    PromotionRefusedError
        If it is not better by `min_gain`.
    """
    registry, remarks = registry or Registry(), remarks or Remarks()
    check_name(name)
    with tempfile.TemporaryDirectory() as folder:
        card = replace(draft_of_run(run), name=name, weights_dtype=_dtype(run))
        candidate = bundle_of_run(run, Path(folder) / "candidate", card)
        judged = _judge(candidate, store, "judging the candidate", progress_bar)
        before = _predecessor(registry, name, out)
        gain, versus = None, None
        if before is not None:
            current = _judge(before, store, f"judging {before.card.reference}", progress_bar)
            gain = judged.score - current.score
            _refuse_unless_better(gain, min_gain, before.card, judged, current)
            versus = difference_text(judged, current)
        final = finished_card(candidate.card, judged, versus=versus, remarks=remarks)
        if out is not None:
            return Promotion(_saved(out, final, candidate, remarks), None, judged.score, gain)
        ready = _saved(Path(folder) / "ready", final, candidate, remarks)
        entry = registry.install(ready.path, name)
        return Promotion(registry.resolve(f"{name}@{entry.version}"), entry, judged.score, gain)


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
        failures = build_config(tuple[KnownFailure, ...], json.loads(file.read_text(encoding="utf-8")), where=file.name)
        return failures, {f.picture: (folder / f.picture).read_bytes() for f in failures if f.picture}
    except OSError as error:
        raise InputError(f"The known failures in {folder} cannot be read", got=error) from error
    except ValueError as error:
        raise InputError(f"{file} is not JSON ({error})") from error


def _saved(folder: Path, card: ModelCard, candidate: Bundle, remarks: Remarks) -> Bundle:
    return save_bundle(folder, card, candidate.state_dict(), pictures=remarks.pictures)


def difference_text(first: Evaluation, second: Evaluation) -> dict[str, str]:
    """Return the paired differences in words a card can hold."""
    return {
        f"{name} {key}": str(value)
        for name, difference in compare(first, second).items()
        for key, value in (("dice", difference.dice), ("auc of slices", difference.auc))
        if value is not None
    }


def _judge(bundle: Bundle, store: AnnotationStore, what: str, progress_bar: ProgressBar) -> Evaluation:
    with progress_bar(what) as progress:
        return evaluate_model(Predictor(bundle), store, progress=progress)


def _predecessor(registry: Registry, name: str, out: Path | None) -> Bundle | None:
    """Return the version of a name that is in use, None where there is none yet or a folder was asked for."""
    return registry.resolve(name) if out is None and name in registry.names() else None


def _refuse_unless_better(
    gain: float, min_gain: float, current: ModelCard, judged: Evaluation, before: Evaluation
) -> None:
    if gain > 0 and gain >= min_gain:
        return
    raise PromotionRefusedError(
        f"The candidate is not better than {current.reference} on the {len(next(iter(judged.results.values())))} test "
        "cases",
        got=f"a score of {judged.score:.4f} against {before.score:.4f}",
        expected=f"a gain above {min_gain:g}" if min_gain == 0 else f"a gain of at least {min_gain:g}",
        remedy="nothing was changed",
    )


def _dtype(run: RunFolder) -> Literal["float32", "float16"]:
    from safetensors.torch import load_file

    size = sum(tensor.numel() for tensor in load_file(run.weights).values())
    return "float16" if size >= FLOAT16_FROM_PARAMETERS else "float32"
