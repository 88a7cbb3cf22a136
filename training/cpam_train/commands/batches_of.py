"""Which batches for which store."""

from __future__ import annotations

from functools import partial

from cpam_train.brats.folder import BratsFolder
from cpam_train.brats.loaders import BratsLoaders
from cpam_train.fitting.batches import LoaderFactory
from cpam_train.fitting.slice_batches import SliceLoaders
from napari_cpam_stroke.annotations import AnnotationStore


def batches_of(source: AnnotationStore | BratsFolder) -> LoaderFactory:
    """Return what makes the batches of a run: of CT slices from a store, of MR slices from a BraTS folder."""
    return partial(BratsLoaders, source) if isinstance(source, BratsFolder) else partial(SliceLoaders, source)
