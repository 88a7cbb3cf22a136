"""Hazards of content: what does not belong into one volume, and what must be said about a series."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hazard_suite.base import EVEN, Hazard, Truth, datasets, save_all, text, truth_of
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

HALF = len(EVEN) // 2


def _second(edit, *, description: str = "second", shift: int = 0) -> list[Dataset]:
    """Return a second stack under the same Series UID, its HU moved by `shift` so that a mixture shows."""
    truth = truth_of()
    items = datasets(Truth(truth.geometry, truth.hu + np.int16(shift)))
    for number, item in enumerate(items):
        item.SOPInstanceUID = generate_uid()
        item.InstanceNumber = 500 + number
        edit(number, item)
    return items


def _two_stacks(edit, *, first=None):
    """Both stacks in one series, each slice twice; every part must equal the truth."""

    def build(folder: Path) -> Truth:
        truth = truth_of()
        items = datasets(truth)
        for number, item in enumerate(items):
            if first is not None:
                first(number, item)
        save_all(folder, [*items, *_second(edit)])
        return truth

    return build


def _halves(edit):
    """One series whose upper half is changed: no part may hold slices of both."""

    def build(folder: Path) -> None:
        items = datasets(truth_of())
        for number, item in enumerate(items[HALF:]):
            edit(number, item)
        save_all(folder, items)

    return build


def _set(**values: object):
    def edit(_: int, item: Dataset) -> None:
        for name, value in values.items():
            setattr(item, name, value)

    return edit


def _with(extra):
    """The plain series with other objects in the same folder and series."""

    def build(folder: Path) -> Truth:
        truth = truth_of()
        items = datasets(truth)
        save_all(folder, [*items, *extra(items[0])])
        return truth

    return build


def _scout(first: Dataset) -> list[Dataset]:
    scouts = []
    for row, column in (((1, 0, 0), (0, 0, -1)), ((0, 1, 0), (0, 0, -1))):
        scout = datasets(truth_of())[0]
        scout.SOPInstanceUID, scout.ImageType = generate_uid(), ["ORIGINAL", "PRIMARY", "LOCALIZER"]
        scout.ImageOrientationPatient = [*row, *column]
        scout.SeriesInstanceUID = first.SeriesInstanceUID
        scouts.append(scout)
    return scouts


def _capture(first: Dataset) -> list[Dataset]:
    capture = datasets(truth_of())[0]
    capture.SOPInstanceUID, capture.SOPClassUID = generate_uid(), "1.2.840.10008.5.1.4.1.1.7"
    capture.SamplesPerPixel, capture.PhotometricInterpretation, capture.PlanarConfiguration = 3, "RGB", 0
    capture.BitsAllocated = capture.BitsStored = 8
    capture.HighBit = 7
    capture.PixelData = bytes(capture.Rows * capture.Columns * 3)
    return [capture]


def _dose_report(first: Dataset) -> list[Dataset]:
    report = Dataset()
    report.SOPClassUID, report.SOPInstanceUID, report.Modality = "1.2.840.10008.5.1.4.1.1.88.67", generate_uid(), "SR"
    report.SeriesInstanceUID, report.StudyInstanceUID = first.SeriesInstanceUID, first.StudyInstanceUID
    return [report]


def _perfusion(mark):
    def build(folder: Path) -> Truth:
        truth = truth_of()
        items = []
        for moment in range(4):
            for number, item in enumerate(datasets(truth)):
                item.SOPInstanceUID, item.InstanceNumber = generate_uid(), 1 + moment * len(EVEN) + number
                mark(moment, number, item)
                items.append(item)
        save_all(folder, items)
        return truth

    return build


def _by_number(moment: int, _: int, item: Dataset) -> None:
    item.AcquisitionNumber = moment + 1


def _by_temporal_position(moment: int, _: int, item: Dataset) -> None:
    item.TemporalPositionIdentifier, item.AcquisitionNumber = moment + 1, 1


def _by_time(moment: int, _: int, item: Dataset) -> None:
    item.AcquisitionTime = f"1015{10 + 2 * moment}"


def _by_nothing(moment: int, number: int, item: Dataset) -> None:
    item.AcquisitionTime = f"10{moment:02d}{number:02d}"


def _two_thicknesses(folder: Path) -> None:
    thick, thin = truth_of(), truth_of(tuple(2.5 * i - 61.3 for i in range(50)), thickness=2.5)
    items = datasets(thin)
    for item in items:
        item.SOPInstanceUID = generate_uid()
    save_all(folder, [*datasets(thick), *items])


def _said(**values: object):
    def build(folder: Path) -> Truth:
        truth = truth_of()
        items = datasets(truth)
        for item in items:
            for name, value in values.items():
                setattr(item, name, value)
        save_all(folder, items)
        return truth

    return build


def _several_series(folder: Path) -> Truth:
    """Bone, thin, contrast and coronal series beside the one to read."""
    truth = truth_of()
    save_all(folder, datasets(truth, text=text(series="brain", description="BRAIN 5.0 H31s", kernel="H31s")))
    bone = datasets(truth, text=text(series="bone", description="BONE 5.0 H60s", kernel="H60s"))
    contrast = datasets(truth, text=text(series="contrast", description="POST CONTRAST", kernel="H31s"))
    for item in contrast:
        item.ContrastBolusAgent = "IOHEXOL"
    thin = truth_of(tuple(0.5 * i for i in range(8)), thickness=0.5)
    coronal = truth_of(tuple(5.0 * i for i in range(6)), row=(1.0, 0.0, 0.0), column=(0.0, 0.0, -1.0))
    save_all(folder, [*bone, *contrast])
    save_all(folder, datasets(thin, text=text(series="thin", description="THIN", kernel="H31s")))
    save_all(folder, datasets(coronal, text=text(series="coronal", description="CORONAL", kernel="H31s")))
    return truth


def _one_patient_more(folder: Path) -> None:
    items = datasets(truth_of())
    for item in items[HALF:]:
        item.PatientID, item.PatientName = "OTHER-7", "Other^One"
    save_all(folder, items)


def _matrix(folder: Path) -> None:
    small = truth_of(spacing=(4.1, 4.1), shape=(56, 56))
    save_all(folder, [*datasets(truth_of())[:HALF], *datasets(small)[HALF:]])


def _screen_save(first: Dataset) -> list[Dataset]:
    capture = datasets(truth_of())[0]
    capture.SOPInstanceUID, capture.ImageType = generate_uid(), ["DERIVED", "SECONDARY", "SCREEN SAVE"]
    del capture.ImagePositionPatient, capture.ImageOrientationPatient
    return [capture]


def _two_blocks(folder: Path) -> Truth:
    """5 mm slices up to -5, 10 mm slices from there on: the slice at -5 exists in both."""
    low = truth_of(tuple(5.0 * i - 65 for i in range(13)))
    high = truth_of(tuple(10.0 * i - 5 for i in range(8)), thickness=10.0)
    items = datasets(high)
    for number, item in enumerate(items):
        item.SOPInstanceUID, item.AcquisitionNumber, item.InstanceNumber = generate_uid(), 2, 100 + number
    save_all(folder, [*datasets(low), *items])
    return truth_of(
        (*(5.0 * i - 65 for i in range(13)), *(10.0 * i + 5 for i in range(7))), thickness=(*[5.0] * 13, *[10.0] * 7)
    )


def _numbered(folder: Path) -> Truth:
    truth = truth_of()
    items = datasets(truth)
    for number, item in enumerate(items):
        item.AcquisitionNumber, item.AcquisitionTime, item.ContentTime = (
            number,
            f"1015{number:02d}",
            f"1016{number:02d}",
        )
    save_all(folder, items)
    return truth


def _interleaved(folder: Path) -> Truth:
    truth = truth_of()
    items = datasets(truth)
    for number, item in enumerate(items):
        item.AcquisitionNumber = 1 + number % 2
    save_all(folder, items)
    return truth


HAZARDS = [
    Hazard("two kernels, one Series UID", _two_stacks(_set(ConvolutionKernel="BONE")), "split", ("kernel",)),
    Hazard("two kernels, half and half", _halves(_set(ConvolutionKernel="BONE")), "split", ("kernel",), parts=(13, 13)),
    Hazard(
        "two frames of reference",
        _halves(_set(FrameOfReferenceUID=generate_uid())),
        "split",
        ("frame of reference",),
        parts=(13, 13),
    ),
    Hazard("two patients", _one_patient_more, "split", ("patient",), parts=(13, 13)),
    Hazard("two patients of one number", _halves(_set(PatientName="Other^One")), "split", ("patient",), parts=(13, 13)),
    Hazard("mixed matrix sizes", _matrix, "split", ("matrix size",), parts=(13, 13)),
    Hazard(
        "two orientations",
        _halves(_set(ImageOrientationPatient=[1, 0, 0, 0, 0.9848078, 0.1736482])),
        "split",
        parts=(13, 13),
    ),
    Hazard("two image types", _two_stacks(_set(ImageType=["DERIVED", "SECONDARY", "MPR"])), "split", ("image type",)),
    Hazard("two tube voltages", _two_stacks(_set(KVP="80")), "split", ("tube voltage",)),
    Hazard("with and without contrast", _two_stacks(_set(ContrastBolusAgent="X")), "split", ("contrast",)),
    Hazard("thin and thick slices, one Series UID", _two_thicknesses, "split", ("slice thickness",), parts=(26, 50)),
    Hazard("a repeated scan", _two_stacks(_set(AcquisitionNumber=2)), "split", ("Repeated scan",)),
    Hazard("scouts inside the series", _with(_scout), says=("scout",), slices=26),
    Hazard("RGB capture inside the series", _with(_capture), says=("colour",), slices=26),
    Hazard("dose report inside the series", _with(_dose_report), says=("radiation dose report",), slices=26),
    Hazard("perfusion by acquisition number", _perfusion(_by_number), "split", ("perfusion",), slices=26),
    Hazard("perfusion by temporal position", _perfusion(_by_temporal_position), "split", ("perfusion",), slices=26),
    Hazard("perfusion by time", _perfusion(_by_time), "split", ("perfusion",), slices=26),
    Hazard("perfusion that nothing tells apart", _perfusion(_by_nothing), "refused", ("nothing in the headers",)),
    Hazard("contrast agent", _said(ContrastBolusAgent="Omnipaque"), "view_only", ("contrast agent",)),
    Hazard("contrast volume without a name", _said(ContrastBolusVolume="60"), "view_only", ("contrast agent",)),
    Hazard("contrast agent 'NONE'", _said(ContrastBolusAgent="NONE")),
    Hazard("contrast by description only", _said(SeriesDescription="CTA HEAD"), says=("suggests a contrast",)),
    Hazard("bone kernel", _said(ConvolutionKernel="H60s"), says=("Bone kernel",)),
    Hazard("lossy source", _said(LossyImageCompression="01"), says=("with loss",), lossy=True),
    Hazard("maximum intensity projection", _said(ImageType=["DERIVED", "SECONDARY", "MIP"]), "view_only", ("MIP",)),
    Hazard("not CT", _said(Modality="MR"), "refused", ("modality is MR",)),
    Hazard("several series, one to read", _several_series, "several", ("BRAIN 5.0 H31s", "Set aside", "bone kernel")),
    Hazard("plain series said to be without contrast", _said(SeriesDescription="HEAD W/O CONTRAST")),
    Hazard("body part chest", _said(BodyPartExamined="CHEST"), says=("not the head",)),
    Hazard("screen capture of a dose table", _with(_screen_save), says=("screen capture",), slices=26),
    Hazard("two blocks that meet in one slice", _two_blocks, says=("one position",), ml=0.1),
    Hazard("acquisition number different in every slice", _numbered),
    Hazard("odd and even slices scanned apart", _interleaved),
]
