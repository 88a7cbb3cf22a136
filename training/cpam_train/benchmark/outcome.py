"""What is kept of one run: raw counts and probabilities per case, so that any figure can be made later."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cpam_train.evaluation.run import Evaluation
from cpam_train.metrics.counts import Counts
from cpam_train.run_folder import CARD_DRAFT, RunFolder
from napari_cpam_stroke.config import ClassifierConfig
from napari_cpam_stroke.core.annotation import PRESENT, UNKNOWN, joint_label
from napari_cpam_stroke.files import read_json

FILE = "benchmark.json"


@dataclass(frozen=True, eq=False)
class Cases:
    """Masks of one class over the cases of a split, those without known mask left out.

    Attributes
    ----------
    pixels
        Counts (N,).
    """

    case_ids: list[str]
    patients: list[str]
    pixels: Counts

    @property
    def holds(self) -> NDArray[np.bool_]:
        """(N,) whether the reference holds the class."""
        return np.asarray(self.pixels.tp + self.pixels.fn > 0)


@dataclass(frozen=True, eq=False)
class Slices:
    """Stroke or not, or one class or not, slice by slice, where it is known.

    Attributes
    ----------
    probability
        Of the class; for stroke that of the likelier one.
    """

    patients: list[str]
    probability: NDArray[np.float64]
    present: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Outcome:
    """One system with one seed.

    Attributes
    ----------
    loss, validation_loss
        Of the epoch that was kept.
    start
        What training started from, and for a classifier how much of it learnt.
    slices_of
        By split and class; empty where it was not recorded.
    """

    system: str
    seed: int
    minutes: float
    parameters: int
    loss: float
    validation_loss: float
    masks: dict[str, dict[str, Cases]]
    slices: dict[str, Slices]
    start: str = "not recorded"
    slices_of: dict[str, dict[str, Slices]] = field(default_factory=dict)


def plain_outcome(run: RunFolder, system: str, seed: int, parameters: int, judged: dict[str, Evaluation]) -> Any:
    """Return JSON values of a finished run and its evaluations by split."""
    kept = _kept_epoch(run)
    return {
        "system": system,
        "seed": seed,
        "minutes": float(kept["minutes"]),
        "parameters": parameters,
        "start": start_of(run),
        "loss": float(kept["train/loss"]),
        "validation_loss": float(kept["validation/loss"]),
        "masks": {split: {name: _masks(own) for name, own in e.results.items()} for split, e in judged.items()},
        "slices": {split: _slices(e) for split, e in judged.items()},
        "slices_of": {split: _slices_of(e) for split, e in judged.items()},
    }


def start_of(run: RunFolder) -> str:
    """Return what a run's training started from, as its card has it, and for a classifier how much of it learnt."""
    model, origin = run.config().model, run.read_json(CARD_DRAFT)["pretrained"]
    trained = "" if origin is None else f"{origin['trained_on']} " if origin["trained_on"] else ""
    start = "chance" if origin is None else f"{trained}weights ({origin['source']})"
    if not isinstance(model, ClassifierConfig):
        return start
    return f"{start}, {'frozen' if model.freeze_backbone else 'fine-tuned' if origin else 'all of it trained'}"


def read_outcome(path: Path) -> Outcome:
    """Return the outcome that was kept of a run."""
    values = read_json(path)
    masks = {
        split: {
            name: Cases(c["case"], c["patient"], Counts(*(np.asarray(c[k], float) for k in COUNTS)))
            for name, c in own.items()
        }
        for split, own in values.pop("masks").items()
    }
    slices = {split: _read_slices(s) for split, s in values.pop("slices").items()}
    slices_of = {
        split: {name: _read_slices(s) for name, s in own.items()} for split, own in values.pop("slices_of", {}).items()
    }
    return Outcome(**values, masks=masks, slices=slices, slices_of=slices_of)


COUNTS = ("tp", "fp", "fn", "tn")


def _masks(results: Any) -> dict[str, list[Any]]:
    judged = [r for r in results if r.mask is not None]
    return {
        "case": [r.case_id for r in judged],
        "patient": [r.patient_id for r in judged],
        **{name: [float(getattr(r.mask.pixels, name)) for r in judged] for name in COUNTS},
    }


def _read_slices(values: dict[str, Any]) -> Slices:
    return Slices(values["patient"], np.asarray(values["probability"], float), np.asarray(values["present"], bool))


def _slices_of(evaluation: Evaluation) -> dict[str, dict[str, list[Any]]]:
    """Return each class against its absence, where it is known."""
    return {
        name: {
            "patient": [r.patient_id for r in results for _ in r.slice_labels],
            "probability": [round(float(p), 6) for r in results for p in r.slice_probabilities],
            "present": [bool(label == PRESENT) for r in results for label in r.slice_labels],
        }
        for name, results in evaluation.results.items()
    }


def _slices(evaluation: Evaluation) -> dict[str, list[Any]]:
    """Return stroke against none: present if any class is, absent only if every class is known to be."""
    patients: list[str] = []
    probability: list[float] = []
    present: list[bool] = []
    for case in zip(*evaluation.results.values(), strict=True):
        labels = joint_label(np.stack([r.all_labels for r in case]))
        likelier = np.stack([r.all_probabilities for r in case]).max(axis=0)
        known = labels != UNKNOWN
        patients += [case[0].patient_id] * int(known.sum())
        probability += [round(float(p), 6) for p in likelier[known]]
        present += [bool(v) for v in labels[known] == PRESENT]
    return {"patient": patients, "probability": probability, "present": present}


def _kept_epoch(run: RunFolder) -> dict[str, str]:
    best = str(run.read_json("metrics.json")["best_epoch"])
    with run.log.open(encoding="utf-8") as stream:
        return next(row for row in csv.DictReader(stream) if row["epoch"] == best)
