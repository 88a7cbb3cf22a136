"""AISD: 8-bit slices per patient, ischemia outlined with diffusion MR at hand."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from cpam_train.importers.images import read_grey, require_same_shape, window_notice, window_range, window_to_hu
from cpam_train.importers.knowledge import annotate
from cpam_train.importers.layout import by_stem, numeric, require, require_folder
from cpam_train.importers.options import ImportOptions
from cpam_train.importers.record import Candidate, ImportedCase
from napari_cpam_stroke.config import BRAIN, Window
from napari_cpam_stroke.core import Acquisition, CTVolume, LesionClass
from napari_cpam_stroke.errors import InputError

THICKNESS_MM = 5.0
"""Of every series, as the authors say."""

LAYOUT = "images/<case>/<slice>.png and masks/<case>/<slice>.png"


def find_aisd(src: Path, options: ImportOptions) -> list[Candidate]:
    """One case per patient; every mask value above 0 is ischemia, hemorrhage was excluded.

    Grey is brought to HU by `options.grey_window`, the brain window where none is given: the release does not say.
    """
    require_folder(src)
    first = sorted({p.parent for p in src.glob("images/*/*.png")} | {p.parent for p in src.glob("image/*/*.png")})
    folders = require(first, src, LAYOUT)
    return [
        Candidate(f"aisd-{f.name}", partial(_read, f, _masks_beside(src, f.name), options.grey_window or BRAIN))
        for f in folders
    ]


def _masks_beside(src: Path, name: str) -> Path:
    return src / ("masks" if (src / "masks").is_dir() else "mask") / name


def _read(folder: Path, masks: Path, window: Window) -> ImportedCase:
    slices, outlines = by_stem(folder, ".png"), by_stem(masks, ".png")
    names = sorted(slices, key=numeric)
    missing = [name for name in names if name not in outlines]
    if missing:
        raise InputError(
            f"Slice {missing[0]} of {folder.name} has no mask", expected=f"masks/{folder.name}/{missing[0]}.png"
        )
    grey = [read_grey(slices[name]) for name in names]
    drawn = [read_grey(outlines[name]) > 0 for name in names]
    for image, lesion in zip(grey, drawn, strict=True):
        require_same_shape(grey[0], image, folder.name)
        require_same_shape(image, lesion, folder.name)
    hu = np.stack([window_to_hu(image, window) for image in grey])
    mask = np.where(np.stack(drawn), np.uint8(LesionClass.ISCHEMIA), np.uint8(0))
    name = f"aisd-{folder.name}"
    made = Acquisition(slice_thickness_mm=THICKNESS_MM)
    notices = (window_notice("8-bit PNG", window), *made.notices)
    return ImportedCase(
        CTVolume(hu, None, name, patient_id=name, notices=notices, acquisition=made),
        annotate(mask, ischemia="drawn", hemorrhage="absent"),
        "AISD readers",
        window_range(window),
        truth_source="MR",
    )
