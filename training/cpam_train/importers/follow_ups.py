"""Cases whose names look like several scans of one patient: `pat00_a` and `pat00_b`, `012` and `012_followup`."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping

MAX_SCANS = 10
"""More cases than this under one stem are a numbered set rather than one patient, unless a word says otherwise."""

MAX_NAMED = 10
"""Other cases that are named beside one."""

UID_PARTS = 5
"""Numbers between dots from which on a name is a DICOM UID, whose end tells nothing of a patient."""

_WORDS = (
    "session|sess|ses|visit|visite|scan|rescan|exam|study|timepoint|time|tp|followup|follow_up|fup|fu|baseline|bl|"
    "control|kontrolle|kontrol|controle|verlauf|suivi|repeat|initial|admission|discharge|acute|subacute|chronic|"
    "pre|post|preop|postop|day|week|month|year|hour|hours|h|first|second|third|last"
)
_VISIT = re.compile(
    rf"_(?:(?:{_WORDS})(?:_?\d{{1,3}})?[a-z]?"  # ses-1, followup, day_7
    r"|[tvdwmhsf]\d{1,3}"  # t0, v2, d7
    r"|\d{1,3}(?:h|hrs|hours|d|days|w|weeks|mo|months|y)"  # 24h
    r"|(?:19|20)\d{6}(?:_?\d{4,6})?|(?:19|20)\d\d_\d\d_\d\d"  # a date
    r")(?=_)"
)
_LAST_WORD = re.compile(r"(?<=\d)_?[a-z]$|_[a-z]+$")
_LAST_NUMBER = re.compile(r"_\d{1,2}$")
_NO_NAME = re.compile(
    r"(?:case|patient|pat|pt|p|sub|subject|subj|image|img|ct|ncct|head|brain|vol|volume|stroke|ich|id|scan|study|_)*"
)


def likely_follow_ups(names: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Return for every case whose name looks like another scan of a patient the other cases of that patient.

    Parameters
    ----------
    names
        Case id -> name in the source.
    """
    found: dict[str, tuple[str, ...]] = {}
    for cases in (*_shared(names, said_stem).values(), *_shared(names, bare_stem, at_most=MAX_SCANS).values()):
        for case in cases:
            others = tuple(sorted({*found.get(case, ()), *cases} - {case}))
            found[case] = others
    return {case: others[:MAX_NAMED] for case, others in found.items()}


def said_stem(name: str) -> str:
    """Return a name without the words, dates and times that tell one scan of a patient from another."""
    plain = _plain(name)
    bare = f"_{plain}_"
    while (shorter := _VISIT.sub("", bare)) != bare:
        bare = shorter
    return plain if _names_nobody(bare.strip("_")) else bare.strip("_")


def bare_stem(name: str) -> str:
    """Return that name without its last word, or its last number of two digits, where a number is left before it."""
    stem = said_stem(name)
    for ending in (_LAST_WORD, _LAST_NUMBER):
        shorter = ending.sub("", stem)
        if shorter != stem and re.search(r"\d", shorter):
            return shorter
    return stem


def _plain(name: str) -> str:
    if name.replace(".", "").isdigit() and name.count(".") >= UID_PARTS - 1:
        return name
    return re.sub(r"[\W_]+", "_", name.casefold()).strip("_")


def _names_nobody(stem: str) -> bool:
    return _NO_NAME.fullmatch(stem) is not None


def _shared(
    names: Mapping[str, str], stem_of: Callable[[str], str], *, at_most: int | None = None
) -> dict[str, list[str]]:
    """Return the cases of every stem that several have, and no more than so many."""
    cases: defaultdict[str, list[str]] = defaultdict(list)
    for case, name in names.items():
        cases[stem_of(name)].append(case)
    return {stem: own for stem, own in cases.items() if 1 < len(own) <= (at_most or len(own))}
