"""Which batches for which store."""

from __future__ import annotations

from functools import partial

from cpam_train.brats.folder import BratsFolder
from cpam_train.brats.loaders import BratsLoaders
from cpam_train.fitting.batches import LoaderFactory
from cpam_train.fitting.prompted_batches import PromptedLoaders
from cpam_train.fitting.slice_batches import SliceLoaders
from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.errors import ConfigError


def batches_of(source: AnnotationStore | BratsFolder, *, prompted: bool = False) -> LoaderFactory:
    """Return what makes the batches of a run: of CT slices from a store, of MR slices from a BraTS folder.

    Parameters
    ----------
    prompted
        With a simulated reader's prompts.

    Raises
    ------
    ConfigError
        For prompts on BraTS.
    """
    if isinstance(source, BratsFolder):
        if prompted:
            raise ConfigError("BraTS has no prompts", remedy="give an annotation store")
        return partial(BratsLoaders, source)
    return partial(PromptedLoaders if prompted else SliceLoaders, source)
