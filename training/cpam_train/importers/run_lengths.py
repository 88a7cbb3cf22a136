"""COCO's run lengths, plain or packed into text, as pixels; counted first, for a decoder that trusts them reads on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_cpam_stroke.errors import InputError

BASE = 48
"""ASCII code that stands for 0 in the text."""

BITS, MORE, SIGN = 5, 0x20, 0x10
"""Bits of a length that one letter carries; its mark that more follow; the sign in the last letter of a number."""

MAX_LETTERS = 7
"""Of one number: 35 bits."""


def pixels_of_runs(counts: object, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Return bool (Y, X) of run lengths, down the columns, the first run empty pixels.

    Parameters
    ----------
    counts
        A list of whole numbers, or the text that COCO packs them into.

    Raises
    ------
    InputError
        If they cannot be read, or do not add up to the image.
    """
    runs = _unpacked(counts) if isinstance(counts, str) else counts
    whole = isinstance(runs, list) and all(type(run) is int and run >= 0 for run in runs)
    if not isinstance(runs, list) or not whole or sum(runs) != shape[0] * shape[1]:
        raise InputError(
            "Run lengths of an outline do not add up to their image", expected=f"{shape[0] * shape[1]} pixels in all"
        )
    filled = np.repeat(np.arange(len(runs)) % 2 == 1, runs)
    return np.asarray(filled.reshape(shape, order="F"))


def _unpacked(text: str) -> list[int]:
    """Return the run lengths of COCO's text: from the fourth on, each is a difference to the one before last."""
    runs: list[int] = []
    for index, number in enumerate(_numbers(text)):
        runs.append(number + (runs[index - 2] if index > 2 else 0))
    return runs


def _numbers(text: str) -> list[int]:
    """Return the signed numbers of a text, five bits a letter, the lowest first."""
    found, value, letters = [], 0, 0
    for letter in text:
        bits = ord(letter) - BASE
        if not 0 <= bits < 2 * MORE or letters == MAX_LETTERS:
            raise InputError("Run lengths of an outline are no such text", got=repr(letter))
        value |= (bits & (MORE - 1)) << (BITS * letters)
        letters += 1
        if not bits & MORE:
            found.append(value - (1 << (BITS * letters)) if bits & SIGN else value)
            value, letters = 0, 0
    if letters:
        raise InputError("Run lengths of an outline end in the middle of a number")
    return found
