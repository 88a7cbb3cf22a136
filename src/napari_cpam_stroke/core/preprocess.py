"""HU to network input, and network output back to native pixels; training and inference call the same functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_cpam_stroke.config import PreprocessConfig, Window
from napari_cpam_stroke.core.arrays import Floats, Floats32
from napari_cpam_stroke.core.head import HeadFrame, sample
from napari_cpam_stroke.core.windowing import apply_window

MAX_CODE = 255
"""Resampled HU are kept in 8 bits over `clip_hu`: a source's bit depth does not show, and a cache of them is exact."""

NEIGHBOUR_REACH = 1.52
"""A slice farther away than so many times the distance asked for is no neighbour, as 7.6 mm is where 5 mm are asked
for: what lies between was not scanned, and a gap is never bridged."""

ROUNDING_MM = 1e-6
"""Distances that differ by less are equal."""


def network_input(
    hu: NDArray[np.int16],
    frame: HeadFrame,
    config: PreprocessConfig,
    indices: Sequence[int],
    places_mm: Sequence[float] = (),
) -> Floats32:
    """Return the input of some slices.

    Parameters
    ----------
    hu
        (Z, Y, X) of the whole series.
    indices
        n slice indices; with context, neighbours beyond the ends repeat the end slice.
    places_mm
        As in `context_rows`.

    Returns
    -------
    float32 (n, C, size, size) in [0, 1]; channels are `PreprocessConfig.channel_windows`.
    """
    return SeriesInput(hu, frame, config, places_mm)(indices)


class SeriesInput:
    """`network_input` of one series, asked for batch by batch: a slice that several batches show is resampled once."""

    def __init__(
        self, hu: NDArray[np.int16], frame: HeadFrame, config: PreprocessConfig, places_mm: Sequence[float] = ()
    ) -> None:
        self._hu, self._frame, self._config, self._places_mm = hu, frame, config, places_mm
        self._codes: dict[int, NDArray[np.uint8]] = {}

    def __call__(self, indices: Sequence[int]) -> Floats32:
        """Return float32 (n, C, size, size) of some slices."""
        rows = context_rows(len(self._hu), self._config, indices, self._places_mm)
        shown = list(dict.fromkeys(i for row in rows for i in row))
        fresh = [i for i in shown if i not in self._codes]
        self._codes |= zip(fresh, resample_head(self._hu, self._frame, self._config, fresh), strict=True)
        return np.stack([context_channels(np.stack([self._codes[i] for i in row]), self._config) for row in rows])


def context_rows(
    slices: int, config: PreprocessConfig, indices: Sequence[int], places_mm: Sequence[float] = ()
) -> list[list[int]]:
    """Return the slices whose windows make up the input of each of `indices`.

    Beyond the ends the end slice repeats; where no slice is near enough, the slice stands in for its own neighbour.

    Parameters
    ----------
    places_mm
        Where each slice lies in mm, ascending (`core.orientation.places_mm`); empty: nobody knows, and the next slices
        are taken.
    """
    half = config.context_slices // 2
    steps = range(-half, half + 1)
    if config.context_mm == 0:
        return [[i for _ in steps] for i in indices]
    if config.context_mm is None or len(places_mm) == 0:
        return [[min(max(i + k, 0), slices - 1) for k in steps] for i in indices]
    places = np.asarray(places_mm, dtype=np.float64)
    return [[_neighbour(places, i, k * config.context_mm) for k in steps] for i in indices]


def _neighbour(places: Floats, i: int, offset_mm: float) -> int:
    """Return the slice within `NEIGHBOUR_REACH` that lies nearest to `offset_mm` from slice `i`, else `i` itself."""
    reach = NEIGHBOUR_REACH * abs(offset_mm) + ROUNDING_MM
    from_wanted = np.abs(places - places[i] - offset_mm)
    return int(np.where(np.abs(places - places[i]) <= reach, from_wanted, np.inf).argmin())


def without_context(config: PreprocessConfig) -> PreprocessConfig:
    """Return the settings under which a network of several slices is shown one slice, repeated."""
    return replace(config, context_mm=0.0)


def describe_context(config: PreprocessConfig) -> str:
    """Return what a network is shown of a series to judge one slice of it."""
    if config.context_slices == 1:
        return "one slice at a time"
    if config.context_mm == 0:
        return "one slice at a time, repeated in the place of its neighbours"
    apart = "" if config.context_mm is None else f", about {config.context_mm:g} mm apart where positions are known"
    windows = config.context_windows
    beside = "" if windows is None else f", the neighbours in {describe_windows(windows)} HU"
    return f"{config.context_slices} slices at a time{apart}{beside}"


def describe_windows(windows: Sequence[Window]) -> str:
    """Return centre / width of each window in HU."""
    return ", ".join(f"{window.centre:g}/{window.width:g}" for window in windows)


def resample_head(
    hu: NDArray[np.int16], frame: HeadFrame, config: PreprocessConfig, indices: Sequence[int]
) -> NDArray[np.uint8]:
    """Bring slices onto the network's grid, before any window: uint8 (n, size, size) codes of `codes_to_hu`."""
    low, high = config.clip_hu
    codes = np.empty((len(indices), config.size, config.size), dtype=np.uint8)
    for row, i in enumerate(indices):
        clipped = np.where(frame.head[i], np.clip(hu[i], low, high), low).astype(np.float32)
        codes[row] = hu_to_codes(sample(clipped, frame, config.size, order=1, outside=low), config)
    return codes


def hu_to_codes(hu: Floats32, config: PreprocessConfig) -> NDArray[np.uint8]:
    """Return HU of any shape as uint8: 0 is the lower end of `clip_hu` or less, 255 the upper end or more."""
    low, high = config.clip_hu
    codes: NDArray[np.uint8] = np.rint((np.clip(hu, low, high) - low) * (MAX_CODE / (high - low))).astype(np.uint8)
    return codes


def codes_to_hu(codes: NDArray[np.uint8], config: PreprocessConfig) -> Floats32:
    """Return float32 HU of 8-bit codes of any shape; the inverse of `hu_to_codes` up to half a step."""
    low, high = config.clip_hu
    steps = np.linspace(low, high, MAX_CODE + 1, dtype=np.float32)
    return np.asarray(steps[codes])


def context_channels(codes: NDArray[np.uint8], config: PreprocessConfig) -> Floats32:
    """Return float32 (C, size, size) in [0, 1] of the codes (context_slices, size, size) of one row of `context_rows`.

    Channels are `PreprocessConfig.channel_windows`.
    """
    steps = codes_to_hu(np.arange(MAX_CODE + 1, dtype=np.uint8), config)
    shown = zip(codes, config.slice_windows, strict=True)
    return np.stack([apply_window(steps, window)[code] for code, windows in shown for window in windows])


def mask_input(mask: NDArray[np.uint8], frame: HeadFrame, config: PreprocessConfig) -> NDArray[np.uint8]:
    """Bring (n, Y, X) label masks onto the network's grid, nearest neighbour: (n, size, size)."""
    return np.stack([sample(m, frame, config.size, order=0, outside=0).astype(np.uint8) for m in mask])


def to_native(maps: Floats32, frame: HeadFrame, shape_yx: tuple[int, int]) -> Floats32:
    """Bring network output back onto native pixels.

    Parameters
    ----------
    maps
        (n, K, size, size) probabilities.

    Returns
    -------
    float32 (n, K, Y, X); 0 outside the square.
    """
    n, k, size = maps.shape[:3]
    matrix, offset = frame.grid_to_native(size)
    back = np.linalg.inv(matrix)
    native = np.empty((n, k, *shape_yx), dtype=np.float32)
    for target, source in zip(native.reshape(-1, *shape_yx), maps.reshape(-1, size, size), strict=True):
        ndimage.affine_transform(source, back, offset=-back @ offset, output=target, order=1, mode="constant")
    return native
