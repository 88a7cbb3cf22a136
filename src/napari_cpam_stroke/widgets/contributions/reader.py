"""Dropping a folder, DICOMDIR, zip or DICOM file on napari's window. Imported at plugin discovery: keep it light."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

LayerData = tuple[Any, ...]
PathOrPaths = str | Sequence[str]

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


def get_reader(path: PathOrPaths) -> Callable[[PathOrPaths], list[LayerData]] | None:
    """Return a reader for what looks like DICOM, else None; never raises."""
    try:
        paths = [path] if isinstance(path, str | os.PathLike) else list(path)
        return read if paths and all(_may_be_dicom(Path(p)) for p in paths) else None
    except OSError:
        return None


def read(path: PathOrPaths) -> list[LayerData]:
    """Open in the reading room of the current viewer, or return the CT as a plain layer where there is no viewer."""
    first = Path(path if isinstance(path, str | os.PathLike) else next(iter(path)))
    many = not isinstance(path, str | os.PathLike) and len(path) > 1
    from napari_cpam_stroke.widgets.room import open_in_current_viewer, plain_layer

    wanted = first.parent if many else first
    if open_in_current_viewer(wanted):
        return [(None,)]
    return [plain_layer(wanted)]


def _may_be_dicom(path: Path) -> bool:
    if path.is_dir():
        return any(_is_dicom(file) for file in _some_files(path))
    return path.suffix.lower() in SUFFIXES or path.name == "DICOMDIR" or _is_dicom(path)


def _is_dicom(path: Path) -> bool:
    if path.suffix.lower() in OTHER_SUFFIXES:
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
