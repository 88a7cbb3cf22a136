"""The stroke case in the user's own folder: whole or not at all, whenever the program is killed."""

from __future__ import annotations

from pathlib import Path

from napari_cpam_stroke.files import whole_folder
from napari_cpam_stroke.samples.stroke import MATRIX, SLICES, stroke_case
from napari_cpam_stroke.user_folder import application_home

PLACE = Path("samples") / "stroke_case"
"""In the program's own folder."""

PIXEL_BYTES = 2 * MATRIX * MATRIX
"""Of one slice; its file is longer by the header."""


def installed_stroke_case() -> Path:
    """Return the folder of the synthetic stroke case as DICOM files, written on first use.

    A folder that lacks something, as an earlier version left one when it was killed, is written anew.
    """
    folder = application_home() / PLACE
    if not is_whole(folder):
        _install(folder)
    return folder


def is_whole(folder: Path) -> bool:
    """Return whether a folder holds every slice of the stroke case, none of them cut off."""
    files = list(folder.glob("*.dcm"))
    return len(files) == SLICES and all(file.stat().st_size > PIXEL_BYTES for file in files)


def _install(folder: Path) -> None:
    with whole_folder(folder, existing="replace", durable=True) as staging:
        stroke_case(staging)
