"""Which texts a store keeps: those that SQLite and PostgreSQL both give back as they were."""

from __future__ import annotations

from functools import partial

from napari_cpam_stroke.errors import StoreError

NUL = "\0"

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

text_of = partial(str, encoding="utf-8", errors="surrogateescape")
"""Makes text of what is no text any more, so that the row's checksum, not the driver, says so; several times slower."""


def checked_text(text: str, what: str, longest: int | None) -> str:
    """Return a text that every database keeps.

    Raises
    ------
    StoreError
        If it is longer than its column, or holds NUL or half of a surrogate pair.
    """
    if longest is not None and len(text) > longest:
        raise StoreError(
            f"The {what} is too long to be kept",
            got=f"{len(text)} characters",
            expected=f"at most {longest}",
            remedy="shorten it and save again",
        )
    if NUL in text or not _encodes(text):
        raise StoreError(
            f"The {what} holds a character that no database keeps",
            got=ascii(text)[:80],
            expected="text without NUL and without half of a surrogate pair",
            remedy="take that character out and do it again",
        )
    return str(text)


def without_unkept(text: str) -> str:
    """Return a text that nobody typed, with a mark in place of what cannot be kept."""
    plain = text if _encodes(text) else text.encode("utf-8", "replace").decode()
    return plain.replace(NUL, REPLACEMENT)


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
