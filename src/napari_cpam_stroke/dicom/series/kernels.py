"""Soft-tissue or sharp (bone) reconstruction, told from the names that manufacturers give their kernels."""

from __future__ import annotations

import re
from typing import Literal

Sharpness = Literal["soft", "sharp", "unknown"]

SHARP_FROM = 55
"""Siemens kernels (H31s, J40s, Hr38, Br59, Hr68) get sharper with the number; from here on they are for bone."""

_SHARP_WORDS = re.compile(
    r"BONE|EDGE|LUNG|DETAIL|SHARP|KNOCHEN|OSSEUX|\bHUESO|\bOSSO|CORNE|\bEAR\b|INNER", re.IGNORECASE
)
_SOFT_WORDS = re.compile(r"SOFT|STANDARD|\bSTD|BRAIN|\bHEAD\b|CEREBR|SMOOTH|HIRN|PARENCH|NEURO", re.IGNORECASE)
_NUMBERED = re.compile(r"^[A-Z][A-Za-z]{0,2}(\d{2})", re.ASCII)
_CANON = re.compile(r"^FC(\d{2})", re.IGNORECASE)
_CANON_SHARP = (range(30, 40), range(50, 60), range(80, 90))
_PHILIPS: dict[str, Sharpness] = {
    "UA": "soft",
    "UB": "soft",
    "UC": "soft",
    "A": "soft",
    "B": "soft",
    "C": "soft",
    "SA": "soft",
    "SB": "soft",
    "D": "sharp",
    "E": "sharp",
    "L": "sharp",
    "YA": "sharp",
    "YB": "sharp",
    "YC": "sharp",
    "YD": "sharp",
    "YE": "sharp",
}


def kernel_sharpness(kernel: str, description: str = "") -> Sharpness:
    """Return whether a convolution kernel is for soft tissue or for bone; the description helps where it is unknown."""
    name = kernel.strip()
    if match := _CANON.match(name):
        return "sharp" if any(int(match[1]) in numbers for numbers in _CANON_SHARP) else "soft"
    if name.upper() in _PHILIPS:
        return _PHILIPS[name.upper()]
    for text in (name, description):
        if _SHARP_WORDS.search(text):
            return "sharp"
        if _SOFT_WORDS.search(text):
            return "soft"
        if text == name and (match := _NUMBERED.match(name)):
            return "sharp" if int(match[1]) >= SHARP_FROM else "soft"
    return "unknown"
