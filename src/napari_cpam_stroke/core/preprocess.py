"""HU to network input, and network output back to native pixels; training and inference call the same functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.transform import resize

from napari_cpam_stroke.config import PreprocessConfig
from napari_cpam_stroke.core.windowing import apply_window

Floats = NDArray[np.float32]

TISSUE_MIN_HU = 5.0
"""Above air, fat and the floor of 8-bit sources; holes left by fluid are filled afterwards."""

HEAD_STRIDE = 4
"""The head is looked for on every fourth pixel: its outline does not need more."""

MIN_HEAD_SHARE = 0.02
"""A head smaller than this share of the slice is noise: the whole slice is used instead."""

MAX_CODE = 255
"""Resampled HU are kept in 8 bits over `clip_hu`: a source's bit depth does not show, and a cache of them is exact."""


@dataclass(frozen=True)
class HeadFrame:
    """The square cut out of every slice, in native pixels, and where the head lies inside it.

    Attributes
    ----------
    top, left, side
        Upper edge, left edge and edge length; the square may reach beyond the slice.
    head
        bool (Z, Y, X): inside the head, per slice.
    """

    top: int
    left: int
    side: int
    head: NDArray[np.bool_]


def locate_head(hu: NDArray[np.int16], config: PreprocessConfig) -> HeadFrame:
    """Find the head of a whole series.

    Parameters
    ----------
    hu
        (Z, Y, X) Hounsfield units; sources that kept only a window work too.

    Returns
    -------
    One square for the whole series, so that scale and position stay the same from slice to slice.
    """
    z, y, x = hu.shape
    whole = np.ones((z, y, x), dtype=bool)
    if not config.crop_to_head:
        return _square_around(0, y, 0, x, whole, margin=0.0)
    head = np.stack([_head_of(frame) for frame in hu])
    largest = head.reshape(z, -1).mean(axis=1)
    if largest.max() < MIN_HEAD_SHARE:
        return _square_around(0, y, 0, x, whole, margin=0.0)
    rows, columns = np.flatnonzero(head.any(axis=(0, 2))), np.flatnonzero(head.any(axis=(0, 1)))
    return _square_around(rows[0], rows[-1] + 1, columns[0], columns[-1] + 1, head, margin=config.margin)


def network_input(hu: NDArray[np.int16], frame: HeadFrame, config: PreprocessConfig, indices: Sequence[int]) -> Floats:
    """Return the input of some slices.

    Parameters
    ----------
    hu
        (Z, Y, X) of the whole series.
    indices
        n slice indices; with context, neighbours beyond the ends repeat the end slice.

    Returns
    -------
    float32 (n, C, size, size) in [0, 1]; channels are the windows of the first context slice, then of the next.
    """
    rows = context_rows(hu.shape[0], config, indices)
    unique = sorted({i for row in rows for i in row})
    windows = dict(zip(unique, window_channels(resample_head(hu, frame, config, unique), config), strict=True))
    return np.stack([np.concatenate([windows[i] for i in row]) for row in rows])


def context_rows(slices: int, config: PreprocessConfig, indices: Sequence[int]) -> list[list[int]]:
    """Return the slices whose windows make up the input of each of `indices`; beyond the ends the end slice repeats."""
    half = config.context_slices // 2
    return [[min(max(i + k, 0), slices - 1) for k in range(-half, half + 1)] for i in indices]


def resample_head(
    hu: NDArray[np.int16], frame: HeadFrame, config: PreprocessConfig, indices: Sequence[int]
) -> NDArray[np.uint8]:
    """Bring slices onto the network's grid, before any window: uint8 (n, size, size) codes of `codes_to_hu`."""
    low, high = config.clip_hu
    codes = np.empty((len(indices), config.size, config.size), dtype=np.uint8)
    for row, i in enumerate(indices):
        clipped = np.where(frame.head[i], np.clip(hu[i], low, high), low).astype(np.float32)
        cut = cut_square(clipped, frame, fill=low)
        small = resize(cut, (config.size, config.size), order=1, preserve_range=True, anti_aliasing=True)
        codes[row] = hu_to_codes(small, config)
    return codes


def hu_to_codes(hu: Floats, config: PreprocessConfig) -> NDArray[np.uint8]:
    """Return HU as uint8: 0 is the lower end of `clip_hu` or less, 255 the upper end or more."""
    low, high = config.clip_hu
    codes: NDArray[np.uint8] = np.rint((np.clip(hu, low, high) - low) * (MAX_CODE / (high - low))).astype(np.uint8)
    return codes


def codes_to_hu(codes: NDArray[np.uint8], config: PreprocessConfig) -> Floats:
    """Return float32 HU of 8-bit codes; the inverse of `hu_to_codes` up to half a step."""
    low, high = config.clip_hu
    steps = np.linspace(low, high, MAX_CODE + 1, dtype=np.float32)
    return np.asarray(steps[codes])


def window_channels(codes: NDArray[np.uint8], config: PreprocessConfig) -> Floats:
    """Return float32 (n, windows, size, size) in [0, 1] of (n, size, size) codes."""
    steps = codes_to_hu(np.arange(MAX_CODE + 1, dtype=np.uint8), config)
    return np.stack([apply_window(steps, window)[codes] for window in config.windows], axis=1)


def mask_input(mask: NDArray[np.uint8], frame: HeadFrame, config: PreprocessConfig) -> NDArray[np.uint8]:
    """Bring (n, Y, X) label masks onto the network's grid, nearest neighbour: (n, size, size)."""
    edge = (config.size, config.size)
    cut = (cut_square(m, frame, fill=0) for m in mask)
    return np.stack([resize(c, edge, order=0, preserve_range=True, anti_aliasing=False).astype(np.uint8) for c in cut])


def to_native(maps: Floats, frame: HeadFrame, shape_yx: tuple[int, int]) -> Floats:
    """Bring network output back onto native pixels.

    Parameters
    ----------
    maps
        (n, K, size, size) probabilities.

    Returns
    -------
    float32 (n, K, Y, X); 0 outside the square.
    """
    n, k = maps.shape[:2]
    native = np.zeros((n, k, *shape_yx), dtype=np.float32)
    inside, target = _overlap(frame, shape_yx)
    for i in range(n):
        for j in range(k):
            full = resize(maps[i, j], (frame.side, frame.side), order=1, preserve_range=True, anti_aliasing=False)
            native[i, j][target] = full[inside]
    return native


def cut_square(image: NDArray[np.generic], frame: HeadFrame, *, fill: float) -> NDArray[np.generic]:
    """Cut the frame's square out of one (Y, X) image; beyond the image stands `fill`."""
    y, x = image.shape
    cut = np.full((frame.side, frame.side), fill, dtype=image.dtype)
    inside, target = _overlap(frame, (y, x))
    cut[inside] = image[target]
    return cut


def _overlap(frame: HeadFrame, shape_yx: tuple[int, int]) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Return the part of the square that lies on the image, in square and in image coordinates."""
    inside, target = [], []
    for start, length in zip((frame.top, frame.left), shape_yx, strict=True):
        low, high = max(start, 0), min(start + frame.side, length)
        inside.append(slice(low - start, high - start))
        target.append(slice(low, high))
    return (inside[0], inside[1]), (target[0], target[1])


def _head_of(frame: NDArray[np.int16]) -> NDArray[np.bool_]:
    """Return bool (Y, X): the largest connected piece of tissue or bone, holes filled."""
    coarse = frame[::HEAD_STRIDE, ::HEAD_STRIDE] > TISSUE_MIN_HU
    pieces, count = ndimage.label(ndimage.binary_opening(coarse, iterations=2))
    if count == 0:
        return np.zeros(frame.shape, dtype=bool)
    largest = 1 + int(np.argmax(np.bincount(pieces.ravel())[1:]))
    head = ndimage.binary_dilation(ndimage.binary_fill_holes(pieces == largest), iterations=1)
    full = head.repeat(HEAD_STRIDE, axis=0).repeat(HEAD_STRIDE, axis=1)
    return np.asarray(full[: frame.shape[0], : frame.shape[1]])


def _square_around(
    top: int, bottom: int, left: int, right: int, head: NDArray[np.bool_], *, margin: float
) -> HeadFrame:
    side = round(max(bottom - top, right - left) * (1 + 2 * margin))
    return HeadFrame(int((top + bottom - side) // 2), int((left + right - side) // 2), int(side), head)
