"""Format name -> importer."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Protocol

from cpam_train.importers.aisd import find_aisd
from cpam_train.importers.ct_ich import find_ct_ich
from cpam_train.importers.ct_ich_nifti import find_ct_ich_nifti
from cpam_train.importers.dicom_seg import find_dicom_seg
from cpam_train.importers.fill import Progress, fill_store
from cpam_train.importers.nifti_pairs import find_bhsd, find_instance, find_nifti, find_nnunet
from cpam_train.importers.options import ImportOptions
from cpam_train.importers.pairs import find_cpaisd, find_mbh
from cpam_train.importers.record import Candidate, ImportSummary
from cpam_train.importers.rsna import find_rsna
from cpam_train.importers.teknofest import find_teknofest
from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.errors import InputError, nearest


class Importer(Protocol):
    """Brings a folder of one format into a store."""

    def __call__(
        self, src: Path, store: AnnotationStore, options: ImportOptions = ..., *, progress: Progress | None = ...
    ) -> ImportSummary:
        """Import everything new below `src`."""


FINDERS: dict[str, Callable[[Path, ImportOptions], list[Candidate]]] = {
    "teknofest": find_teknofest,
    "ct-ich": find_ct_ich,
    "ct-ich-nifti": find_ct_ich_nifti,
    "cpaisd": find_cpaisd,
    "instance": find_instance,
    "bhsd": find_bhsd,
    "mbh": find_mbh,
    "aisd": find_aisd,
    "rsna": find_rsna,
    "nnunet": find_nnunet,
    "nifti": find_nifti,
    "dicom-seg": find_dicom_seg,
}
"""What each format consists of; the name is also the `source` of its cases."""

BRATS = "brats"
FORMATS: tuple[str, ...] = (*FINDERS, BRATS)
"""Names that `cpam-train import` knows."""


def import_cases(
    source: str,
    src: Path,
    store: AnnotationStore,
    options: ImportOptions | None = None,
    *,
    progress: Progress | None = None,
) -> ImportSummary:
    """Import everything of format `source` below `src` that the store does not hold yet.

    Raises
    ------
    InputError
        For an unknown format, a folder of another layout, or when no case could be used.
    """
    _require_format(source)
    if source == BRATS:
        raise InputError("BraTS is no CT and has a folder of its own", remedy="use import_into with that folder")
    options = options or ImportOptions()
    return fill_store(store, source, FINDERS[source](src, options), options, progress=progress)


def import_into(
    source: str,
    src: Path,
    where: str | Path,
    options: ImportOptions | None = None,
    *,
    progress: Progress | None = None,
) -> ImportSummary:
    """Import into whatever the format needs at `where`: an annotation store, or for BraTS a folder of MR cases.

    Raises
    ------
    InputError
        As `import_cases`; nothing is made at `where` for an unknown format or a folder of another layout.
    """
    _require_format(source)
    if source == BRATS:
        from cpam_train.brats import BratsFolder, import_brats

        return import_brats(src, BratsFolder.open(Path(where)), options, progress=progress)
    options = options or ImportOptions()
    candidates = FINDERS[source](src, options)
    with AnnotationStore.open(where) as store:
        return fill_store(store, source, candidates, options, progress=progress)


def _require_format(source: str) -> None:
    if source not in FORMATS:
        raise InputError(f"Unknown format {source!r}{nearest(source, FORMATS)}", expected=", ".join(FORMATS))


IMPORTERS: dict[str, Importer] = {name: partial(import_cases, name) for name in FINDERS}
"""Importers by the name given to `cpam-train import`."""
