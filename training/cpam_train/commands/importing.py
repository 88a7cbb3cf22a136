"""The one door for every format: an annotation store for CT, a folder of prepared cases for BraTS."""

from __future__ import annotations

from pathlib import Path

from cpam_train.importers import FINDERS, ImportOptions, ImportSummary, fill_store
from cpam_train.importers.patients import with_patients
from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.annotations.location import DATABASE_FILE
from napari_cpam_stroke.errors import InputError, nearest
from napari_cpam_stroke.progress import Progress

BRATS = "brats"
FORMATS: tuple[str, ...] = (*FINDERS, BRATS)
"""Names that `cpam-train import` knows."""


def import_into(
    source: str,
    src: Path,
    target: str | Path,
    options: ImportOptions | None = None,
    *,
    again: bool = False,
    progress: Progress | None = None,
) -> ImportSummary:
    """Import everything of format `source` below `src` that `target` does not hold yet.

    Parameters
    ----------
    target
        An annotation store, a folder or an address; for BraTS a folder of MR cases. It is made where it is not there.
    again
        What an earlier import read is read anew and replaced where no person has touched it.

    Raises
    ------
    InputError
        For an unknown format, a folder of another layout, BraTS into a store of CT, or when no case could be used;
        nothing is made at `target` but in the last case.
    """
    if source not in FORMATS:
        raise InputError(f"Unknown format {source!r}{nearest(source, FORMATS)}", expected=", ".join(FORMATS))
    options = options or ImportOptions()
    if source == BRATS:
        from cpam_train.brats import BratsFolder, import_brats

        if (Path(target) / DATABASE_FILE).is_file():
            raise InputError(
                "BraTS is no CT and needs a folder of its own", got=target, remedy="choose another --store"
            )
        if options.patients or options.patient_pattern:
            raise InputError("BraTS names its patients itself", remedy="leave out --patients and --patient-pattern")
        if again:
            raise InputError("BraTS cases are not replaced", remedy="import into a new --store")
        return import_brats(src, BratsFolder.open(Path(target)), options, progress=progress)
    candidates = with_patients(source, FINDERS[source](src, options), options)
    with AnnotationStore.open(target) as store:
        return fill_store(store, source, candidates, options, again=again, progress=progress)
