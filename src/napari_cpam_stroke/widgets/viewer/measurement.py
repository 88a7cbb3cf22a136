"""One drawn shape as a measurement: what it is, where it lies, and its figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from napari_cpam_stroke.core.arrays import Floats
from napari_cpam_stroke.core.editing import Midline
from napari_cpam_stroke.core.midline_shift import IdealMidline
from napari_cpam_stroke.core.region_statistics import (
    Outline,
    RegionStatistics,
    length_mm,
    pixel_areas_mm2,
    pixels_inside,
    region_statistics,
)
from napari_cpam_stroke.core.slice_number import slice_number
from napari_cpam_stroke.widgets.viewer.orientation import PLANES
from napari_cpam_stroke.widgets.viewer.turned import TurnedSeries

Kind = Literal["ruler", "region", "midline", "shift"]

LINES = {"line", "path"}
"""napari's shapes that are rulers; every other one is a region."""


@dataclass(frozen=True)
class Measurement:
    """The figures of one shape; None where it has none of that kind.

    Attributes
    ----------
    place
        Which slice, row or column it lies on, in words.
    native_zyx
        Its middle in native indices.
    length_mm
        Of a ruler, in the patient; None without positions.
    region, mirrored
        What a region holds, and what the same region holds on the other side of the fitted midline.
    shift_mm, side
        How far the end of a shift lies from the ideal midline, and on which side of the patient.
    """

    kind: Kind
    place: str
    native_zyx: tuple[float, float, float]
    length_mm: float | None = None
    region: RegionStatistics | None = None
    mirrored: RegionStatistics | None = None
    shift_mm: float | None = None
    side: str = ""

    @property
    def difference_hu(self) -> float | None:
        """Mean of the region less that of the mirrored one."""
        if self.region is None or self.mirrored is None:
            return None
        return self.region.mean_hu - self.mirrored.mean_hu


def measure_shape(
    series: TurnedSeries, shape: str, points: Floats, kind: Kind, midline: Midline | None, *, compare: bool
) -> Measurement:
    """Measure one shape of napari.

    Parameters
    ----------
    shape
        napari's name of its form.
    points
        (N, 3) displayed indices (z, y, x).
    kind
        `ruler` also for what a hand drew: then the form decides.
    midline
        Known, or None: then nothing is compared and nothing shifted.
    compare
        Whether a region is compared with the other side.
    """
    native = np.array([series.turned_index(point) for point in points])
    axis = int(np.argmin(np.round(np.ptp(native, axis=0), 3)))
    z, y, x = (float(v) for v in native.mean(axis=0))
    middle = (z, y, x)
    place = _place(series, axis, points)
    if kind in ("midline", "shift"):
        return _shift(series, kind, place, middle, native, midline)
    if shape in LINES:
        geometry = series.volume.geometry
        length = None if geometry is None else length_mm(geometry, native)
        return Measurement("ruler", place, middle, length_mm=length)
    outline: Outline = "ellipse" if shape == "ellipse" else "polygon"
    region = _region(series, axis, native, outline)
    mirrored = None
    if compare and midline is not None and axis == 0:
        other = np.column_stack([native[:, 0], midline.reflect(native[:, 1:].T).T])
        mirrored = _region(series, axis, other, outline)
    return Measurement("region", place, middle, region=region, mirrored=mirrored)


def _region(series: TurnedSeries, axis: int, native: Floats, outline: Outline) -> RegionStatistics | None:
    volume = series.volume
    at = int(np.clip(round(float(native[0, axis])), 0, volume.shape[axis] - 1))
    hu = np.take(volume.hu, at, axis=axis)
    areas = None if volume.geometry is None else pixel_areas_mm2(volume.geometry, axis)
    return region_statistics(hu, pixels_inside(np.delete(native, axis, axis=1), hu.shape, outline), areas)


def _shift(
    series: TurnedSeries,
    kind: Kind,
    place: str,
    middle: tuple[float, float, float],
    native: Floats,
    midline: Midline | None,
) -> Measurement:
    geometry = series.volume.geometry
    if kind == "midline" or midline is None or geometry is None:
        return Measurement(kind, place, middle)
    distance = IdealMidline(midline, geometry.pixel_spacing_mm).distance_mm(native[-1, 1:].tolist())
    left = distance * geometry.row_direction[0] > 0
    return Measurement(kind, place, middle, shift_mm=abs(distance), side="left" if left else "right")


def _place(series: TurnedSeries, axis: int, points: Floats) -> str:
    if axis == 0:
        z = round(float(series.turned_index(points[0])[0]))
        return f"slice {slice_number(z, series.volume.shape[0], series.volume.geometry)}"
    plane = next(name for name, order in PLANES.items() if order[0] == axis)
    return f"{plane} {round(float(points[0, axis])) + 1}"
