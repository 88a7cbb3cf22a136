"""Values of DICOM elements as Python values; what is missing or no number is None, never a guess."""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import Literal

from napari_cpam_stroke.dicom.file.elements import Elements

_NUMBER = re.compile(rb"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


class ElementReader:
    """Typed access to the raw elements of one data set or item.

    Attributes
    ----------
    commas
        Tags whose decimals were written with a comma and read as such.
    """

    def __init__(self, elements: Elements, *, little_endian: bool) -> None:
        self._elements = elements
        self._order: Literal["little", "big"] = "little" if little_endian else "big"
        self._little = little_endian
        self.commas: set[int] = set()

    @property
    def little_endian(self) -> bool:
        """Byte order of binary values."""
        return self._little

    def __contains__(self, tag: int) -> bool:
        return tag in self._elements

    def raw(self, tag: int) -> bytes:
        """Return the bytes of a value; empty if it is absent or a sequence."""
        value = self._elements.get(tag)
        return value if isinstance(value, bytes) else b""

    def items(self, tag: int) -> list[ElementReader]:
        """Return the items of a sequence; empty if it is absent."""
        value = self._elements.get(tag)
        items = value if isinstance(value, list) else []
        return [ElementReader(item, little_endian=self._little) for item in items]

    def code(self, tag: int) -> str:
        """Return an ASCII value (CS, UI, SH used as code) without padding."""
        return self.raw(tag).decode("ascii", "replace").strip(" \0")

    def codes(self, tag: int) -> tuple[str, ...]:
        """Return the values of a multi-valued code."""
        text = self.code(tag)
        return tuple(part.strip() for part in text.split("\\")) if text else ()

    def number(self, tag: int) -> float | None:
        """Return the single decimal value of a tag."""
        values = self.numbers(tag, 1)
        return values[0] if values else None

    def numbers(self, tag: int, count: int) -> tuple[float, ...] | None:
        """Return exactly `count` finite decimal values, or None."""
        values, comma = _parse(self.raw(tag), count)
        if comma:
            self.commas.add(tag)
        return values

    def first_number(self, tag: int) -> float | None:
        """Return the first decimal value of a tag that may have several."""
        values, _ = _parse(self.raw(tag).partition(b"\\")[0], 1)
        return values[0] if values else None

    def unsigned(self, tag: int) -> int | None:
        """Return a 16 or 32 bit binary number."""
        raw = self.raw(tag)
        return int.from_bytes(raw, self._order) if len(raw) in (2, 4) else None

    def signed(self, tag: int) -> int | None:
        """Return a 16 or 32 bit binary number as two's complement."""
        raw = self.raw(tag)
        return int.from_bytes(raw, self._order, signed=True) if len(raw) in (2, 4) else None


@lru_cache(maxsize=4096)
def _parse(raw: bytes, count: int) -> tuple[tuple[float, ...] | None, bool]:
    """Return `count` decimals and whether one was written with a comma; most values repeat from slice to slice."""
    parts = [part.strip(b" \0") for part in raw.split(b"\\")]
    if len(parts) != count:
        return None, False
    written = [part.replace(b",", b".") if part.count(b",") == 1 and b"." not in part else part for part in parts]
    if not all(map(_NUMBER.fullmatch, written)):
        return None, False
    values = tuple(map(float, written))
    return (values, written != parts) if all(map(math.isfinite, values)) else (None, False)
