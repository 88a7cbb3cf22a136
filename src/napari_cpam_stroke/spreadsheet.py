"""Cells of CSV files that a spreadsheet will open."""

from __future__ import annotations

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet takes a text that begins so for a formula, and runs it."""

TEXT_MARK = "'"
"""Before a text, it says to a spreadsheet that it is one."""


def safe_text(text: str) -> str:
    """Return a text of a file or a person as a cell that no spreadsheet runs; for texts only, not for numbers."""
    return f"{TEXT_MARK}{text}" if text.startswith(FORMULA_STARTS) else text
