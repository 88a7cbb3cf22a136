"""A folder of pictures and a folder of label pictures of the same names; the user says window and values."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import NoReturn

from cpam_train.importers.images import require_same_shape
from cpam_train.importers.knowledge import annotate, knowledge_of
from cpam_train.importers.layout import by_stem, require_folder
from cpam_train.importers.options import ImportOptions
from cpam_train.importers.pictures import PICTURE_SUFFIXES, read_label_values, read_plain_grey
from cpam_train.importers.record import Candidate, ImportedCase
from napari_cpam_stroke.core import CTVolume
from napari_cpam_stroke.core.label_values import ValueMeanings, labels_from_values
from napari_cpam_stroke.dicom.headers.pseudonym import case_pseudonym
from napari_cpam_stroke.errors import InputError

SOURCE = "png"
AUTHOR = "imported masks"
LAYOUT = "images/<slice>.png and masks/<slice>.png"


def find_png(src: Path, options: ImportOptions) -> list[Candidate]:
    """One case per picture; names become pseudonyms."""
    require_folder(src)
    values = options.declared_values
    pictures, masks = by_stem(src / "images", *PICTURE_SUFFIXES), by_stem(src / "masks", *PICTURE_SUFFIXES)
    if not pictures:
        raise InputError("Folder does not have the expected layout", got=src, expected=LAYOUT)
    read = [_candidate(name, path, masks.get(name), values, options) for name, path in pictures.items()]
    return read + [_without_picture(name) for name in masks if name not in pictures]


def _candidate(name: str, picture: Path, mask: Path | None, values: ValueMeanings, options: ImportOptions) -> Candidate:
    case_id = _case_id(name)
    return Candidate(case_id, partial(_read, case_id, picture, mask, values, options), (name,))


def _without_picture(name: str) -> Candidate:
    def load() -> NoReturn:
        raise InputError("Mask has no picture", expected="a file of the same name in the folder images")

    return Candidate(_case_id(name), load, (name,), astray=True)


def _case_id(name: str) -> str:
    return f"{SOURCE}-{case_pseudonym(SOURCE, name)}"


def _read(case_id: str, path: Path, mask: Path | None, values: ValueMeanings, options: ImportOptions) -> ImportedCase:
    if mask is None:
        raise InputError("Picture has no mask", expected="a file of the same name in the folder masks")
    picture = read_plain_grey(path, options.grey_window, zero_hu=options.zero_hu)
    drawn = read_label_values(mask)
    require_same_shape(picture.hu, drawn, case_id)
    labels = labels_from_values(drawn[None], values, f"Mask of {case_id}")
    return ImportedCase(
        CTVolume(picture.hu[None], None, case_id, patient_id=case_id, notices=picture.notices),
        annotate(labels, **knowledge_of(values.values(), options.unknown_classes)),
        AUTHOR,
        picture.hu_range,
    )
