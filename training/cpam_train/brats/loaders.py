"""Batches of BraTS slices; those with tumour are drawn as often as those without."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from torch.utils.data import WeightedRandomSampler

from cpam_train.brats.dataset import BratsDataset
from cpam_train.brats.folder import BratsFolder
from cpam_train.config import TrainConfig
from cpam_train.fitting.batches import Loaders
from cpam_train.operating.validation_record import Origin, Record
from napari_cpam_stroke.errors import ConfigError

UNUSED = ("sources", "leave_out", "folds", "split_by_slice")
"""Settings of CT data that mean nothing here."""


class BratsLoaders(Loaders):
    """Batches from the fixed training and validation patients of a BraTS folder.

    Parameters
    ----------
    cache
        Not used: the folder holds slices as the network takes them.

    Raises
    ------
    ConfigError
        For a setting that only CT data have, or settings of another kind of data.
    InputError
        If training or validation would be empty.
    """

    modality = "brats"
    kind = "a BraTS folder"
    train: BratsDataset
    validation: BratsDataset

    def __init__(self, folder: BratsFolder, config: TrainConfig, *, cache: Path | None = None) -> None:  # noqa: ARG002
        super().__init__(config)
        wrong = [name for name in UNUSED if getattr(config.data, name)]
        if wrong:
            raise ConfigError(f"BraTS has no setting data.{wrong[0]}")
        self._folder = folder
        self.train = BratsDataset(folder, split="train", size=config.preprocess.size)
        self.validation = BratsDataset(folder, split="validation", size=config.preprocess.size)
        self._with_tumour = torch.zeros(len(self.train), dtype=torch.bool)

    def prepare(self, console: Console) -> None:  # noqa: ARG002 - reading labels takes a second
        """Find the slices with tumour."""
        self._with_tumour = torch.tensor(
            [bool(self._folder.read(case.case_id, z)[1].any()) for case, z in self.train.rows]
        )

    def draw(self, epoch: int, rank: int, world: int) -> WeightedRandomSampler:
        """Return the slices of one epoch for one process."""
        share = self._with_tumour.double().mean().clamp(0.01, 0.99)
        weights = torch.where(self._with_tumour, 1 / share, 1 / (1 - share)) ** self.config.data.balance
        length = self.config.data.samples_per_epoch or len(self.train)
        generator = torch.Generator().manual_seed(self.seed_of(epoch, rank))
        return WeightedRandomSampler(weights.tolist(), max(length // world, 1), generator=generator)

    def origins(self, record: Record) -> list[Origin]:
        """Return case and patient of each slice of a validation record."""
        cases = [self.validation.rows[i][0] for i in record.index]
        return [Origin(case.case_id, case.patient) for case in cases]

    def summary(self) -> dict[str, Any]:
        """Return what a card says about the data."""
        return {"split_rule": "by patient, fixed in the folder"} | {
            name: {"brats": {"patients": len({c.patient for c, _ in data.rows}), "slices": len(data)}}
            for name, data in (("train", self.train), ("validation", self.validation))
        }
