"""TEKNOFEST-2021 stroke set: the plain slice folder with groups, and the ministry's full release."""

from __future__ import annotations

from pathlib import Path

from cpam_train.importers.formats.teknofest_release import COMPETITION, find_release
from cpam_train.importers.formats.teknofest_slices import find_slices
from cpam_train.importers.layout import child, named, require_folder
from cpam_train.importers.options import ImportOptions
from cpam_train.importers.record import Candidate


def find_teknofest(src: Path, options: ImportOptions) -> list[Candidate]:
    """Slices of either layout; the set has no positions and no series, but most UIDs tell order and distance.

    One case is a run of ordered slices; a slice whose UID orders nothing is a case of its own.

    Slice folder: `DICOM/<id>.dcm`, `masks/<id>.png` (ischemia), `groups.csv`. Full release: see `teknofest_release`.
    """
    require_folder(src)
    dicom, masks = child(src, "dicom"), child(src, "masks")
    if dicom is not None and masks is not None and not named(src, COMPETITION):
        return find_slices(src, dicom, masks, options)
    return find_release(src, options)
