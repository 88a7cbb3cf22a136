"""Batches of prompted slices from a store's splits; test is never opened."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from torch.utils.data import WeightedRandomSampler

from cpam_train.config import DataConfig, TrainConfig
from cpam_train.data.prompted_slices import PromptedDataset, PromptedRow, ReadSlices, prompted_rows
from cpam_train.data.sampler import hardness, weighted_sampler
from cpam_train.fitting.batches import FINGERPRINT, Loaders
from cpam_train.fitting.division import divide, patients_without_split
from cpam_train.fitting.fingerprint import fingerprint
from cpam_train.fitting.slice_batches import is_new, summarise
from cpam_train.operating.validation_record import Origin, Record
from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.core import LesionClass
from napari_cpam_stroke.errors import ConfigError

ABSENT_SHARE = 0.12
"""Of the samples: slices without a lesion, on which a reader turns down a false one."""

VALIDATED_ABSENT = 40
"""Slices without a lesion that validation looks at, the first of a fixed order."""


class ReadLoaders(Loaders):
    """Batches of slices that simulated readers read."""

    modality = "ct"
    kind = "a CT store"
    train: ReadSlices
    validation: ReadSlices
    weights: torch.Tensor

    def set_epoch(self, epoch: int) -> None:
        """Draw other prompts."""
        self.train.set_epoch(epoch)

    def draw(self, epoch: int, rank: int, world: int) -> WeightedRandomSampler:
        """Return the slices of one epoch for one process, both classes evenly."""
        samples = self.config.data.samples_per_epoch or len(self.train.rows)
        return weighted_sampler(self.weights, samples=samples, share=world, seed=self.seed_of(epoch, rank))

    def origins(self, record: Record) -> list[Origin]:
        """Return case and patient of each slice of a validation record."""
        cases = [self.validation.rows[i].row.case for i in record.index]
        return [Origin(case.case_id, case.patient_id) for case in cases]


class PromptedLoaders(ReadLoaders):
    """Batches for a network that listens to prompts.

    Raises
    ------
    ConfigError
        If the settings are for BraTS, or say nothing of prompts.
    InputError
        If training or validation would be empty.
    """

    train: PromptedDataset
    validation: PromptedDataset

    def __init__(self, store: AnnotationStore, config: TrainConfig, *, cache: Path | None) -> None:  # noqa: ARG002 - slices are read in full resolution
        super().__init__(config)
        if config.prompts is None:
            raise ConfigError("The settings say nothing of prompts", remedy="use: cpam-train fit prompted")
        division = divide(store, config)
        self.store = store
        train, validation = division.train, division.validation
        self.split_rule, self.remarks = division.rule, division.remarks
        self.left_out = patients_without_split(store)
        self._parts = {"train": tuple(train), "validation": tuple(validation)}
        rows = prompted_rows(train)
        self.weights = prompted_weights(rows, config.data)
        self.train = PromptedDataset(
            store, config.preprocess, config.prompts, rows,
            varied=config.augment.enabled, replay=config.data.replay_prompts, seed=config.seed,
        )  # fmt: skip
        self.validation = PromptedDataset(
            store, config.preprocess, config.prompts, _validated(prompted_rows(validation)), varied=False
        )

    def prepare(self, console: Console) -> None:
        """Name what cannot be learned from."""
        if self.left_out:
            console.print(
                f"{len(self.left_out)} patients have no split and are left out: to use them, run cpam-train check "
                "--store ... --assign."
            )
        for remark in self.remarks:
            console.print(remark)
        if given := sum(bool(row.given) for row in self.train.rows):
            console.print(f"{given} training slices were read with prompts: they are shown those, too.")
        for lesion_class in LesionClass:
            if not any(row.present and row.lesion_class is lesion_class for row in self.train.rows):
                console.print(f"No training slice is known to hold {lesion_class.label}: the model cannot learn it.")

    def summary(self) -> dict[str, Any]:
        """Return what a card says about the data."""
        seen = fingerprint(self.store, self._parts.values(), partial(is_new, data=self.config.data))
        counts = {name: summarise(rows) for name, rows in self._parts.items()}
        return {"split_rule": self.split_rule, **counts, FINGERPRINT: seen}


def prompted_weights(rows: list[PromptedRow], data: DataConfig) -> torch.Tensor:
    """Return float64 (n,): each class as often, patients by the root of their slices, few slices without a lesion.

    Inside a class, and among the slices without a lesion, hard examples count more, as `sampler.hardness` says.
    """
    kinds = [row.lesion_class.value if row.present else 0 for row in rows]
    people = [(kind, row.row.case.patient_id) for kind, row in zip(kinds, rows, strict=True)]
    index = {name: n for n, name in enumerate(dict.fromkeys(people))}
    member = np.array([index[name] for name in people])
    weights = np.bincount(member)[member] ** -0.5
    weights = weights * [
        hardness(row.row, data.hard_negative_weight, data.reason_weights, data.prompt_weight) for row in rows
    ]
    there = np.array(kinds)
    for kind in set(kinds):
        share = ABSENT_SHARE if kind == 0 else (1 - ABSENT_SHARE) / len(LesionClass)
        weights[there == kind] *= share / weights[there == kind].sum()
    return torch.from_numpy(weights * len(rows))


def _validated(rows: list[PromptedRow]) -> list[PromptedRow]:
    absent = sorted((row for row in rows if not row.present), key=lambda row: (row.row.case.case_id, row.row.z))
    step = max(len(absent) // VALIDATED_ABSENT, 1)
    return [row for row in rows if row.present] + absent[::step][:VALIDATED_ABSENT]
