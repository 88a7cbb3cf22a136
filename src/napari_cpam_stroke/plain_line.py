"""Text of others made fit to be shown in a sentence of ours: one line, and nothing that steers what shows it."""

from __future__ import annotations

import re
import unicodedata

_STEERING = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Marks that turn the direction of writing, and let one name look like another."""

_BREAKS = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Unicode's categories of control characters, of halves of characters, and of ends of lines."""

_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
"""Control characters and ends of lines, but for the tab and the end of a line that everyone means."""

_SPACES = re.compile(r"\s{2,}")
CUT = "…"


def without_controls(text: str) -> str:
    """Return text of any number of lines without what would steer the terminal that shows it."""
    return _CONTROLS.sub(" ", _STEERING.sub("", text))


def plain_line(text: str, most: int | None = None) -> str:
    """Return text as one line without control characters; beyond `most` characters it is cut off.

    Control characters in a file's header or name could otherwise break a sentence, or steer the terminal.
    """
    if text.isascii() and text.isprintable():
        plain = text
    else:
        spaced = "".join(" " if unicodedata.category(c) in _BREAKS else c for c in text)
        plain = _SPACES.sub(" ", _STEERING.sub("", spaced)).strip()
    return plain if most is None or len(plain) <= most else plain[: most - 1] + CUT
