"""Whether a path looks like DICOM, told by a few bytes of a few files: napari waits for the answer."""

from __future__ import annotations

import os
from pathlib import Path

PREAMBLE = 128
MAGIC = b"DICM"

LOOKED_AT = 64
"""Files looked at before a folder is declined; the answer must come at once."""

SUFFIXES = {".dcm", ".ima", ".zip"}
OTHER_SUFFIXES = {
    ".tif",
    ".tiff",
    ".png",
    ".jpg",
    ".jpeg",
    ".nii",
    ".gz",
    ".zarr",
    ".npy",
    ".txt",
    ".csv",
    ".json",
    ".py",
}


def may_be_dicom(path: Path) -> bool:
    """Return whether a file, or one of the first files of a folder, looks like DICOM.

    Raises
    ------
    OSError
        If the path cannot be read.
    """
    if path.is_dir():
        return any(_is_dicom(file) for file in _some_files(path))
    return path.suffix.lower() in SUFFIXES or path.name == "DICOMDIR" or _is_dicom(path)


def _is_dicom(path: Path) -> bool:
    if path.suffix.lower() in OTHER_SUFFIXES or (path.exists() and not path.is_file()):  # a pipe would be waited for
        return False
    with path.open("rb") as file:
        return file.read(PREAMBLE + len(MAGIC))[PREAMBLE:] == MAGIC or path.suffix.lower() == ".dcm"


def _some_files(folder: Path) -> list[Path]:
    found: list[Path] = []
    for where, _, names in os.walk(folder):
        found += [Path(where, name) for name in sorted(names)]
        if len(found) >= LOOKED_AT:
            break
    return found[:LOOKED_AT]
