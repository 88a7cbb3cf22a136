"""Hazards of identifiers: absent in some slices, different in every slice, of two patients, in two forms."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hazard_suite.base import EVEN, Hazard, Truth, datasets, save_all, truth_of
from hazard_suite.files import enhanced_dataset
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from napari_cpam_stroke.samples import save_dataset

HALF = len(EVEN) // 2


def _each(edit):
    """The plain series with every slice changed by its number."""

    def build(folder: Path) -> Truth:
        truth = truth_of()
        items = datasets(truth)
        for number, item in enumerate(items):
            item.SeriesNumber = 2
            edit(number, item)
        save_all(folder, items)
        return truth

    return build


def _own(*names: str):
    """Give every slice UIDs of its own."""

    def edit(_: int, item: Dataset) -> None:
        for name in names:
            setattr(item, name, generate_uid())

    return edit


def _without(*names: str, where=lambda number: number % 2):
    """Take identifiers away from some slices."""

    def edit(number: int, item: Dataset) -> None:
        if where(number):
            for name in names:
                if name in item:
                    delattr(item, name)

    return edit


def _random(number: int) -> bool:
    return bool(np.random.default_rng(number).random() < 0.4)


def _alternating_uids(number: int, item: Dataset) -> None:
    item.SeriesInstanceUID += f".{1 + number % 2}"


def _alternating_patients(number: int, item: Dataset) -> None:
    if number % 2:
        item.PatientID, item.PatientName = "OTHER-7", "Other^One"


def _unnamed_between_two(number: int, item: Dataset) -> None:
    if number % 3 == 1:
        item.PatientID, item.PatientName = "OTHER-7", "Other^One"
    if number % 3 == 2:
        del item.PatientID, item.PatientName


def _uids_and_patients(number: int, item: Dataset) -> None:
    item.SeriesInstanceUID = generate_uid()
    _alternating_patients(number, item)


def _described(number: int, item: Dataset) -> None:
    item.SeriesInstanceUID, item.SeriesDescription = generate_uid(), f"Head {number + 1} of {len(EVEN)}"


def _one_of(keyword: str, first: str, second: str, where):
    """Give some slices one value and the rest the other."""

    def edit(number: int, item: Dataset) -> None:
        setattr(item, keyword, first if where(number) else second)

    return edit


def _upper(number: int) -> bool:
    return number >= HALF


def _two_forms(folder: Path) -> Truth:
    truth = truth_of()
    singles, enhanced = datasets(truth), enhanced_dataset(truth)
    enhanced.SOPInstanceUID = generate_uid()
    save_all(folder, singles)
    save_dataset(folder / "enhanced", enhanced)
    return truth


JOINED, LACKING = ("a Series Instance UID of its own",), ("lack an identifier",)
CONTESTED = ("name another", "Set apart")

HAZARDS = [
    Hazard("a Series UID per slice", _each(_own("SeriesInstanceUID")), says=JOINED, slices=26),
    Hazard(
        "Series UID and frame of reference per slice",
        _each(_own("SeriesInstanceUID", "FrameOfReferenceUID")),
        says=(*JOINED, "frame of reference each"),
        slices=26,
    ),
    Hazard("two Series UIDs in turn", _each(_alternating_uids), says=("different Series Instance UIDs",), slices=26),
    Hazard(
        "a frame of reference per slice",
        _each(_own("FrameOfReferenceUID")),
        says=("frame of reference each", "No frame of reference"),
        slices=26,
    ),
    Hazard("a study per slice", _each(_own("StudyInstanceUID")), says=("study each",), slices=26),
    Hazard("study in half", _each(_without("StudyInstanceUID")), says=LACKING, slices=26),
    Hazard("sex in half", _each(_one_of("PatientSex", "M", "", lambda n: n % 2)), says=LACKING, slices=26),
    Hazard("a Series UID and a description per slice", _each(_described), says=JOINED, slices=26),
    Hazard("patient's name in half", _each(_without("PatientName")), says=LACKING, slices=26),
    Hazard("patient's number in the lower half", _each(_without("PatientID", where=lambda n: n < HALF)), says=LACKING),
    Hazard("no patient in some slices", _each(_without("PatientName", "PatientID", where=_random)), says=LACKING),
    Hazard("frame of reference in half", _each(_without("FrameOfReferenceUID")), says=LACKING, slices=26),
    Hazard("kernel in half", _each(_without("ConvolutionKernel")), says=LACKING, slices=26),
    Hazard("image type in some", _each(_without("ImageType", where=_random)), says=LACKING, slices=26),
    Hazard("modality in half", _each(_without("Modality")), says=LACKING, slices=26),
    Hazard("classic and Enhanced under one UID", _two_forms, says=("lies here twice",), slices=26),
    Hazard("two patients in turn", _each(_alternating_patients), "split", CONTESTED, hu=None, measured=False),
    Hazard("two patients and slices of none", _each(_unnamed_between_two), "split", CONTESTED, hu=None, measured=False),
]
"""Every one under the truth of a plain series; of those that are split no part may be ready."""

APART = [
    ("two patients in turn", _each(_alternating_patients)),
    ("two patients and slices of none", _each(_unnamed_between_two)),
    ("a Series UID per slice, two patients", _each(_uids_and_patients)),
    ("two studies, one above the other", _each(_one_of("StudyInstanceUID", "1.2.3.9", "1.2.3.8", _upper))),
    ("two studies in turn", _each(_one_of("StudyInstanceUID", "1.2.3.9", "1.2.3.8", lambda n: n % 2))),
    ("two dates of birth", _each(_one_of("PatientBirthDate", "19310203", "19500101", _upper))),
    ("two sexes", _each(_one_of("PatientSex", "M", "F", _upper))),
    ("a Series UID and a study per slice", _each(_own("SeriesInstanceUID", "StudyInstanceUID"))),
]
"""Nothing of these may be ready."""
