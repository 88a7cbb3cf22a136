"""Text from a header as harmless plain text."""

from __future__ import annotations

import re
import unicodedata
import warnings
from collections.abc import Iterable
from functools import lru_cache

from pydicom.charset import convert_encodings, decode_bytes

MAX_PLAIN_CHARACTERS = 64
"""Longest text shown; DICOM allows 64 for a description."""

MIN_HIDDEN_CHARACTERS = 3
"""Shorter words of a name are left: they would hide parts of other words."""

_NAME_PARTS = re.compile(r"[\s^=.,_\-]+")
_DELIMITERS = {0x0A, 0x0C, 0x0D, 0x09}
_UNSAFE = re.compile(r"[<>&\"'`$|;{}]")
_PATH_LIKE = re.compile(r"\.{2,}|^[A-Za-z]:|[\\/]{2,}|^[\\/~]|[\\/]$")
_HIDDEN = "…"


def decode_text(raw: bytes, charset: str) -> str:
    """Return the text of a value; a wrong or unknown Specific Character Set never raises.

    Parameters
    ----------
    charset
        Value of (0008,0005) as written, backslashes included; empty for the default.
    """
    raw = raw.rstrip(b" \0")
    if raw.isascii() and b"\x1b" not in raw:
        return raw.decode("ascii")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            encodings = convert_encodings(charset.split("\\"))
            text = decode_bytes(raw, encodings, _DELIMITERS)
        except (LookupError, ValueError, UnicodeError, TypeError):
            text = raw.decode("latin-1")
    return str(text)


def name_parts(name: str) -> tuple[str, ...]:
    """Return the words of a person's name in small letters, in order."""
    return tuple(part for part in _NAME_PARTS.split(name.casefold()) if part)


def plain_text(text: str, *, hide: Iterable[str] = ()) -> str:
    """Return text without control characters, markup or anything that looks like a path, at most 64 characters.

    No text has a NUL in it, but a tag does: what follows one is the next elements, which a length that lies brought in.

    Parameters
    ----------
    hide
        Words that must not appear (a patient's name or number); they become an ellipsis.
    """
    return _harmless(without_words(text.partition("\0")[0], hide))


def without_words(text: str, hide: Iterable[str]) -> str:
    """Return text with an ellipsis for each word that must not be shown, whatever its case."""
    for word in hide:
        if len(word) >= MIN_HIDDEN_CHARACTERS:
            text = re.sub(re.escape(word), _HIDDEN, text, flags=re.IGNORECASE)
    return text


@lru_cache(maxsize=1024)
def _harmless(text: str) -> str:
    text = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in unicodedata.normalize("NFC", text))
    text = _UNSAFE.sub(" ", text)
    while _PATH_LIKE.search(text.strip()):
        text = _PATH_LIKE.sub(" ", text.strip())
    text = " ".join(text.split())
    return text if len(text) <= MAX_PLAIN_CHARACTERS else text[: MAX_PLAIN_CHARACTERS - 1] + _HIDDEN
