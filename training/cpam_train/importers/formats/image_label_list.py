"""Lists of NIfTI images and label images: MONAI's datalist, and the Medical Segmentation Decathlon, which began it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from cpam_train.importers.formats.dataset_json import meanings_of_dataset
from cpam_train.importers.formats.nifti_pairs import PairRules, case_id_of, own_rules, read_case
from cpam_train.importers.layout import require_folder
from cpam_train.importers.listed import grouped, listed_names, listed_path, only_json, read_json, told_once
from cpam_train.importers.options import ImportOptions
from cpam_train.importers.record import Candidate, ImportedCase
from napari_cpam_stroke.core import NoticeCode
from napari_cpam_stroke.core.notice import Notice, info
from napari_cpam_stroke.errors import InputError

PARTS = ("training", "validation", "testing", "test")
"""Keys of a list under which images stand."""

TEST_PARTS = ("testing", "test")
"""Of these, images without a label are usual and no case."""

LAYOUT = '{"training": [{"image": "imagesTr/a.nii.gz", "label": "labelsTr/a.nii.gz"}]}, also validation, testing'


@dataclass(frozen=True)
class _Pair:
    """One entry; `label` is None where it names none."""

    image: str
    label: str | None


def find_monai(src: Path, options: ImportOptions) -> list[Candidate]:
    """MONAI's datalist (JSON): values by `labels` in it, else by the user's word; paths count from `options.root`."""
    path = only_json(src, LAYOUT)
    data = read_json(path, LAYOUT)
    if "labels" in data:
        values, notices = meanings_of_dataset(data, path, options)
        rules = own_rules("monai", values, options, notices)
    else:
        rules = own_rules("monai", options.declared_values, options)
    return _candidates(data, path, options.root or path.parent, rules)


def find_msd(src: Path, options: ImportOptions) -> list[Candidate]:
    """Medical Segmentation Decathlon, one task: `dataset.json` lists images and names the values."""
    require_folder(src)
    path = src / "dataset.json"
    data = read_json(path, LAYOUT)
    values, notices = meanings_of_dataset(data, path, options)
    return _candidates(data, path, src, own_rules("msd", values, options, notices))


def _candidates(data: dict[str, Any], path: Path, root: Path, rules: PairRules) -> list[Candidate]:
    parts = {part: list(_pairs(data[part], part, path)) for part in PARTS if data.get(part)}
    pairs = [p for part, listed in parts.items() for p in listed if p.label is not None or part not in TEST_PARTS]
    if not pairs:
        raise InputError(f"{path.name} lists no image with a label", got=", ".join(data) or "nothing", expected=LAYOUT)
    rules = rules.with_notices(_parts_notice(parts))
    listed = grouped((pair.image, pair) for pair in pairs)
    names = listed_names(listed)
    once, contradictory = told_once(listed)
    read = [_candidate(rules, root, once[image], names[image]) for image in listed if image in once]
    return read + [_refused(rules, names[image], count) for image, count in contradictory.items()]


def _pairs(entries: object, part: str, path: Path) -> Iterator[_Pair]:
    """Yield the entries of one part of the list; a bare path is an image without a label."""
    if not isinstance(entries, list):
        raise InputError(f"{part!r} in {path.name} is no list", got=type(entries).__name__, expected=LAYOUT)
    for number, entry in enumerate(entries, start=1):
        where = f"entry {number} of {part!r} in {path.name}"
        given = {"image": entry} if isinstance(entry, str) else entry
        if not isinstance(given, dict):
            raise InputError(f"Cannot read {where}", got=type(entry).__name__, expected=LAYOUT)
        image = _one_file(given.get("image"), f"image of {where}")
        if image is None:
            raise InputError(f"No image in {where}", expected=LAYOUT)
        yield _Pair(image, _one_file(given.get("label"), f"label of {where}"))


def _one_file(value: object, what: str) -> str | None:
    """Return the only file that an entry names; None where it names none."""
    files = value if isinstance(value, list) else [value]
    if len(files) != 1:
        raise InputError(f"Several files as {what}", got=len(files), expected="one: non-contrast CT has one channel")
    if files[0] is None:
        return None
    if not isinstance(files[0], str) or not files[0].strip():
        raise InputError(
            f"No file as {what}", got=repr(files[0]), remedy="use the format csv for labels of whole files"
        )
    return files[0]


def _parts_notice(parts: dict[str, list[_Pair]]) -> tuple[Notice, ...]:
    """Return what is said of a list that divides its images: splits are drawn by patient, not taken from it."""
    bare = sum(pair.label is None for part in TEST_PARTS for pair in parts.get(part, ()))
    labelled = {part: sum(pair.label is not None for pair in pairs) for part, pairs in parts.items()}
    told = ", ".join(f"{part} {count}" for part, count in labelled.items() if count)
    sentences = []
    if bare:
        sentences.append(f"{bare} test images of the list have no label and are no cases.")
    if sum(count > 0 for count in labelled.values()) > 1:
        sentences.append(f"The list divides its images ({told}); splits are drawn by patient all the same.")
    return tuple(info(NoticeCode.SET_APART, sentence) for sentence in sentences)


def _candidate(rules: PairRules, root: Path, pair: _Pair, names: tuple[str, ...]) -> Candidate:
    case_id = case_id_of(rules, names[-1])
    return Candidate(case_id, partial(_read, rules, case_id, root, pair), names)


def _refused(rules: PairRules, names: tuple[str, ...], count: int) -> Candidate:
    """Return a candidate that says that one image is listed with several labels."""

    def load() -> NoReturn:
        raise InputError(f"The list names an image {count} times with different labels", expected="one label each")

    return Candidate(case_id_of(rules, names[-1]), load, names)


def _read(rules: PairRules, case_id: str, root: Path, pair: _Pair) -> ImportedCase:
    if pair.label is None:
        raise InputError("The list names no label for this image", expected="image and label")
    return read_case(rules, case_id, listed_path(root, pair.image), listed_path(root, pair.label))
