"""Stored values to Hounsfield units, in place in the final int16 array; no copy of a volume is ever made."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_cpam_stroke.core.volume import AIR_HU
from napari_cpam_stroke.dicom.file.frame_header import PixelFormat
from napari_cpam_stroke.dicom.file.limits import (
    PADDING_BELOW_HU,
    PADDING_RIM_BELOW_HU,
    PADDING_TISSUE_FROM_HU,
)

_LOWEST, _HIGHEST = -32768, 32767

MAX_LOSS = 8
"""Stored values by which lossy compression changes a declared padding value and it still counts as one."""


def stored_to_hu(frame: NDArray[np.int16], pixels: PixelFormat, *, lossy: bool = False) -> bool:
    """Turn one frame of stored values into HU, in place.

    Parameters
    ----------
    frame
        (Y, X) 16-bit patterns as they stand in the file, in this machine's byte order; becomes HU.
    lossy
        The pixels went through lossy compression: padding is no longer one exact value.

    Returns
    -------
    Whether some value did not fit 16 bits and was cut off.
    """
    wide = not pixels.signed and pixels.stored == 16
    clean_bits(frame, pixels)
    stored: NDArray[np.int16] | NDArray[np.uint16] = frame.view(np.uint16) if wide else frame
    padded = _padded(stored, pixels, loss=MAX_LOSS if lossy else 0)
    cut = _rescale(frame, stored, pixels)
    far_below = _far_below_air(frame) if lossy and _lowest_hu(pixels) < PADDING_BELOW_HU else None
    for region in (padded, far_below):
        if region is not None:
            frame[region] = AIR_HU
    if not lossy and _lowest_hu(pixels) < PADDING_BELOW_HU:
        _fill_constant_corners(frame)
    return cut


def clean_bits(frame: NDArray[np.int16], pixels: PixelFormat) -> None:
    """Clear the bits of a (Y, X) frame above the high bit and extend the sign, in place."""
    shift = pixels.high_bit + 1 - pixels.stored
    bits = frame.view(np.uint16)
    if shift:
        bits >>= np.uint16(shift)
    unused = 16 - pixels.stored
    if unused and pixels.signed:
        bits <<= np.uint16(unused)
        frame >>= np.int16(unused)
    elif unused and bits.max() >> pixels.stored:
        bits &= np.uint16((1 << pixels.stored) - 1)


def _lowest_hu(pixels: PixelFormat) -> float:
    """Return the lowest HU that the stored bits can mean."""
    lowest = -(1 << pixels.stored - 1) if pixels.signed else 0
    highest = lowest + (1 << pixels.stored) - 1
    return min(lowest * pixels.slope, highest * pixels.slope) + pixels.intercept


def _padded(
    stored: NDArray[np.int16] | NDArray[np.uint16], pixels: PixelFormat, *, loss: int
) -> NDArray[np.bool_] | None:
    """Return where the declared padding stands.

    A padding value that would be tissue (0 HU, say) is believed only where it touches the border of the image, and so
    is one that lossy compression changed by up to `loss` stored values.
    """
    if pixels.padding is None:
        return None
    low, high = pixels.padding[0] - loss, pixels.padding[1] + loss
    info = np.iinfo(stored.dtype)
    if high < info.min or low > info.max:
        return None
    found = stored == low if low == high else (stored >= max(low, info.min)) & (stored <= min(high, info.max))
    if not found.any():
        return None
    if loss or high * pixels.slope + pixels.intercept >= PADDING_TISSUE_FROM_HU:
        found = _touching_border(found)
    return np.asarray(found)


def _touching_border(region: NDArray[np.bool_]) -> NDArray[np.bool_]:
    labels, _ = ndimage.label(region)
    border = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    return np.asarray(np.isin(labels, border[border > 0]))


def _rescale(frame: NDArray[np.int16], stored: NDArray[np.int16] | NDArray[np.uint16], pixels: PixelFormat) -> bool:
    """Apply slope and intercept in place; integer arithmetic wherever the result fits."""
    slope, intercept = pixels.slope, pixels.intercept
    if slope == 1 and intercept == int(intercept):
        low, high = _range_of(stored, pixels)
        if low + intercept >= _LOWEST and high + intercept <= _HIGHEST:
            frame.view(np.uint16)[...] += np.uint16(int(intercept) & 0xFFFF)  # modulo 2^16, so the sign does not matter
            return False
    real = np.rint(stored * np.float64(slope) + intercept)
    cut = bool(real.min() < _LOWEST or real.max() > _HIGHEST)
    frame[...] = np.clip(real, _LOWEST, _HIGHEST, out=real)
    return cut


def _range_of(stored: NDArray[np.int16] | NDArray[np.uint16], pixels: PixelFormat) -> tuple[int, int]:
    """Return bounds of the stored values: by their bits where these are narrow, else by looking."""
    if pixels.stored < 16:
        half = 1 << pixels.stored - 1
        return (-half, half - 1) if pixels.signed else (0, 2 * half - 1)
    return int(stored.min()), int(stored.max())


def _fill_constant_corners(frame: NDArray[np.int16]) -> None:
    """Turn a constant far below air that touches the border into air: padding that the header does not declare."""
    below = frame < PADDING_BELOW_HU
    if below.any() and int(frame.max(where=below, initial=_LOWEST)) == int(frame.min()):
        frame[_touching_border(below)] = AIR_HU


def _far_below_air(frame: NDArray[np.int16]) -> NDArray[np.bool_]:
    """Return what lossy compression made of padding: far below air, joined to the border, with its blurred rim."""
    return _joined_to(frame < PADDING_BELOW_HU, frame < PADDING_RIM_BELOW_HU)


def _joined_to(seeds: NDArray[np.bool_], region: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the pieces of a region that touch the border and hold a seed."""
    labels, _ = ndimage.label(_touching_border(region))
    held = np.unique(labels[seeds])
    return np.asarray(np.isin(labels, held[held > 0]))
