"""Where the head lies in a series: the square cut out of every slice, turned so that the midline is vertical."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_cpam_stroke.config import PreprocessConfig
from napari_cpam_stroke.core.midline import find_midline, rotation

TISSUE_MIN_HU = 5.0
"""Above air, fat and the floor of 8-bit sources; holes left by fluid are filled afterwards."""

HEAD_STRIDE = 4
"""The head is looked for on every fourth pixel: its outline does not need more."""

MIN_HEAD_SHARE = 0.02
"""A head smaller than this share of the slice is noise: the whole slice is used instead."""

MIDLINE_SLICES = 12
"""The midline is a property of the series; so many of its largest slices are enough to find it."""

MIDLINE_EDGE = 64
"""Edge in pixels of the coarse images the midline is looked for in."""

Points = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class HeadFrame:
    """The square cut out of every slice of a series, in native pixels.

    Attributes
    ----------
    centre_yx
        Row and column of the middle of the square; fractions allowed, the square may reach beyond the slice.
    side
        Edge length in native pixels.
    degrees
        How far the square is turned, from x towards y.
    head
        bool (Z, Y, X): inside the head, per slice.
    """

    centre_yx: tuple[float, float]
    side: float
    degrees: float
    head: NDArray[np.bool_]

    def grid_to_native(self, size: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return matrix and offset that take pixel (i, j) of a (size, size) grid to native (y, x)."""
        matrix = rotation(self.degrees) * (self.side / size)
        return matrix, np.asarray(self.centre_yx) - matrix @ np.full(2, (size - 1) / 2)


def locate_head(hu: NDArray[np.int16], config: PreprocessConfig) -> HeadFrame:
    """Find the head of a whole series.

    Parameters
    ----------
    hu
        (Z, Y, X) Hounsfield units; sources that kept only a window work too.

    Returns
    -------
    One square for the whole series, so that scale and position stay the same from slice to slice. Where no head is
    found, or none is wanted, the square holds the whole slice.
    """
    if not config.crop_to_head:
        return _whole(hu)
    coarse = np.stack([_head_of(frame) for frame in hu])
    areas = coarse.mean(axis=(1, 2))
    if areas.max() < MIN_HEAD_SHARE:
        return _whole(hu)
    head = coarse.repeat(HEAD_STRIDE, axis=1).repeat(HEAD_STRIDE, axis=2)[:, : hu.shape[1], : hu.shape[2]]
    points = np.argwhere(coarse.any(axis=0)).astype(np.float64) * HEAD_STRIDE + (HEAD_STRIDE - 1) / 2
    upright = _frame_around(points, head, degrees=0.0, margin=config.margin)
    if not config.align_midline:
        return upright
    largest = np.sort(np.argsort(-areas, kind="stable")[:MIDLINE_SLICES])
    degrees, shift = find_midline(_coarse_images(hu[largest], upright, config))
    return _frame_around(
        points, head, degrees=degrees, margin=config.margin, midline=_midline_point(upright, degrees, shift)
    )


def lowest_head_slice(hu: NDArray[np.int16]) -> int:
    """Return the first slice that shows head.

    Parameters
    ----------
    hu
        (Z, Y, X) Hounsfield units in the radiological view: the slice next to the feet first.

    Returns
    -------
    Index of the first slice of which the head covers `MIN_HEAD_SHARE`; 0 where none does.
    """
    return next((z for z, frame in enumerate(hu) if _head_of(frame).mean() >= MIN_HEAD_SHARE), 0)


def sample(
    image: NDArray[np.generic], frame: HeadFrame, size: int, *, order: int, outside: float
) -> NDArray[np.float32]:
    """Return one (Y, X) image on the frame's (size, size) grid, float32; beyond the image stands `outside`."""
    matrix, offset = frame.grid_to_native(size)
    values = np.asarray(image, dtype=np.float32)
    if order and (blur := (frame.side / size - 1) / 2) > 0:
        values = ndimage.gaussian_filter(values, blur, mode="nearest")
    result: NDArray[np.float32] = ndimage.affine_transform(
        values, matrix, offset=offset, output_shape=(size, size), order=order, mode="constant", cval=outside
    )
    return result


def _coarse_images(hu: NDArray[np.int16], frame: HeadFrame, config: PreprocessConfig) -> NDArray[np.float32]:
    low, high = config.clip_hu
    scaled = (np.clip(hu, low, high) - low).astype(np.float32) / (high - low)
    return np.stack([sample(image, frame, MIDLINE_EDGE, order=1, outside=0.0) for image in scaled])


def _midline_point(frame: HeadFrame, degrees: float, shift: float) -> Points:
    """Return a native (y, x) point on the midline."""
    return np.asarray(np.asarray(frame.centre_yx) + rotation(degrees) @ np.array([0.0, shift * frame.side]))


def _frame_around(
    points: Points, head: NDArray[np.bool_], *, degrees: float, margin: float, midline: Points | None = None
) -> HeadFrame:
    """Return the smallest turned square that holds all points, centred on the midline where one is given."""
    turn = rotation(degrees)
    along = points @ turn  # offsets in the turned axes: the transpose of `turn` applied to each row
    low, high = along.min(axis=0), along.max(axis=0)
    middle = (low + high) / 2
    if midline is not None:
        middle[1] = (midline @ turn)[1]
    half = np.maximum(high - middle, middle - low).max() + HEAD_STRIDE / 2
    centre = turn @ middle
    return HeadFrame((float(centre[0]), float(centre[1])), float(2 * half * (1 + 2 * margin)), degrees, head)


def _head_of(frame: NDArray[np.int16]) -> NDArray[np.bool_]:
    """Return bool on every `HEAD_STRIDE`th pixel: the largest connected piece of tissue or bone, holes filled."""
    tissue = frame[::HEAD_STRIDE, ::HEAD_STRIDE] > TISSUE_MIN_HU
    pieces, count = ndimage.label(ndimage.binary_opening(tissue, iterations=2))
    if count == 0:
        return np.zeros(tissue.shape, dtype=bool)
    largest = 1 + int(np.argmax(np.bincount(pieces.ravel())[1:]))
    head: NDArray[np.bool_] = ndimage.binary_dilation(ndimage.binary_fill_holes(pieces == largest), iterations=1)
    return head


def _whole(hu: NDArray[np.int16]) -> HeadFrame:
    _, y, x = hu.shape
    return HeadFrame(((y - 1) / 2, (x - 1) / 2), float(max(y, x)), 0.0, np.ones(hu.shape, dtype=bool))
