"""Batches of CT slices from a store's splits, or from folds dealt out of both; test is never opened."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from functools import partial
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.progress import Progress, TaskID
from torch import Tensor
from torch.utils.data import WeightedRandomSampler

from cpam_train.config import DataConfig, TrainConfig
from cpam_train.data.dataset import SliceDataset
from cpam_train.data.neighbour_odds import count_sides, neighbour_odds
from cpam_train.data.sampler import replayed, sampling_weights, weighted_sampler
from cpam_train.data.slices import SliceRow
from cpam_train.fitting.batches import FINGERPRINT, Loaders
from cpam_train.fitting.division import divide, patients_without_split
from cpam_train.fitting.fingerprint import fingerprint
from cpam_train.operating.validation_record import Origin, Record
from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.core.arrays import Floats


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
        division = divide(store, config)
        self.store = store
        train_rows, validation_rows = division.train, division.validation
        self.split_rule, self.remarks = division.rule, division.remarks
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
        for remark in self.remarks:
            console.print(remark)
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
            FINGERPRINT: fingerprint(
                self.store, (self.train.rows, self.validation.rows), partial(is_new, data=self.config.data)
            ),
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
        prompt_weight=data.prompt_weight,
        draws=data.draws,
    )
    weights = replayed(weights, [is_new(row, data) for row in rows], data.replay_share)
    if config.preprocess.context_slices == 1:
        return weights, None
    plan = neighbour_odds(rows, weights.numpy(), count_sides(rows, config.preprocess), data.neighbours)
    return torch.from_numpy(plan.weights), plan.odds


def is_new(row: SliceRow, data: DataConfig) -> bool:
    """Whether a slice is of a case that counts as new: of a source said to be, or corrected since."""
    if row.case.source in data.new_sources:
        return True
    if data.new_since is None or row.case.saved is None:
        return False
    since = data.new_since if data.new_since.tzinfo else data.new_since.replace(tzinfo=UTC)
    return row.case.saved > since


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
