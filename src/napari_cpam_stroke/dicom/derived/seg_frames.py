"""The functional groups of a DICOM SEG: for each frame where it lies, which segment it shows, which images it names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pydicom.dataset import Dataset

from napari_cpam_stroke.core.arrays import Floats
from napari_cpam_stroke.dicom.file.limits import (
    COSINE_TOLERANCE,
    MAX_PIXEL_SPACING_MM,
    MAX_POSITION_MM,
    MIN_PIXEL_SPACING_MM,
)
from napari_cpam_stroke.errors import InputError

MAX_SEG_SPACING_MM = 10 * MAX_PIXEL_SPACING_MM
"""A frame across the slices has their distance as its pixel spacing."""


@dataclass(frozen=True, eq=False)
class WholePlane:
    """A `FramePlane` with every part."""

    position: Floats
    row: Floats
    column: Floats
    spacing: tuple[float, float]

    @property
    def steps(self) -> tuple[Floats, Floats]:
        """From one row to the next, and from one column to the next: (3,) LPS mm each."""
        return self.column * self.spacing[0], self.row * self.spacing[1]


@dataclass(frozen=True, eq=False)
class FramePlane:
    """A frame's own place, LPS mm; each part is None where the file does not give it.

    Attributes
    ----------
    position
        (3,) centre of the first pixel.
    row, column
        (3,) unit vectors along which column and row index grow.
    spacing
        Distance between rows, then between columns.
    """

    position: Floats | None
    row: Floats | None
    column: Floats | None
    spacing: tuple[float, float] | None

    @property
    def whole(self) -> WholePlane | None:
        """The plane where the frame says all of where it lies."""
        if self.position is None or self.row is None or self.column is None or self.spacing is None:
            return None
        return WholePlane(self.position, self.row, self.column, self.spacing)


@dataclass(frozen=True, eq=False)
class SegFrame:
    """One frame.

    Attributes
    ----------
    number
        Counts from 1, as DICOM does.
    segment
        The segment it shows; None in a label map, whose values are segments.
    images
        Source images it names: SOP instance UID and frame number (None: the whole image).
    """

    number: int
    segment: int | None
    plane: FramePlane
    images: tuple[tuple[str, int | None], ...]


def read_seg_frames(dataset: Dataset, count: int, *, labelmap: bool) -> tuple[SegFrame, ...]:
    """Return the frames; every functional group may be shared, per frame, or for a single frame stand in the root.

    Raises
    ------
    InputError
        If frames and groups differ in number, a frame names no segment, or a place is none.
    """
    shared = (dataset.get("SharedFunctionalGroupsSequence") or [Dataset()])[0]
    groups: Sequence[Dataset] = dataset.get("PerFrameFunctionalGroupsSequence") or []
    if not groups and count == 1:
        groups = [Dataset()]
    if len(groups) != count:
        raise InputError(
            "The segmentation does not describe each of its frames",
            got=f"{len(groups)} descriptions",
            expected=f"{count}, one per frame",
        )
    root = dataset if count == 1 else Dataset()
    return tuple(_frame(i, _Groups(group, shared, root), labelmap=labelmap) for i, group in enumerate(groups, start=1))


@dataclass(frozen=True, eq=False)
class _Groups:
    """Where a frame's description may stand, nearest first."""

    own: Dataset
    shared: Dataset
    root: Dataset

    def item(self, name: str) -> Dataset | None:
        """Return the first item of a functional group."""
        return next((items[0] for where in (self.own, self.shared) if (items := where.get(name))), None)

    def value(self, group: str, name: str) -> object:
        """Return a value of a group, or of the root; None where it is empty."""
        item = self.item(group)
        found = None if item is None else item.get(name)
        return found if found not in (None, "") else self.root.get(name)


def _frame(number: int, groups: _Groups, *, labelmap: bool) -> SegFrame:
    return SegFrame(
        number, None if labelmap else _segment(number, groups), _plane(number, groups), tuple(_images(groups))
    )


def _segment(number: int, groups: _Groups) -> int:
    found = groups.value("SegmentIdentificationSequence", "ReferencedSegmentNumber")
    if isinstance(found, (list, tuple)) or found in (None, ""):
        raise InputError(
            f"Frame {number} of the segmentation does not say which segment it shows", got=found or "nothing"
        )
    return int(str(found))


def _plane(number: int, groups: _Groups) -> FramePlane:
    position = _numbers(groups.value("PlanePositionSequence", "ImagePositionPatient"), 3, number)
    cosines = _numbers(groups.value("PlaneOrientationSequence", "ImageOrientationPatient"), 6, number)
    spacing = _numbers(groups.value("PixelMeasuresSequence", "PixelSpacing"), 2, number)
    if position is not None and np.abs(position).max() > MAX_POSITION_MM:
        raise InputError(
            f"Frame {number} of the segmentation lies nowhere near a patient", got=f"{position.tolist()} mm"
        )
    if spacing is not None and ((spacing < MIN_PIXEL_SPACING_MM) | (spacing > MAX_SEG_SPACING_MM)).any():
        raise InputError(
            f"Frame {number} of the segmentation has an impossible pixel spacing", got=f"{spacing.tolist()} mm"
        )
    row, column = (None, None) if cosines is None else _directions(cosines, number)
    return FramePlane(position, row, column, None if spacing is None else (float(spacing[0]), float(spacing[1])))


def _directions(cosines: Floats, number: int) -> tuple[Floats, Floats]:
    row, column = cosines[:3], cosines[3:]
    lengths = float(np.linalg.norm(row)), float(np.linalg.norm(column))
    if max(abs(lengths[0] - 1), abs(lengths[1] - 1), abs(float(row @ column))) > COSINE_TOLERANCE:
        raise InputError(f"Frame {number} of the segmentation has no orientation", got=f"cosines {cosines.tolist()}")
    return row / lengths[0], column / lengths[1]


def _numbers(value: object, count: int, number: int) -> Floats | None:
    """Return finite numbers, None where the attribute is missing or empty."""
    if value is None or value == "" or (hasattr(value, "__len__") and not len(value)):
        return None
    found = np.asarray([float(v) for v in value] if hasattr(value, "__iter__") else [float(str(value))])
    if found.shape != (count,) or not np.isfinite(found).all():
        raise InputError(
            f"Frame {number} of the segmentation has a place that cannot be read",
            got=f"{found.tolist()}",
            expected=f"{count} numbers",
        )
    return found


def _images(groups: _Groups) -> list[tuple[str, int | None]]:
    derivations = groups.own.get("DerivationImageSequence") or groups.shared.get("DerivationImageSequence") or []
    found: list[tuple[str, int | None]] = []
    for derivation in derivations:
        for image in derivation.get("SourceImageSequence") or []:
            uid = str(image.get("ReferencedSOPInstanceUID") or "")
            found += [(uid, number) for number in _frame_numbers(image.get("ReferencedFrameNumber")) if uid]
    return found


def _frame_numbers(value: object) -> list[int | None]:
    if value is None or value == "":
        return [None]
    return [int(v) for v in value] if hasattr(value, "__iter__") else [int(str(value))]
