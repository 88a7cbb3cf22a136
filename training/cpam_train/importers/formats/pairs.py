"""Single slices as an image and a colour mask of the same name: CPAISD and MBH-Seg."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from cpam_train.importers.formats.cpaisd_release import find_cpaisd_release
from cpam_train.importers.images import read_drawn, read_grey, require_same_shape
from cpam_train.importers.knowledge import Knowledge, annotate
from cpam_train.importers.layout import by_stem, require_folder
from cpam_train.importers.options import ImportOptions
from cpam_train.importers.record import Candidate, ImportedCase
from napari_cpam_stroke.core import CTVolume, LesionClass, NoticeCode
from napari_cpam_stroke.core.notice import info
from napari_cpam_stroke.errors import InputError

GREY_RANGE = (0, 255)
"""Measured in mid-brain, grey is about HU from 0 to 255 in both sets."""

SLICE_DIGITS = 3
"""Digits of the slice number at the end of an MBH-Seg name."""

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg")


def find_cpaisd(src: Path, _options: ImportOptions) -> list[Candidate]:
    """CPAISD, as pairs (red is core, green penumbra, both ischemia) or as released; patients have no hemorrhage."""
    require_folder(src)
    if release := find_cpaisd_release(src):
        return release
    return _find(src, "cpaisd", LesionClass.ISCHEMIA, {"ischemia": "drawn", "hemorrhage": "absent"}, "CPAISD readers")


def find_mbh(src: Path, _options: ImportOptions) -> list[Candidate]:
    """MBH-Seg pairs: one colour per bleed type, all hemorrhage; ischemia was not looked for.

    Names are the volume's number and three digits of the slice's: the volume is the group.
    """
    return _find(src, "mbh", LesionClass.HEMORRHAGE, {"ischemia": "unknown", "hemorrhage": "drawn"}, "MBH-Seg readers")


def _find(src: Path, source: str, lesion: LesionClass, knowledge: dict[str, Knowledge], author: str) -> list[Candidate]:
    require_folder(src)
    images, masks = by_stem(src / "images", *IMAGE_SUFFIXES), by_stem(src / "masks", *IMAGE_SUFFIXES)
    if not images:
        raise InputError("Folder has no slices", got=src, expected="images/<slice>.png and masks/<slice>.png")
    read = partial(_read, source=source, lesion=lesion, knowledge=knowledge, author=author)
    return [Candidate(f"{source}-{name}", partial(read, path, masks.get(name))) for name, path in images.items()]


def _read(
    image: Path,
    mask: Path | None,
    *,
    source: str,
    lesion: LesionClass,
    knowledge: dict[str, Knowledge],
    author: str,
) -> ImportedCase:
    if mask is None:
        raise InputError(f"Image {image.name} has no mask", expected=f"masks/{image.stem}.png")
    grey, drawn = read_grey(image), read_drawn(mask)
    require_same_shape(grey, drawn, image.name)
    volume = CTVolume(
        grey.astype(np.int16)[None],
        None,
        f"{source}-{image.stem}",
        patient_id=f"{source}-{_group(source, image.stem)}",
        notices=(info(NoticeCode.EIGHT_BIT_SOURCE, "8-bit source, grey is HU"),),
    )
    labels = np.where(drawn, np.uint8(lesion), np.uint8(0))[None]
    return ImportedCase(volume, annotate(labels, **knowledge), author, GREY_RANGE)


def _group(source: str, name: str) -> str:
    volume_and_slice = source == "mbh" and name.isdigit() and len(name) > SLICE_DIGITS
    return name[:-SLICE_DIGITS] if volume_and_slice else name
