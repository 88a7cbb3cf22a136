"""What a case without positions still tells about its pixels, as sentences a reader sees and the report can parse."""

from __future__ import annotations

import re
from collections.abc import Sequence

_SPACING = re.compile(r"pixel spacing ([\d.]+) x ([\d.]+) mm")
_SCANNER = re.compile(r"^scanner (.+)$")
_THICKNESS = re.compile(r"slice thickness ([\d.]+) mm")

SCANNER_LENGTH = 60


def spacing_fact(row_mm: float, column_mm: float) -> str:
    """Return the sentence for a pixel spacing (along y, along x)."""
    return f"pixel spacing {row_mm:.4f} x {column_mm:.4f} mm"


def thickness_fact(thickness_mm: float) -> str:
    """Return the sentence for a slice thickness."""
    return f"slice thickness {thickness_mm:g} mm"


def scanner_fact(manufacturer: object, model: object) -> str | None:
    """Return the sentence for maker and model of a scanner, None where neither is told; letters and digits only."""
    words = re.findall(r"[A-Za-z0-9][\w.-]*", f"{manufacturer or ''} {model or ''}", flags=re.ASCII)
    return f"scanner {' '.join(words)[:SCANNER_LENGTH]}" if words else None


def scanner_of(facts: Sequence[str]) -> str | None:
    """Return maker and model of the scanner told by a case's facts, None where they are silent."""
    match = _first(_SCANNER, facts)
    return match[1] if match else None


def spacing_of(facts: Sequence[str]) -> tuple[float, float] | None:
    """Return the pixel spacing in mm (along y, along x) told by a case's facts, None where they are silent."""
    match = _first(_SPACING, facts)
    return (float(match[1]), float(match[2])) if match else None


def thickness_of(facts: Sequence[str]) -> float | None:
    """Return the slice thickness in mm told by a case's facts, None where they are silent."""
    match = _first(_THICKNESS, facts)
    return float(match[1]) if match else None


def _first(pattern: re.Pattern[str], facts: Sequence[str]) -> re.Match[str] | None:
    return next((match for fact in facts if (match := pattern.search(fact))), None)
