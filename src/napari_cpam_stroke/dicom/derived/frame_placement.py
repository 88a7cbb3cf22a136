"""Put a segmentation's frame onto the native pixels by its own position, orientation and spacing, never resampled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_cpam_stroke.core import CTVolume, VolumeGeometry
from napari_cpam_stroke.core.arrays import Floats
from napari_cpam_stroke.core.geometry import SAME_GRID_MM
from napari_cpam_stroke.dicom.derived.seg_frames import SegFrame, WholePlane
from napari_cpam_stroke.dicom.file.limits import ORIENTATION_TOLERANCE
from napari_cpam_stroke.errors import GeometryMismatchError

Indices = NDArray[np.intp]

REMEDY = "open the series it was made for, or write it anew on this series"


@dataclass(frozen=True, eq=False)
class Placement:
    """The native voxel of every pixel of a frame: first + row index x `down` + column index x `across`, (z, y, x).

    `down` and `across` are unit steps along different axes, in either direction: a frame may lie along the slices,
    turned, mirrored, or across them.
    """

    first: Indices
    down: Indices
    across: Indices
    shape: tuple[int, int]

    @property
    def slices(self) -> range:
        """The slices it lies on."""
        ends = sorted((int(self.first[0]), int(self.last[0])))
        return range(ends[0], ends[1] + 1)

    @property
    def last(self) -> Indices:
        """The voxel of the last pixel: (3,), z, y, x."""
        return np.asarray(self.first + (self.shape[0] - 1) * self.down + (self.shape[1] - 1) * self.across)

    def onto(self, stack: NDArray[Any]) -> NDArray[Any]:
        """Return the frame's part of a (Z, Y, X) stack as a writable view (rows, columns)."""
        rows, columns = int(np.abs(self.down).argmax()), int(np.abs(self.across).argmax())
        index = tuple(
            slice(min(a, b), max(a, b) + 1) if axis in (rows, columns) else a
            for axis, (a, b) in enumerate(zip(self.first.tolist(), self.last.tolist(), strict=True))
        )
        part = stack[index] if rows < columns else stack[index].T
        return part[:: int(self.down[rows]), :: int(self.across[columns])]


def place_frame(frame: SegFrame, shape: tuple[int, int], volume: CTVolume) -> Placement:
    """Return where a frame of `shape` (rows, columns) lies; its reference to a source image must agree.

    A frame that does not say all of where it lies takes the rest from the one image it names.

    Raises
    ------
    GeometryMismatchError
        If it lies beside the native pixels, beyond them, or on another slice than the image it names; with mm.
    """
    named = _named_slices(frame, volume)
    plane = frame.plane.whole
    if volume.geometry is None or plane is None:
        return _by_reference(frame, shape, volume, named)
    placement = _on_lattice(plane, shape, volume.geometry, frame.number)
    _require_inside(placement, volume, frame.number)
    if named and not named & set(placement.slices):
        raise _contradiction(frame.number, placement, named, volume.geometry)
    return placement


def _named_slices(frame: SegFrame, volume: CTVolume) -> set[int]:
    """Return the slices of the images that a frame names."""
    found = {
        z
        for z, source in enumerate(volume.source)
        for uid, number in frame.images
        if source.sop_instance_uid == uid and number in (None, source.frame_number)
    }
    if frame.images and volume.source and not found:
        raise GeometryMismatchError(
            f"Frame {frame.number} of the segmentation does not refer to images of this series",
            got=frame.images[0][0],
            remedy=REMEDY,
        )
    return found


def _by_reference(frame: SegFrame, shape: tuple[int, int], volume: CTVolume, named: set[int]) -> Placement:
    """Return the place of the one image that a frame names, if nothing the frame says speaks against it."""
    if len(named) != 1 or shape != volume.shape[1:]:
        raise GeometryMismatchError(
            f"Frame {frame.number} of the segmentation does not say where it lies",
            got=f"{len(named)} images named, {shape[0]} x {shape[1]} pixels",
            expected=f"one image of {volume.shape[1]} x {volume.shape[2]} pixels, or position, orientation and spacing",
            remedy=REMEDY,
        )
    (z,) = named
    if volume.geometry is not None:
        _require_same_plane(frame, z, volume.geometry)
    return Placement(np.array([z, 0, 0]), np.array([0, 1, 0]), np.array([0, 0, 1]), shape)


def _require_same_plane(frame: SegFrame, z: int, geometry: VolumeGeometry) -> None:
    plane = frame.plane
    away = 0.0 if plane.position is None else float(np.linalg.norm(plane.position - geometry.positions_mm[z]))
    if away > SAME_GRID_MM:
        raise _mismatch(frame.number, f"it lies {away:.2f} mm from the image it names")
    turned = plane.row is not None and plane.column is not None and _turn(plane.row, plane.column, geometry) > 0
    if turned:
        raise _mismatch(frame.number, "it is turned against the image it names")
    if plane.spacing is not None and not np.allclose(plane.spacing, geometry.pixel_spacing_mm, rtol=1e-3):
        raise _mismatch(frame.number, _spacings(plane.spacing, geometry.pixel_spacing_mm))


def _turn(row: Floats, column: Floats, geometry: VolumeGeometry) -> float:
    """Return the largest difference of direction cosines beyond rounding."""
    off = max(np.abs(row - geometry.row_direction).max(), np.abs(column - geometry.column_direction).max())
    return max(0.0, float(off) - ORIENTATION_TOLERANCE)


def _on_lattice(plane: WholePlane, shape: tuple[int, int], geometry: VolumeGeometry, number: int) -> Placement:
    """Return the native voxels of a frame whose pixels all coincide with one."""
    lines = [plane.position + np.arange(n)[:, None] * step for n, step in zip(shape, plane.steps, strict=True)]
    found = [np.rint(geometry.patient_to_index(line)).astype(np.intp) for line in lines]
    off = max(
        float(np.linalg.norm(geometry.index_to_patient(index) - line, axis=1).max())
        for index, line in zip(found, lines, strict=True)
    )
    down, across = (_unit_step(index, step, geometry) for index, step in zip(found, plane.steps, strict=True))
    if off > SAME_GRID_MM or down is None or across is None or not (np.abs(down) + np.abs(across)).max() == 1:
        raise _mismatch(number, _why_not(plane, geometry, off))
    return Placement(found[0][0], down, across, shape)


def _unit_step(index: Indices, step: Floats, geometry: VolumeGeometry) -> Indices | None:
    """Return the step of one voxel along one axis that a line of pixels makes; None where it makes another."""
    if len(index) == 1:
        axis = int(np.abs(_axes(geometry) @ step).argmax())
        moves = np.eye(3, dtype=np.intp)[axis][None] * int(np.sign(_axes(geometry)[axis] @ step))
    else:
        moves = np.diff(index, axis=0)
    same = (moves == moves[0]).all() and np.abs(moves[0]).sum() == 1
    return np.asarray(moves[0], dtype=np.intp) if same else None


def _axes(geometry: VolumeGeometry) -> Floats:
    """Return the unit vectors of the native axes z, y, x as rows."""
    return np.stack([geometry.normal, geometry.column_direction, geometry.row_direction])


def _why_not(plane: WholePlane, geometry: VolumeGeometry, off: float) -> str:
    """Return in numbers what keeps a frame off the native pixels: its angle, its spacing, or a shift."""
    cosines = [float(np.abs(_axes(geometry) @ step).max() / np.linalg.norm(step)) for step in plane.steps]
    angle = float(np.degrees(np.arccos(np.clip(min(cosines), 0, 1))))
    if angle > np.degrees(ORIENTATION_TOLERANCE) * 2 and geometry.tilt_degrees == 0:
        return f"it is turned by {angle:.1f} degrees against the series"
    native = np.array([float(np.median(geometry.slice_interval_mm)), *geometry.pixel_spacing_mm])
    nearest = [int(np.abs(_axes(geometry) @ step).argmax()) for step in plane.steps]
    if not np.allclose(plane.spacing, native[nearest], rtol=1e-3):
        return _spacings(plane.spacing, (float(native[nearest[0]]), float(native[nearest[1]])))
    return f"its pixels lie up to {off:.2f} mm beside those of the series"


def _spacings(own: tuple[float, float], native: tuple[float, float]) -> str:
    return (
        f"its pixels are {own[0]:.4g} x {own[1]:.4g} mm apart, those of the series {native[0]:.4g} x {native[1]:.4g} mm"
    )


def _require_inside(placement: Placement, volume: CTVolume, number: int) -> None:
    """Refuse a frame with pixels beyond the series, even by whole voxels: its grid is shifted."""
    ends = np.stack([placement.first, placement.last])
    beyond = np.maximum(-ends.min(axis=0), ends.max(axis=0) - (np.array(volume.shape) - 1))
    if beyond.max() <= 0 or volume.geometry is None:
        return
    geometry = volume.geometry
    size = np.array([float(np.median(geometry.slice_interval_mm)), *geometry.pixel_spacing_mm])
    raise _mismatch(number, f"it reaches {float((np.maximum(beyond, 0) * size).max()):.2f} mm beyond the series")


def _contradiction(
    number: int, placement: Placement, named: set[int], geometry: VolumeGeometry
) -> GeometryMismatchError:
    own = placement.slices
    away = min(abs(geometry.distances_mm[z] - geometry.distances_mm[n]) for z in own for n in named)
    image = f"a reference to the image of slice {min(named) + 1}, {away:.2f} mm away"
    return GeometryMismatchError(
        f"Frame {number} of the segmentation contradicts itself",
        got=f"a position on slice {own[0] + 1} and {image}",
        remedy="write it anew: either could be the mistake",
    )


def _mismatch(number: int, why: str) -> GeometryMismatchError:
    return GeometryMismatchError(
        f"Frame {number} of the segmentation does not lie on the pixels of this series", got=why, remedy=REMEDY
    )
