"""Folders, DICOMDIR, zip and DICOM files that napari hands on. Imported at plugin discovery: keep it light."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from napari_cpam_stroke.widgets.reading.likely_dicom import may_be_dicom

LayerData = tuple[Any, ...]
PathOrPaths = str | Sequence[str]


def get_reader(path: PathOrPaths) -> Callable[[PathOrPaths], list[LayerData]] | None:
    """Return a reader for what looks like DICOM, else None; never raises."""
    try:
        paths = _listed(path)
        return read if paths and all(map(may_be_dicom, paths)) else None
    except OSError:
        return None


def read(path: PathOrPaths) -> list[LayerData]:
    """Open in the reading room of the current viewer, or return the CT as a plain layer where there is no viewer.

    napari hands several files on one by one; those that follow each other at once are opened together.
    """
    from napari_cpam_stroke.widgets.contributions.reader_choice import offer_to_remember
    from napari_cpam_stroke.widgets.room import open_in_current_viewer, plain_layer

    paths = _listed(path)
    if not open_in_current_viewer(paths):
        return [plain_layer(paths)]
    offer_to_remember(paths[0])
    return [(None,)]


def _listed(path: PathOrPaths) -> list[Path]:
    return [Path(path)] if isinstance(path, str | os.PathLike) else [Path(each) for each in path]
