"""Hazards of order, position, tilt, spacing and orientation."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from hazard_suite.base import EVEN, Hazard, Truth, datasets, save_all, subset, truth_of
from pydicom.uid import ImplicitVRLittleEndian, generate_uid

TEN = (*(5.0 * i - 65 for i in range(13)), *(2.5 + 10.0 * i for i in range(7)))
"""13 slices of 5 mm from -65 to -5, then 7 of 10 mm from 2.5 (they touch)."""
TEN_THICK = (*[5.0] * 13, *[10.0] * 7)
FINE = (*(2.5 * i - 63.75 for i in range(25)), *(5.0 * i for i in range(13)))
FINE_THICK = (*[2.5] * 25, *[5.0] * 13)
MIDDLE = 12


def _plain(folder: Path, **geometry: object) -> Truth:
    truth = truth_of(**geometry)
    save_all(folder, datasets(truth))
    return truth


def _edited(edit, **geometry: object):
    """Return a builder that applies `edit(number, dataset)` to every slice."""

    def build(folder: Path) -> Truth:
        truth = truth_of(**geometry)
        items = datasets(truth)
        for number, item in enumerate(items):
            edit(number, item)
        save_all(folder, items)
        return truth

    return build


def _made(**geometry: object):
    return lambda folder: _plain(folder, **geometry)


def _set(**values: object):
    def edit(_: int, item) -> None:
        for name, value in values.items():
            setattr(item, name, value)

    return edit


def _without(*names: str):
    def edit(_: int, item) -> None:
        for name in names:
            delattr(item, name)

    return edit


def _shuffled(number: int, item) -> None:
    item.InstanceNumber = int(np.random.default_rng(3).permutation(len(EVEN))[number]) + 1


def _descending(number: int, item) -> None:
    item.InstanceNumber = len(EVEN) - number
    item.SliceLocation = str(-number)


def _jitter(number: int, item) -> None:
    shift = np.random.default_rng(number).uniform(-0.005, 0.005, 3)
    item.ImagePositionPatient = [f"{float(p) + s:.6f}" for p, s in zip(item.ImagePositionPatient, shift, strict=True)]


def _rounded_cosines(number: int, item) -> None:
    shift = np.random.default_rng(number).uniform(-8e-5, 8e-5, 6)
    values = [float(v) + s for v, s in zip(item.ImageOrientationPatient, shift, strict=True)]
    item.ImageOrientationPatient = [f"{v:.6f}" for v in values]


def _missing(*numbers: int):
    def build(folder: Path) -> Truth:
        truth = truth_of()
        keep = [i for i in range(len(EVEN)) if i not in numbers]
        items = datasets(truth)
        save_all(folder, [items[i] for i in keep])
        return subset(truth, keep)

    return build


def _two_at_one_place(folder: Path) -> Truth:
    truth = truth_of()
    items = datasets(truth)
    second = datasets(truth)[MIDDLE]
    second.SOPInstanceUID, second.InstanceNumber = generate_uid(), 99
    save_all(folder, [*items, second])
    return truth


def _file_twice(folder: Path) -> Truth:
    truth = truth_of()
    save_all(folder, datasets(truth))
    save_all(folder / "copy", datasets(truth)[MIDDLE : MIDDLE + 1])
    return truth


def _folder_twice(folder: Path) -> Truth:
    truth = truth_of()
    save_all(folder, datasets(truth))
    save_all(folder / "copy", datasets(truth))
    return truth


def _single(folder: Path) -> Truth:
    truth = truth_of()
    save_all(folder, datasets(truth)[MIDDLE : MIDDLE + 1])
    return subset(truth, [MIDDLE])


def _bad_on_one(name: str, value: object):
    def build(folder: Path) -> Truth:
        truth = truth_of()
        items = datasets(truth)
        element = items[MIDDLE][name]
        element.validation_mode = 0
        items[MIDDLE].add_new(element.tag, "LO", value)
        save_all(folder, items, transfer_syntax=ImplicitVRLittleEndian)
        return subset(truth, [i for i in range(len(EVEN)) if i != MIDDLE])

    return build


def _raw(name: str, value: str):
    """Write a text that is no valid decimal; implicit VR, so that no VR contradicts it."""

    def build(folder: Path) -> Truth:
        truth = truth_of()
        items = datasets(truth)
        for item in items:
            item.add_new(item[name].tag, "LO", value.split("\\"))
        save_all(folder, items, transfer_syntax=ImplicitVRLittleEndian)
        return truth

    return build


_OBLIQUE_ROW = (math.cos(0.2), math.sin(0.2) * math.cos(0.3), math.sin(0.2) * math.sin(0.3))
_OBLIQUE_COLUMN = (-math.sin(0.2), math.cos(0.2) * math.cos(0.3), math.cos(0.2) * math.sin(0.3))

HAZARDS = [
    Hazard("plain axial series", _made()),
    Hazard("instance numbers shuffled", _edited(_shuffled)),
    Hazard("instance numbers and locations descending", _edited(_descending)),
    Hazard("instance numbers absent", _edited(_without("InstanceNumber"))),
    Hazard("gantry tilt +15", _made(tilt=15.0), ml=0.1, says=("tilt 15.0",)),
    Hazard("gantry tilt -22", _made(tilt=-22.0), ml=0.1, says=("tilt 22.0",)),
    Hazard("tilt tag zero", _edited(_set(GantryDetectorTilt="0"), tilt=15.0), ml=0.1, says=("tilt 15.0",)),
    Hazard("tilt tag wrong", _edited(_set(GantryDetectorTilt="-9"), tilt=15.0), ml=0.1, says=("not used",)),
    Hazard("tilt tag without tilt", _edited(_set(GantryDetectorTilt="18"))),
    Hazard("5 then 10 mm", _made(distances=TEN, thickness=TEN_THICK), ml=0.1, says=("variable",), slices=20),
    Hazard("2.5 then 5 mm", _made(distances=FINE, thickness=FINE_THICK), ml=0.1, says=("variable",), slices=38),
    Hazard(
        "tilt with variable spacing",
        _made(distances=TEN, thickness=TEN_THICK, tilt=18.5),
        ml=0.1,
        says=("variable", "tilt 18.5"),
    ),
    Hazard("a slice missing", _missing(MIDDLE), ml=0.1, says=("missing between z = 37.5 and z = 47.5", "at 42.5")),
    Hazard("two slices missing, apart", _missing(5, 18), ml=0.1, says=("z = 2.5 and z = 12.5", "z = 67.5")),
    Hazard("two slices at one position", _two_at_one_place, says=("at one position", "z = 42.5"), slices=26),
    Hazard("one file twice", _file_twice, says=("twice",), slices=26),
    Hazard("the whole folder twice", _folder_twice, says=("twice",), slices=26),
    Hazard("thickness unlike step", _edited(_set(SliceThickness="8"))),
    Hazard("overlapping slices", _made(distances=tuple(2.5 * i - 62.5 for i in range(51)), thickness=5.0)),
    Hazard("gaps by protocol (5 mm every 8)", _made(distances=tuple(8.0 * i - 64 for i in range(17))), ml=0.1),
    Hazard("SpacingBetweenSlices -1", _edited(_set(SpacingBetweenSlices="-1"))),
    Hazard("no slice thickness", _edited(_without("SliceThickness")), says=("thickness is not given",)),
    Hazard("non-square pixels", _made(spacing=(1.6, 2.4), shape=(140, 96))),
    Hazard("oblique", _made(row=_OBLIQUE_ROW, column=_OBLIQUE_COLUMN)),
    Hazard("prone", _made(row=(-1.0, 0.0, 0.0), column=(0.0, -1.0, 0.0))),
    Hazard("feet first", _made(row=(-1.0, 0.0, 0.0), column=(0.0, 1.0, 0.0))),
    Hazard("lying on the side", _made(row=(0.0, 1.0, 0.0), column=(-1.0, 0.0, 0.0)), says=("on its side",)),
    Hazard("5 um jitter of positions", _edited(_jitter), says=("5.00 mm apart",)),
    Hazard("cosines rounded below 1e-4", _edited(_rounded_cosines), says=("5.00 mm apart",), slices=26),
    Hazard(
        "coronal reformat",
        _made(row=(1.0, 0.0, 0.0), column=(0.0, 0.0, -1.0), distances=tuple(5.0 * i - 80 for i in range(33))),
        expect="view_only",
        says=("Not axial",),
    ),
    Hazard("a single slice", _single, expect="view_only", says=("single slice",), measured=False),
    Hazard(
        "no orientation",
        _edited(_without("ImageOrientationPatient")),
        expect="view_only",
        says=("no volumes in ml",),
        hu=None,
    ),
    Hazard("no position", _edited(_without("ImagePositionPatient")), expect="view_only", says=("no volumes",), hu=None),
    Hazard("no pixel spacing", _edited(_without("PixelSpacing")), expect="refused", says=("PixelSpacing (0028,0030)",)),
    Hazard("NaN pixel spacing", _raw("PixelSpacing", "NaN\\NaN"), expect="refused", says=("PixelSpacing (0028,0030)",)),
    Hazard("zero pixel spacing", _raw("PixelSpacing", "0\\0"), expect="refused", says=("PixelSpacing (0028,0030)",)),
    Hazard("decimal commas", _raw("PixelSpacing", "2,05\\2,05"), says=("PixelSpacing (0028,0030)", "comma")),
    Hazard(
        "NaN position on one slice", _bad_on_one("ImagePositionPatient", ["NaN", "0", "0"]), ml=0.1, says=("missing",)
    ),
    Hazard(
        "NaN orientation", _raw("ImageOrientationPatient", "NaN\\0\\0\\0\\1\\0"), expect="refused", says=("0020,0037",)
    ),
    Hazard(
        "cosines that are no directions",
        _raw("ImageOrientationPatient", "1\\1\\0\\0\\1\\0"),
        expect="refused",
        says=("right angle",),
    ),
]
