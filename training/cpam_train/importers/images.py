"""PNG and JPEG slices as grey values, masks and Hounsfield units."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from napari_cpam_stroke.config import Window
from napari_cpam_stroke.core import Notice, NoticeCode
from napari_cpam_stroke.core.notice import info
from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.files import require_regular

MASK_THRESHOLD = 127
"""Masks are 0 / 255; those that were saved as JPEG have values in between."""

JPEG_WINDOW = Window(40, 120)
"""Brain window of the CT-ICH authors and of most TEKNOFEST PNGs: grey 0..255 is -20..100 HU."""

JPEG_RANGE = (-20, 100)
"""HU that such a picture kept."""


BONE_HU = 300
"""HU given to the white end of a narrow window: there is bone, and the window's upper end is as dense as blood."""

NARROW_BELOW_HU = 100
"""A window that ends lower shows blood and bone alike as its white end."""

WHITE_FROM = 254
"""Grey from which on a pixel counts as the white end; resampling leaves some of it one step darker."""


UNREADABLE_PICTURE = (OSError, SyntaxError, ValueError, UnidentifiedImageError, Image.DecompressionBombError)
"""What Pillow raises over a damaged picture, or one that would fill the memory."""


def window_notice(kind: str, window: Window) -> Notice:
    """Return the notice of 8-bit pictures ("8-bit PNG") that were read as a window of HU."""
    bone = f", white as bone of {BONE_HU} HU" if window.high < NARROW_BELOW_HU else ""
    sentence = f"{kind}, read as the window {window.centre:g} / {window.width:g}{bone}"
    return info(NoticeCode.EIGHT_BIT_SOURCE, sentence, centre_hu=window.centre, width_hu=window.width)


def read_pixels(path: Path) -> NDArray[np.uint8]:
    """Return uint8 (Y, X, 3), or (Y, X) of a grey image; transparency is dropped."""
    try:
        require_regular(path)
        with Image.open(path) as image:
            _require_8_bit(image, path.name)
            return np.asarray(image if image.mode == "L" else image.convert("RGB"), dtype=np.uint8)
    except UNREADABLE_PICTURE as error:
        raise InputError("Image cannot be read", got=path.name, remedy="copy the file again") from error


def _require_8_bit(image: Image.Image, name: str) -> None:
    """Refuse a picture of 16 or 32 bits, whose values would be cut off at 255."""
    if image.mode.startswith(("I", "F")):
        raise InputError(f"Image {name} holds more than 8 bits", got=f"mode {image.mode}", expected="grey 0 to 255")


def read_16_bit(path: Path) -> NDArray[np.int32]:
    """Return int32 (Y, X) of a grey picture of 16 bits."""
    try:
        require_regular(path)
        with Image.open(path) as image:
            if not image.mode.startswith("I"):
                raise InputError(f"Image {path.name} does not hold 16 bits", got=f"mode {image.mode}")
            return np.asarray(image, dtype=np.int32)
    except UNREADABLE_PICTURE as error:
        raise InputError("Image cannot be read", got=path.name, remedy="copy the file again") from error


def read_grey(path: Path) -> NDArray[np.uint8]:
    """Return uint8 (Y, X); of a colour image its brightest channel."""
    pixels = read_pixels(path)
    return np.asarray(pixels if pixels.ndim == 2 else pixels.max(axis=2))


def read_drawn(path: Path) -> NDArray[np.bool_]:
    """Return bool (Y, X): where any colour was drawn on black."""
    return read_grey(path) > MASK_THRESHOLD


def window_to_hu(grey: NDArray[np.uint8], window: Window = JPEG_WINDOW) -> NDArray[np.int16]:
    """Return int16 HU, same shape as the 8-bit grey values, for which 0..255 spans `window`; white is bone."""
    hu = np.rint(grey.astype(np.float32) / 255 * window.width + window.low)
    if window.high < NARROW_BELOW_HU:
        hu[grey >= WHITE_FROM] = BONE_HU
    return hu.astype(np.int16)


def window_range(window: Window) -> tuple[int, int]:
    """Return the lowest and highest HU that `window_to_hu` gives."""
    return round(window.low), BONE_HU if window.high < NARROW_BELOW_HU else round(window.high)


def require_same_shape(image: NDArray[np.generic], mask: NDArray[np.generic], name: str) -> None:
    """Refuse a mask of another shape than its image; both (Y, X) or both (Z, Y, X)."""
    if image.shape != mask.shape:
        raise InputError(f"Mask of {name} has another size than its image", got=mask.shape, expected=str(image.shape))
