"""Batches of a run, whatever they are cut from: who draws what in which epoch, and how many processes read."""

from __future__ import annotations

import os
from abc import abstractmethod
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
import torch
from lightning.pytorch import Callback, LightningDataModule, LightningModule, Trainer, seed_everything
from rich.console import Console
from torch.utils.data import DataLoader, Dataset, WeightedRandomSampler

from cpam_train.config import Modality, TrainConfig
from cpam_train.operating.validation_record import Origin, Record
from napari_cpam_stroke.errors import ConfigError, InputError

CACHE_FOLDER = "slice-cache"
"""Preprocessed slices, beside the run folders so that runs on the same data share them; may be deleted at any time."""

MAX_WORKERS = 8

FINGERPRINT = "training_fingerprint"
"""Key of a card's data: a short hash of all that a run learnt from (`fitting.fingerprint`)."""


class Loaders(LightningDataModule):
    """Training and validation batches; each process of several draws its own and validates its share.

    Attributes
    ----------
    modality, kind
        What the settings must name for these data, and the words for them in a refusal.
    train, validation
        Data sets whose items are the batches' rows: `image` float32 (C, S, S), `mask` uint8 (S, S), `mask_known` bool
        (K,), `slice_label` int8 (K,) with -1 for unknown, and `index`.

    Raises
    ------
    ConfigError
        If the settings are for another kind of data.
    """

    modality: ClassVar[Modality]
    kind: ClassVar[str]
    train: Dataset[Any]
    validation: Dataset[Any]

    def __init__(self, config: TrainConfig) -> None:
        super().__init__()
        if config.data.modality != self.modality:
            raise ConfigError(
                "Settings and data do not fit each other",
                got=f"data.modality {config.data.modality} for {self.kind}",
                remedy="use --preset brats for BraTS and only for it",
            )
        self.config = config

    @abstractmethod
    def draw(self, epoch: int, rank: int, world: int) -> WeightedRandomSampler:
        """Return the slices of one epoch for one process."""

    @abstractmethod
    def origins(self, record: Record) -> list[Origin]:
        """Return case and patient of each slice of a validation record."""

    @abstractmethod
    def summary(self) -> dict[str, Any]:
        """Return what a card says about the data."""

    def prepare(self, console: Console) -> None:
        """Do once what every epoch needs."""

    def set_epoch(self, epoch: int) -> None:
        """Tell the data sets which epoch it is."""

    def train_dataloader(self) -> DataLoader[Any]:
        """Return batches of this epoch's draw.

        Lightning asks before it tells that an epoch begins, and loader processes begin at once: so the epoch is set
        here too.
        """
        self.set_epoch(self._epoch)
        size = len(self.train)  # type: ignore[arg-type]
        return DataLoader(
            self.train,
            batch_size=self.config.data.batch_size,
            sampler=self.draw(self._epoch, self._rank, self._world),
            drop_last=size > self.config.data.batch_size,
            generator=self._own_generator(),
            **_loading(worker_count(self.config)),
        )

    def val_dataloader(self, *, whole: bool = False) -> DataLoader[Any]:
        """Return validation batches: this process's share, or the whole.

        Raises
        ------
        InputError
            If there are more processes than slices.
        """
        rank, world = (0, 1) if whole else (self._rank, self._world)
        size = len(self.validation)  # type: ignore[arg-type]
        return DataLoader(
            self.validation,
            batch_sampler=dealt_batches(size, self.config.data.batch_size, rank, world),
            generator=self._own_generator(),
            **_loading(0 if whole else worker_count(self.config)),
        )

    def seed_of(self, epoch: int, rank: int) -> int:
        """Return the seed of one epoch's draw in one process, 0..2**32 - 1: the same on every machine and version."""
        return int(np.random.SeedSequence((self.config.seed, epoch, rank)).generate_state(1)[0])

    def noise_seed(self, epoch: int, rank: int) -> int:
        """Return the seed, 0..2**32 - 1, of all else that is random in one epoch in one process."""
        return int(np.random.SeedSequence((self.config.seed, epoch, rank)).generate_state(2)[1])

    def _own_generator(self) -> torch.Generator:
        """Return a generator for the seeds of loader processes: a loader must not take from the run's own numbers."""
        return torch.Generator().manual_seed(self.config.seed)

    @property
    def _rank(self) -> int:
        return 0 if self.trainer is None else self.trainer.global_rank

    @property
    def _world(self) -> int:
        return 1 if self.trainer is None else self.trainer.world_size

    @property
    def _epoch(self) -> int:
        return 0 if self.trainer is None else self.trainer.current_epoch


def dealt_batches(slices: int, batch_size: int, rank: int, world: int) -> list[list[int]]:
    """Return one process's share of the validation batches, as indices.

    Whole batches are dealt out, so that several processes see the batches of one and their mean loss is the same; where
    there are fewer batches than processes they are made smaller, so that nobody has none.

    Raises
    ------
    InputError
        If there are more processes than slices.
    """
    if slices < world:
        raise InputError(
            f"{world} processes cannot share {slices} validation slices", remedy="train on fewer: --devices, --nodes"
        )
    size = batch_size if slices > batch_size * (world - 1) else slices // world
    batches = [list(range(start, min(start + size, slices))) for start in range(0, slices, size)]
    return batches[rank::world]


class LoaderFactory(Protocol):
    """Makes the batches of a run from its settings: a class of loaders bound to the data it reads."""

    def __call__(self, config: TrainConfig, *, cache: Path | None) -> Loaders:
        """Return the batches; `cache` is the folder of preprocessed slices, None to preprocess each time.

        Raises
        ------
        ConfigError
            If the settings are for another kind of data.
        InputError
            If training or validation would be empty.
        """


class EpochSeeds(Callback):
    """Gives every epoch its own slices, synthetic lesions and random numbers, the same again in a resumed run."""

    def __init__(self, loaders: Loaders) -> None:
        self.loaders = loaders

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        """Reseed before the first batch is drawn."""
        epoch, loader = trainer.current_epoch, trainer.train_dataloader
        self.loaders.set_epoch(epoch)
        seed_everything(self.loaders.noise_seed(epoch, trainer.global_rank), workers=True, verbose=False)
        if loader is not None:
            fresh = self.loaders.draw(epoch, trainer.global_rank, trainer.world_size)
            loader.sampler.generator = fresh.generator


def cache_beside(run: Path, config: TrainConfig) -> Path | None:
    """Return the folder of preprocessed slices that a run shares with its neighbours, None where it keeps none."""
    return run.parent / CACHE_FOLDER if config.data.cache else None


def worker_count(config: TrainConfig) -> int:
    """Return loader processes: on a GPU one per core left over, on the CPU one that reads while the rest compute."""
    if config.data.workers is not None:
        return config.data.workers
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(MAX_WORKERS, cores - 1) if torch.cuda.is_available() else min(1, cores - 1)


def _loading(workers: int) -> dict[str, Any]:
    return {
        "num_workers": workers,
        "persistent_workers": workers > 0,
        "pin_memory": torch.cuda.is_available(),
        "prefetch_factor": 4 if workers else None,
    }
