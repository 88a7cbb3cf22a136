"""Batches of CT slices from a store's splits, or from folds dealt out of both; test is never opened."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.progress import Progress, TaskID
from torch import Tensor
from torch.utils.data import WeightedRandomSampler

from cpam_train.config import TrainConfig
from cpam_train.data.dataset import SliceDataset
from cpam_train.data.neighbour_odds import count_sides, neighbour_odds
from cpam_train.data.sampler import sampling_weights, weighted_sampler
from cpam_train.data.slice_split import STAMP, split_by_slice
from cpam_train.data.slices import SliceRow, collect_slices
from cpam_train.fitting.batches import Loaders
from cpam_train.operating.validation_record import Origin, Record
from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.core.arrays import Floats
from napari_cpam_stroke.errors import InputError

SLICE_FRACTIONS = (0.875, 0.125, 0.0)
"""Training and validation shares of a split by slice: 70 to 10, as the store's splits; test patients stay untouched."""


class SliceLoaders(Loaders):
    """Batches of CT slices from a store.

    Parameters
    ----------
    cache
        Folder of preprocessed slices; None: preprocess each time.

    Raises
    ------
    ConfigError
        If the settings are for BraTS.
    InputError
        If training or validation would be empty.
    """

    modality = "ct"
    kind = "a CT store"
    train: SliceDataset
    validation: SliceDataset

    def __init__(self, store: AnnotationStore, config: TrainConfig, *, cache: Path | None) -> None:
        super().__init__(config)
        train_rows, validation_rows, self.split_rule = divide(store, config)
        self.left_out = patients_without_split(store)
        drawn = config.data.synthesis if config.data.synthetic else None
        self.weights, odds = draw_of(train_rows, config)
        self.train = SliceDataset(
            store,
            config.preprocess,
            train_rows,
            cache=cache,
            synthesis=drawn,
            neighbours=odds,
            absent=dict.fromkeys(config.data.assume_absent, config.data.assume_absent_share),
            seed=config.seed,
        )
        self.neighbours_shown = odds is None or bool(odds.any())
        self.validation = SliceDataset(store, config.preprocess, validation_rows, cache=cache)

    def prepare(self, console: Console) -> None:
        """Name what cannot be learned from; preprocess what the cache does not hold yet, with a bar."""
        if self.left_out:
            console.print(
                f"{len(self.left_out)} patients have no split and are left out: to use them, run cpam-train check "
                "--store ... --assign."
            )
        if not self.neighbours_shown:
            console.print(
                "Training slices are shown without neighbours: a class comes from no series, so that neighbours would "
                "give it away."
            )
        for k, name in enumerate(self.config.model.classes):
            if not any(row.labels[k] == 1 for row in self.train.rows):
                console.print(f"No training slice is known to hold {name}: the model cannot learn it.")
        for name, data in (("training", self.train), ("validation", self.validation)):
            with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
                job = progress.add_task(f"preparing {name} slices", total=None)
                data.prepare(partial(_show, progress, job))

    def set_epoch(self, epoch: int) -> None:
        """Draw other synthetic lesions."""
        self.train.set_epoch(epoch)

    def draw(self, epoch: int, rank: int, world: int) -> WeightedRandomSampler:
        """Return the slices of one epoch for one process, classes and sources evenly."""
        return weighted_sampler(
            self.weights, samples=self.config.data.samples_per_epoch, share=world, seed=self.seed_of(epoch, rank)
        )

    def origins(self, record: Record) -> list[Origin]:
        """Return case and patient of each slice of a validation record."""
        cases = [self.validation.rows[i].case for i in record.index]
        return [Origin(case.case_id, case.patient_id) for case in cases]

    def summary(self) -> dict[str, Any]:
        """Return what a card says about the data."""
        return {
            "split_rule": self.split_rule,
            "train": summarise(self.train.rows),
            "validation": summarise(self.validation.rows),
        }


def draw_of(rows: Sequence[SliceRow], config: TrainConfig) -> tuple[Tensor, Floats | None]:
    """Return how often each training slice is drawn, (n,), and shown one neighbour or both, (n, 2).

    None for the latter where the network sees single slices.
    """
    data = config.data
    weights = sampling_weights(
        rows,
        balance=data.balance,
        hard_negative_weight=data.hard_negative_weight,
        reason_weights=data.reason_weights,
        draws=data.draws,
    )
    if config.preprocess.context_slices == 1:
        return weights, None
    plan = neighbour_odds(rows, weights.numpy(), count_sides(rows, config.preprocess), data.neighbours)
    return torch.from_numpy(plan.weights), plan.odds


def divide(store: AnnotationStore, config: TrainConfig) -> tuple[list[SliceRow], list[SliceRow], str]:
    """Return training rows, validation rows and the rule that parted them.

    Raises
    ------
    InputError
        If one of them is empty, or a fold is asked for that does not exist.
    """
    data = config.data
    parts = {
        split: collect_slices(store, split=split, sources=data.sources, leave_out=data.leave_out)
        for split in ("train", "validation")
    }
    rule = "by patient, fixed in the store"
    if data.folds is not None:
        parts = dict(zip(parts, deal_fold([*parts["train"], *parts["validation"]], data.folds, data.fold), strict=True))
        rule = f"by patient, fold {data.fold + 1} of {data.folds} of the store's training and validation patients"
    if data.split_by_slice:
        train, validation, _ = split_by_slice(
            [*parts["train"], *parts["validation"]], fractions=SLICE_FRACTIONS, seed=config.seed
        )
        parts, rule = {"train": train, "validation": validation}, STAMP
    if data.only_cases:
        kept = set(data.only_cases)
        parts["train"] = [row for row in parts["train"] if row.case.case_id in kept]
    for name, rows in parts.items():
        if not rows:
            if unassigned := patients_without_split(store):
                raise InputError(
                    f"{len(unassigned)} patients of the store have no split, and one of the splits is empty",
                    remedy="run cpam-train check --store ... --assign",
                )
            raise InputError(
                f"The store has no annotated slice in its {name} split for these settings",
                remedy="import data, run cpam-train check --store ... --assign, or choose other data.sources",
            )
    return parts["train"], parts["validation"], rule


def patients_without_split(store: AnnotationStore) -> set[str]:
    """Return the patients who are in no split yet."""
    return {case.patient_id for case in store.cases() if case.split is None}


def deal_fold(rows: list[SliceRow], folds: int, fold: int) -> tuple[list[SliceRow], list[SliceRow]]:
    """Return training and validation rows of one fold, dealt by patient, with sources and classes spread evenly."""
    from sklearn.model_selection import StratifiedGroupKFold

    patients = [row.case.patient_id for row in rows]
    if fold >= folds or folds > len(set(patients)):
        raise InputError(
            "That fold does not exist", got=f"fold {fold} of {folds}", expected=f"at most {len(set(patients))} folds"
        )
    strata = [f"{row.case.source}{row.labels}" for row in rows]
    cut = StratifiedGroupKFold(folds, shuffle=True, random_state=0).split(rows, strata, patients)
    chosen = set(list(cut)[fold][1].tolist())
    held = {patients[i] for i in chosen}
    return [r for r in rows if r.case.patient_id not in held], [r for r in rows if r.case.patient_id in held]


def summarise(rows: tuple[SliceRow, ...]) -> dict[str, Any]:
    """Return counts per source, without anyone's name."""
    sources = sorted({row.case.source for row in rows})
    return {
        source: {
            "patients": len({r.case.patient_id for r in rows if r.case.source == source}),
            "cases": len({r.case.case_id for r in rows if r.case.source == source}),
            "slices": sum(r.case.source == source for r in rows),
            "ischemia_slices": sum(r.labels[0] == 1 for r in rows if r.case.source == source),
            "hemorrhage_slices": sum(r.labels[1] == 1 for r in rows if r.case.source == source),
        }
        for source in sources
    }


def _show(progress: Progress, job: TaskID, done: int, total: int) -> None:
    progress.update(job, completed=done, total=total)
