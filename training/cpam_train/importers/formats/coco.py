"""COCO instances: pictures, and outlines as polygons or run lengths in one JSON file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from cpam_train.importers.formats.coco_outlines import Outline, mask_of
from cpam_train.importers.knowledge import annotate, knowledge_of
from cpam_train.importers.listed import grouped, listed_names, listed_path, only_json, read_json
from cpam_train.importers.options import ImportOptions
from cpam_train.importers.pictures import read_plain_grey
from cpam_train.importers.record import Candidate, ImportedCase
from napari_cpam_stroke.core import CTVolume
from napari_cpam_stroke.core.label_values import ValueMeanings, meanings_of_names
from napari_cpam_stroke.core.notice import Notice
from napari_cpam_stroke.dicom.headers.pseudonym import case_pseudonym
from napari_cpam_stroke.errors import InputError

SOURCE = "coco"
AUTHOR = "imported outlines"
LAYOUT = (
    '{"images": [{"id": 1, "file_name": "a.png", "height": 512, "width": 512}], "categories": [{"id": 1, '
    '"name": "hemorrhage"}], "annotations": [{"image_id": 1, "category_id": 1, "segmentation": ...}]}'
)


@dataclass(frozen=True)
class _Image:
    """One entry of `images`."""

    id: int
    file_name: str
    shape: tuple[int, int]


@dataclass(frozen=True, eq=False)
class _Set:
    """What holds for every image of a file."""

    folder: Path
    values: ValueMeanings
    notices: tuple[Notice, ...]
    options: ImportOptions


def find_coco(src: Path, options: ImportOptions) -> list[Candidate]:
    """One case per image; categories by their names or the user's word, names of files become pseudonyms."""
    path = only_json(src, LAYOUT)
    data = read_json(path, LAYOUT)
    try:
        images = [_image(entry) for entry in data["images"]]
        named = [(_whole(entry["id"]), str(entry["name"])) for entry in data["categories"]]
        outlines = grouped((str(entry["image_id"]), _outline(entry)) for entry in data["annotations"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{path.name} is no COCO file of instances", got=repr(error), expected=LAYOUT) from error
    values, notices = meanings_of_names(named, options.labels)
    whole = _Set(options.images or _folder_of_images(path), values, notices, options)
    return _candidates(whole, images, outlines, path)


def _candidates(
    whole: _Set, images: Sequence[_Image], outlines: Mapping[str, list[Outline]], path: Path
) -> list[Candidate]:
    if not images:
        raise InputError(f"{path.name} lists no image", expected=LAYOUT)
    by_file = grouped((image.file_name, image) for image in images)
    ids = grouped((str(image.id), image) for image in images)
    names = listed_names(by_file)
    twice = {name for name, entries in by_file.items() if any(len(ids[str(e.id)]) > 1 for e in entries)}
    found = []
    for name, entries in by_file.items():
        case_id = f"{SOURCE}-{case_pseudonym(SOURCE, names[name][-1])}"
        if len(entries) > 1 or name in twice:
            load: Any = partial(_refuse, "Image, or its number, is listed more than once", "one entry each")
        else:
            load = partial(_read, whole, case_id, entries[0], outlines.get(str(entries[0].id), []))
        found.append(Candidate(case_id, load, names[name]))
    strange = sorted(outlines.keys() - ids.keys())
    return found + [_astray(number, len(outlines[number])) for number in strange]


def _refuse(sentence: str, expected: str) -> NoReturn:
    raise InputError(sentence, expected=expected)


def _astray(number: str, count: int) -> Candidate:
    sentence = f"{count} outlines belong to the image {number}, which is not listed"
    name = f"image {number}"
    return Candidate(
        f"{SOURCE}-{case_pseudonym(SOURCE, name)}",
        partial(_refuse, sentence, "an entry in images"),
        (name,),
        astray=True,
    )


def _image(entry: dict[str, Any]) -> _Image:
    shape = (_whole(entry["height"]), _whole(entry["width"]))
    if not isinstance(entry["file_name"], str) or not entry["file_name"] or min(shape) < 1:
        raise ValueError(entry["file_name"])
    return _Image(_whole(entry["id"]), entry["file_name"], shape)


def _outline(entry: dict[str, Any]) -> Outline:
    return Outline(_whole(entry["category_id"]), entry.get("segmentation"))


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(value)
    return value


def _folder_of_images(path: Path) -> Path:
    beside = path.parent / "images"
    return beside if beside.is_dir() else path.parent


def _read(whole: _Set, case_id: str, image: _Image, outlines: Sequence[Outline]) -> ImportedCase:
    options = whole.options
    if not outlines and options.unannotated == "skip":
        raise InputError(
            "Nothing is outlined on this image",
            remedy="if such images are free of lesions, say --set unannotated=free",
        )
    picture = read_plain_grey(listed_path(whole.folder, image.file_name), options.grey_window, zero_hu=options.zero_hu)
    if picture.hu.shape != image.shape:
        raise InputError(
            "The list gives this image another size than it has", got=image.shape, expected=f"{picture.hu.shape}"
        )
    labels, overlap = mask_of(outlines, whole.values, image.shape)
    return ImportedCase(
        CTVolume(picture.hu[None], None, case_id, patient_id=case_id, notices=picture.notices),
        annotate(labels[None], **knowledge_of(whole.values.values(), options.unknown_classes)),
        AUTHOR,
        picture.hu_range,
        notices=(*whole.notices, *overlap),
    )
