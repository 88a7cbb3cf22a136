"""What is said of a series, and how it was made, as one text of a case row."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from napari_cpam_stroke.annotations.earlier_rows import earlier_acquisition, earlier_notices
from napari_cpam_stroke.config import Window
from napari_cpam_stroke.core import Acquisition, CTVolume, Notice, NoticeCode

NOTICES, ACQUISITION = "notices", "acquisition"
"""Keys of the packed text."""

KNOWN_CODES = frozenset(NoticeCode)


def pack_remarks(volume: CTVolume) -> str:
    """Return JSON for the column `facts`: every notice, and of the acquisition what the source says."""
    made = {name: value for name, value in asdict(volume.acquisition).items() if value is not None}
    notices = [asdict(notice) for notice in volume.notices]
    return json.dumps({NOTICES: notices, ACQUISITION: made}, separators=(",", ":"))


def unpack_notices(facts: str, warnings: str) -> tuple[Notice, ...]:
    """Return the notices of a case row, from its columns; of rows from before codes the sentences."""
    packed = _packed(facts)
    return earlier_notices(facts, warnings) if packed is None else tuple(_notice(each) for each in packed[NOTICES])


def unpack_acquisition(facts: str) -> Acquisition:
    """Return how the series of a case row was made; of rows from before codes as its sentences tell."""
    packed = _packed(facts)
    if packed is None:
        return earlier_acquisition(facts)
    made = packed[ACQUISITION]
    spacing, window, places = made.get("pixel_spacing_mm"), made.get("window"), made.get("slice_places_mm")
    return Acquisition(
        scanner=made.get("scanner"),
        pixel_spacing_mm=None if spacing is None else (spacing[0], spacing[1]),
        slice_thickness_mm=made.get("slice_thickness_mm"),
        window=None if window is None else Window(**window),
        kernel=made.get("kernel"),
        slice_places_mm=None if places is None else tuple(places),
    )


def _packed(facts: str) -> dict[str, Any] | None:
    """Return what `pack_remarks` wrote, None for lines of sentences."""
    try:
        values = json.loads(facts)
    except ValueError:
        return None
    return values if isinstance(values, dict) and {NOTICES, ACQUISITION} <= values.keys() else None


def _notice(values: dict[str, Any]) -> Notice:
    """Return a stored notice; a code that only a later program knows keeps its sentence."""
    code = values["code"]
    known = NoticeCode(code) if code in KNOWN_CODES else NoticeCode.UNCODED
    return Notice(known, values["severity"], values["sentence"], values["data"])
