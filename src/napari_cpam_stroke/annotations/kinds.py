"""What makes cases alike, and what a kind of them teaches: it is new to the model, or it is often corrected."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Self

from napari_cpam_stroke.annotations.lessons import NOTHING_SAID, Lesson, together
from napari_cpam_stroke.core import CLASS_NAMES, Acquisition

NEVER_SEEN, SELDOM_SEEN = 0.7, 0.4
"""What it is worth that no case, or few, of the kind were learnt from."""

FEW = 5
"""Fewer cases than this are few."""

OFTEN_CORRECTED = 0.5
"""What it is worth that cases alike were corrected, on average at least once each."""

LONGEST_WORD = 60
"""Characters of a scanner's or kernel's name that tell kinds apart."""


@dataclass(frozen=True)
class Kind:
    """What makes cases alike; empty where it is not known.

    Attributes
    ----------
    thickness
        Of the slices, in whole mm.
    classes
        That are marked in it; of a case nobody has read: that the model suspects.
    """

    source: str
    scanner: str
    kernel: str
    thickness: str
    classes: str

    @property
    def key(self) -> str:
        """The kind as text."""
        return json.dumps(list(asdict(self).values()), separators=(",", ":"), ensure_ascii=False)

    @classmethod
    def of_key(cls, key: str) -> Self:
        """Return the kind of a text that `key` gave."""
        return cls(*json.loads(key))


@dataclass(frozen=True)
class Tally:
    """How many cases of a kind were learnt from and read, and how many corrections the readings took in all."""

    kind: Kind
    taught: int
    read: int
    corrections: int


WORDS = {
    "classes": "with {}",
    "scanner": "of scanner {}",
    "kernel": "of kernel {}",
    "thickness": "with slices of {} mm",
    "source": "from source {}",
}
"""By what a kind is told to be new, the most telling first."""


def kind_of(source: str, made: Acquisition, classes: Iterable[str]) -> Kind:
    """Return the kind of a case."""
    thickness = made.slice_thickness_mm
    return Kind(
        source=source,
        scanner=(made.scanner or "")[:LONGEST_WORD],
        kernel=(made.kernel or "")[:LONGEST_WORD],
        thickness="" if thickness is None else f"{max(round(thickness), 1)}",
        classes=" and ".join(classes),
    )


def kind_lessons(tallies: Iterable[Tally]) -> dict[Kind, Lesson]:
    """Return what cases of each kind teach for being of it: new to the model, or often corrected."""
    every = list(tallies)
    taught, alike = _taught(every), _alike(every)
    return {
        tally.kind: together([_novelty(tally.kind, taught), _often_corrected(alike[replace(tally.kind, classes="")])])
        for tally in every
    }


def _taught(tallies: Iterable[Tally]) -> Counter[tuple[str, str]]:
    """Return how many cases were learnt from, in all (an empty name) and by what makes cases alike."""
    found: Counter[tuple[str, str]] = Counter()
    for tally in tallies:
        kind = tally.kind
        single = (name for name in CLASS_NAMES if name in kind.classes and name != kind.classes)
        for shared in [("", ""), *asdict(kind).items(), *(("classes", name) for name in single)]:
            found[shared] += tally.taught
    return found


def _alike(tallies: Iterable[Tally]) -> dict[Kind, Tally]:
    """Return the tallies of what is made alike, whatever is found in it."""
    found: dict[Kind, Tally] = {}
    for tally in tallies:
        kind = replace(tally.kind, classes="")
        before = found.get(kind, Tally(kind, 0, 0, 0))
        found[kind] = replace(before, read=before.read + tally.read, corrections=before.corrections + tally.corrections)
    return found


def _novelty(kind: Kind, taught: Mapping[tuple[str, str], int]) -> Lesson:
    """Return what is newest about a kind; where few cases were learnt from at all, nothing stands out as new."""
    if taught["", ""] < FEW:
        return NOTHING_SAID
    seen = {name: taught[name, getattr(kind, name)] for name in WORDS if getattr(kind, name)}
    name = min(seen, key=lambda each: seen[each], default="")
    if not name or seen[name] >= FEW:
        return NOTHING_SAID
    what = WORDS[name].format(getattr(kind, name))
    if seen[name] == 0:
        return Lesson(NEVER_SEEN, (f"the first {what}",))
    return Lesson(SELDOM_SEEN, (f"fewer than {FEW} {what} so far",))


def _often_corrected(tally: Tally) -> Lesson:
    if tally.read < FEW or tally.corrections < tally.read:
        return NOTHING_SAID
    return Lesson(OFTEN_CORRECTED, ("cases made alike are often corrected",))
