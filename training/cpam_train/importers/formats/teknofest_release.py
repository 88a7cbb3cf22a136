"""The full TEKNOFEST-2021 release: Turkish folder names, outlines painted over PNGs, a competition part."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cpam_train.importers.dicom_run import Labelled
from cpam_train.importers.dicom_slice import read_dicom_slice
from cpam_train.importers.formats.teknofest_slices import AUTHOR, read_groups, run_candidate
from cpam_train.importers.images import (
    JPEG_RANGE,
    JPEG_WINDOW,
    read_grey,
    read_pixels,
    require_same_shape,
    window_notice,
    window_to_hu,
)
from cpam_train.importers.knowledge import annotate
from cpam_train.importers.layout import by_stem, child, folded
from cpam_train.importers.options import ImportOptions
from cpam_train.importers.record import Candidate, ImportedCase
from cpam_train.importers.uid_groups import group_of_uid
from cpam_train.importers.uid_order import find_runs, read_slice_name
from napari_cpam_stroke.core import CTVolume, LesionClass
from napari_cpam_stroke.core.label_values import labels_from_values
from napari_cpam_stroke.errors import InputError

COMPETITION, NO_STROKE, HEMORRHAGE, ISCHEMIA = "yarisma", "inmeyok", "kanama", "iskemi"
"""Folded names: competition, no stroke, hemorrhage, ischemia."""

LAYOUT = (
    "DICOM/, masks/ and groups.csv, or the release's folders: a name with İskemi, Kanama or Yarisma "
    "that holds DICOM/ beside PNG/ and OVERLAY/ or MASKS/, and İnme Yok..._PNG/"
)


@dataclass(frozen=True)
class Section:
    """One folder of the release and what its name says of every slice in it."""

    folder: Path
    kind: str


def find_release(src: Path, options: ImportOptions) -> list[Candidate]:
    """Return the slices of every section below `src`, in runs where their UIDs order them.

    Training sections have no masks: the outline is where OVERLAY differs from PNG, and the class is the section's.
    Slices of the no-stroke section are PNG only and read as the window 40 / 120. Competition masks hold class values
    (`options.label_values`). Groups come from scanner and day of the UID unless `options.groups` is given.
    """
    groups = read_groups(options.groups) if options.groups else {}
    candidates: dict[str, Candidate] = {}
    for section in _sections(src):
        for candidate in _candidates(section, options, groups):
            candidates.setdefault(candidate.case_id, candidate)
    if not candidates:
        raise InputError("Folder does not have the expected layout", got=src, expected=LAYOUT)
    return list(candidates.values())


def _sections(src: Path) -> Iterator[Section]:
    folders = [src, *(p for p in sorted(src.rglob("*")) if p.is_dir())]
    for folder in folders:
        kind = _kind(folder)
        if kind and (child(folder, "dicom") or (kind == NO_STROKE and any(folder.glob("*.png")))):
            yield Section(folder, kind)


def _kind(folder: Path) -> str:
    """Return what the nearest telling name on the way up says."""
    for part in (folder, *folder.parents):
        for kind in (COMPETITION, NO_STROKE, HEMORRHAGE, ISCHEMIA):
            if kind in folded(part.name):
                return kind
    return ""


def _candidates(section: Section, options: ImportOptions, groups: dict[str, str]) -> Iterator[Candidate]:
    dicom = child(section.folder, "dicom")
    if dicom is None:
        for name, path in by_stem(section.folder, ".png").items():
            yield Candidate(f"teknofest-{name}", partial(_read_png, path, groups.get(name, f"png-{name}")))
        return
    prefix = f"{folded(section.folder.name)[-7:]}-" if section.kind == COMPETITION else ""
    parts = {p: by_stem(child(section.folder, p) or dicom / "-", ".png") for p in ("masks", "png", "overlay")}
    files = by_stem(dicom, ".dcm", "")
    named = {name: read_slice_name(path) for name, path in files.items()}
    group_of = {name: groups.get(name) or group_of_uid(one.instance_uid or name) for name, one in named.items()}
    read = partial(_read_dicom, files, parts, section.kind, options)
    for run in find_runs((group_of[name], one) for name, one in named.items()):
        yield run_candidate(f"teknofest-{prefix}", run, read, group_of[run.first])


def _read_dicom(
    files: dict[str, Path], parts: dict[str, dict[str, Path]], kind: str, options: ImportOptions, name: str
) -> Labelled:
    pixels = read_dicom_slice(files[name])
    pictures = {part: by_name.get(name) for part, by_name in parts.items()}
    return pixels, _mask(pictures, kind, options, pixels.hu.shape, files[name].name)


def _mask(
    files: dict[str, Path | None], kind: str, options: ImportOptions, shape: tuple[int, ...], name: str
) -> NDArray[np.uint8]:
    if kind == NO_STROKE:
        return np.zeros(shape, dtype=np.uint8)
    if files["masks"] is not None:
        return labels_from_values(read_grey(files["masks"]), options.value_meanings, f"Mask of {name}")
    if kind == COMPETITION or files["overlay"] is None or files["png"] is None:
        raise InputError(f"Slice {name} has no mask", expected="MASKS/<id>.png, or PNG/<id>.png and OVERLAY/<id>.png")
    lesion = painted(read_pixels(files["png"]), read_pixels(files["overlay"]), name)
    return np.where(
        lesion, np.uint8(LesionClass.HEMORRHAGE if kind == HEMORRHAGE else LesionClass.ISCHEMIA), np.uint8(0)
    )


def painted(plain: NDArray[np.uint8], overlay: NDArray[np.uint8], name: str) -> NDArray[np.bool_]:
    """Return bool (Y, X): inside the outline, which is one pixel wide and lies around the filled lesion."""
    require_same_shape(plain, overlay, name)
    changed = plain != overlay
    changed = changed if changed.ndim == 2 else changed.any(axis=2)
    return np.asarray(ndimage.binary_erosion(changed))


def _read_png(path: Path, group: str) -> ImportedCase:
    hu = window_to_hu(read_grey(path))[None]
    notices = (window_notice("8-bit PNG", JPEG_WINDOW),)
    volume = CTVolume(hu, None, f"teknofest-{path.stem}", f"teknofest-{group}", notices=notices)
    empty = np.zeros(hu.shape, dtype=np.uint8)
    return ImportedCase(
        volume,
        annotate(empty, ischemia="absent", hemorrhage="absent"),
        AUTHOR,
        JPEG_RANGE,
    )
