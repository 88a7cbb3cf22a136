"""Which batches for which store and which network."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from cpam_train.brats.folder import BratsFolder
from cpam_train.brats.loaders import BratsLoaders
from cpam_train.config import TrainConfig
from cpam_train.fitting.batches import LoaderFactory, Loaders
from cpam_train.fitting.medsam_batches import MedSamLoaders
from cpam_train.fitting.prompted_batches import PromptedLoaders
from cpam_train.fitting.slice_batches import SliceLoaders
from cpam_train.medsam.input import is_medsam
from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.errors import ConfigError


def batches_of(source: AnnotationStore | BratsFolder) -> LoaderFactory:
    """Return what makes the batches of a run: of CT slices from a store, of MR slices from a BraTS folder.

    Asked with the settings of a run it gives the slices as they are, or with a simulated reader's prompts, as maps or
    as LiteMedSAM takes them.

    Raises
    ------
    ConfigError
        When asked for prompts on BraTS.
    """
    return partial(_batches, source)


def _batches(source: AnnotationStore | BratsFolder, config: TrainConfig, *, cache: Path | None) -> Loaders:
    prompted, medsam = config.prompts is not None, is_medsam(config.model)
    if isinstance(source, BratsFolder):
        if prompted or medsam:
            raise ConfigError("BraTS has no prompts", remedy="give an annotation store")
        return BratsLoaders(source, config, cache=cache)
    if medsam:
        return MedSamLoaders(source, config, cache=cache)
    return (PromptedLoaders if prompted else SliceLoaders)(source, config, cache=cache)
