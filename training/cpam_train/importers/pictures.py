"""PNG and JPEG slices of a user's own, of which nothing is guessed: neither a window, nor what a colour means."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cpam_train.importers.images import UNREADABLE_PICTURE, window_notice, window_range, window_to_hu
from napari_cpam_stroke.config import Window
from napari_cpam_stroke.core import Notice
from napari_cpam_stroke.core.volume import AIR_HU
from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.files import require_regular

PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg")

OPAQUE = 255
"""Alpha of a pixel that hides what is behind it."""

ORIENTATION_TAG = 0x0112
"""EXIF's word on how a picture is to be turned before it is shown."""


@dataclass(frozen=True, eq=False)
class Picture:
    """One slice.

    Attributes
    ----------
    hu
        int16 (Y, X).
    hu_range
        What an 8-bit source kept of HU; None: all.
    """

    hu: NDArray[np.int16]
    hu_range: tuple[int, int] | None
    notices: tuple[Notice, ...]


def read_plain_grey(path: Path, window: Window | None, *, zero_hu: int | None = None) -> Picture:
    """Return a grey picture as HU; nothing of it is guessed.

    Parameters
    ----------
    window
        What an 8-bit picture was saved with.
    zero_hu
        Stored value of 0 HU in a 16-bit picture.

    Raises
    ------
    InputError
        If it cannot be read, is in colour, is see-through, is to be turned by its header, holds several pictures, or
        nobody says what its values mean.
    """
    with _opened(path) as image:
        values = _grey_values(image, path.name)
    if values.dtype == np.uint8:
        if window is None:
            raise InputError(
                f"Nothing says with which window {path.name} was saved", remedy="say --window CENTRE/WIDTH, as 40/80"
            )
        return Picture(window_to_hu(values, window), window_range(window), (window_notice("8-bit picture", window),))
    if zero_hu is None:
        raise InputError(
            f"Image {path.name} holds more than 8 bits, and nothing says which value is 0 HU",
            got=f"values {values.min()} to {values.max()}",
            remedy="say --set zero_hu=1024 if they are HU + 1024",
        )
    hu = np.clip(values - zero_hu, AIR_HU, np.iinfo(np.int16).max).astype(np.int16)
    return Picture(hu, None, ())


def read_label_values(path: Path) -> NDArray[np.int64]:
    """Return the values (Y, X) of a label picture as they are stored; of a picture with a palette its numbers.

    Raises
    ------
    InputError
        If it cannot be read, or is JPEG (lossy), in colour, see-through, or a palette whose greys are other numbers.
    """
    with _opened(path) as image:
        if image.format == "JPEG":
            raise InputError(
                f"Mask {path.name} is a JPEG, whose values are blurred", expected="PNG", remedy="write the masks again"
            )
        if image.mode == "P":
            return _palette_numbers(image, path.name)
        return _grey_values(image, path.name).astype(np.int64)


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """Open one picture; whatever is damaged is one sentence."""
    try:
        require_regular(path)
        with Image.open(path) as image:
            if (count := getattr(image, "n_frames", 1)) != 1:
                raise InputError(f"{path.name} holds several pictures", got=count, expected="one slice")
            yield image
    except UNREADABLE_PICTURE as error:
        raise InputError("Image cannot be read", got=path.name, remedy="copy the file again") from error


def _grey_values(image: Image.Image, name: str) -> NDArray[Any]:
    """Return values (Y, X): uint8, or int32 of more than 8 bits; grey that was saved as colour counts as grey."""
    turned = image.getexif().get(ORIENTATION_TAG, 1)
    if turned != 1:
        raise InputError(f"The header of {name} asks to turn it", got=turned, remedy="save it as it lies")
    if image.mode.startswith("I"):
        return np.asarray(image, dtype=np.int32)
    if image.mode in ("L", "1"):
        return np.asarray(image, dtype=np.uint8)
    if image.mode not in ("RGB", "RGBA", "LA", "P"):
        raise InputError(f"{name} is no grey picture", got=f"mode {image.mode}", expected="grey of 8 or 16 bits")
    pixels = np.asarray(image.convert("RGBA"), dtype=np.uint8)
    if (pixels[..., 3] != OPAQUE).any():
        raise InputError(f"{name} is see-through in places", expected="a picture without alpha")
    if (pixels[..., :3] != pixels[..., :1]).any():
        raise InputError(f"{name} is in colour", expected="grey of 8 or 16 bits", remedy="save the picture as grey")
    return pixels[..., 0]


def _palette_numbers(image: Image.Image, name: str) -> NDArray[np.int64]:
    """Return the numbers of a picture with a palette, unless its colours are greys of other numbers."""
    numbers = np.asarray(image, dtype=np.int64)
    colours = np.asarray(image.convert("RGB"), dtype=np.int64)
    grey = (colours == colours[..., :1]).all()
    if grey and (colours[..., 0] != numbers).any():
        raise InputError(
            f"Mask {name} has a palette whose greys are other values than its numbers", remedy="save it as plain grey"
        )
    return numbers
