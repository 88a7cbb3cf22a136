"""Rows written before notices had codes: sentences one on a line, and how a series was made only in their words.

The one place where a stored sentence is read for more than showing it; rows written since need nothing of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import chain

from napari_cpam_stroke.core import Acquisition, Notice, NoticeCode
from napari_cpam_stroke.core.notice import info, warning

_SCANNER = re.compile(r"scanner (.+)")
_SPACING = re.compile(r"pixel spacing ([\d.]+) x ([\d.]+) mm")
_THICKNESS = re.compile(r"[Ss]lice thickness ([\d.]+) mm\.?")
_KERNEL = re.compile(r"Kernel (.+) \((?:soft|sharp|unknown)\)\.")


def earlier_notices(facts: str, warnings: str) -> tuple[Notice, ...]:
    """Return the sentences of both columns as notices without a code of their own, warnings first."""
    warned = (warning(NoticeCode.UNCODED, sentence) for sentence in warnings.splitlines())
    return tuple(chain(warned, (info(NoticeCode.UNCODED, sentence) for sentence in facts.splitlines())))


def earlier_acquisition(facts: str) -> Acquisition:
    """Return scanner, pixel spacing, slice thickness and kernel as far as the sentences name them."""
    lines = facts.splitlines()
    scanner, spacing = _first(_SCANNER, lines), _first(_SPACING, lines)
    thickness, kernel = _first(_THICKNESS, lines), _first(_KERNEL, lines)
    return Acquisition(
        scanner=scanner and scanner[1],
        pixel_spacing_mm=(float(spacing[1]), float(spacing[2])) if spacing else None,
        slice_thickness_mm=float(thickness[1]) if thickness else None,
        kernel=kernel and kernel[1],
    )


def _first(pattern: re.Pattern[str], lines: Iterable[str]) -> re.Match[str] | None:
    return next((match for line in lines if (match := pattern.fullmatch(line))), None)
