"""Batches of slices whose features LiteMedSAM's image encoder has given once; test is never opened."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from cpam_train.config import TrainConfig
from cpam_train.data.prompted_slices import PromptedRow, few_of_each, prompted_rows
from cpam_train.data.slices import SliceRow
from cpam_train.evaluation.progress import ProgressLines
from cpam_train.fitting.batches import FINGERPRINT
from cpam_train.fitting.division import divide
from cpam_train.fitting.fingerprint import fingerprint
from cpam_train.fitting.prompted_batches import ReadLoaders, prompted_weights
from cpam_train.fitting.slice_batches import is_new, summarise
from cpam_train.medsam.featured_slices import FeaturedDataset
from cpam_train.medsam.features import FeatureCache
from cpam_train.medsam.input import LOOKED_AT
from cpam_train.medsam.network import published, published_origin
from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.errors import ConfigError
from napari_cpam_stroke.inference.device import pick_device


class MedSamLoaders(ReadLoaders):
    """Batches of lesion slices for LiteMedSAM, with the prompts of simulated readers.

    Raises
    ------
    ConfigError
        If the settings are for BraTS, keep no cache, or show the slices otherwise than it was taught with.
    InputError
        If its package is not installed, or training or validation would be empty.
    """

    train: FeaturedDataset
    validation: FeaturedDataset

    def __init__(self, store: AnnotationStore, config: TrainConfig, *, cache: Path | None) -> None:
        super().__init__(config)
        if cache is None:
            raise ConfigError("LiteMedSAM's features are kept on disk", remedy="leave data.cache as it is")
        if config.preprocess != LOOKED_AT:
            raise ConfigError(
                "LiteMedSAM looks at slices as it was taught", remedy="leave the settings of preprocess as they are"
            )
        division = divide(store, config)
        self.store, self.split_rule, self.remarks = store, division.rule, division.remarks
        train, validation = (_lesions(rows, config.data.per_patient) for rows in (division.train, division.validation))
        self.weights = prompted_weights(train, config.data)
        self._cache = FeatureCache(cache, published_origin().sha256, pick_device("auto"))
        self.train = FeaturedDataset(store, self._cache, train, seed=config.seed)
        self.validation = FeaturedDataset(store, self._cache, validation)

    def prepare(self, console: Console) -> None:
        """Compute the features that are not there yet, with a line now and then."""
        for remark in self.remarks:
            console.print(remark)
        rows = (*self.train.rows, *self.validation.rows)
        self._cache.fill(self.store, rows, published().image_encoder, ProgressLines("features", console.print))

    def summary(self) -> dict[str, Any]:
        """Return what a card says about the data."""
        parts = {name: _slices(data) for name, data in (("train", self.train), ("validation", self.validation))}
        seen = fingerprint(self.store, parts.values(), partial(is_new, data=self.config.data))
        counts = {name: summarise(rows) for name, rows in parts.items()}
        return {"split_rule": self.split_rule, **counts, FINGERPRINT: seen}


def _lesions(rows: list[SliceRow], per_patient: int | None) -> list[PromptedRow]:
    shown = [each for each in prompted_rows(rows) if each.present]
    return shown if per_patient is None else few_of_each(shown, per_patient)


def _slices(data: FeaturedDataset) -> tuple[SliceRow, ...]:
    """Return each slice once, whether it is asked for one class or for two."""
    return tuple({(each.row.case.case_id, each.row.z): each.row for each in data.rows}.values())
