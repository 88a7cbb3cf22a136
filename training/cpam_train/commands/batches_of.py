"""Which batches for which store."""

from __future__ import annotations

from functools import partial

from cpam_train.brats.folder import BratsFolder
from cpam_train.brats.loaders import BratsLoaders
from cpam_train.fitting.batches import LoaderFactory
from cpam_train.fitting.medsam_batches import MedSamLoaders
from cpam_train.fitting.prompted_batches import PromptedLoaders
from cpam_train.fitting.slice_batches import SliceLoaders
from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.errors import ConfigError


def batches_of(source: AnnotationStore | BratsFolder, *, prompted: bool = False, medsam: bool = False) -> LoaderFactory:
    """Return what makes the batches of a run: of CT slices from a store, of MR slices from a BraTS folder.

    Parameters
    ----------
    prompted, medsam
        With a simulated reader's prompts, as maps or as LiteMedSAM takes them.

    Raises
    ------
    ConfigError
        For prompts on BraTS.
    """
    if isinstance(source, BratsFolder):
        if prompted or medsam:
            raise ConfigError("BraTS has no prompts", remedy="give an annotation store")
        return partial(BratsLoaders, source)
    if medsam:
        return partial(MedSamLoaders, source)
    return partial(PromptedLoaders if prompted else SliceLoaders, source)
