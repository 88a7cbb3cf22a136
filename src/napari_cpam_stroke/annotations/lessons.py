"""How much a case would teach the model if it were read next, and why, in words.

What counts: doubt (a suspicion near the model's own threshold), disagreement of the networks of an ensemble,
corrections (findings turned down, prompts that were needed) in the case and in cases like it, and novelty: what few
cases were learnt from yet. Each is 0..1. They are put together like chances of which one is enough, so that a case that
is new and in doubt stands above one that is only in doubt.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from math import prod
from typing import Self

from napari_cpam_stroke.annotations.opinion import Opinion
from napari_cpam_stroke.annotations.records import Split, Status
from napari_cpam_stroke.core import CLASS_NAMES, Acquisition
from napari_cpam_stroke.core.suspicion_scale import OWN

NO_RUN = -1.0
"""Stands below every case with a run."""

SETTLED = -2.0
"""Stands below all: reading it again teaches nothing."""

NEVER_SEEN, SELDOM_SEEN = 0.7, 0.4
"""What it is worth that no case, or few, of the kind were learnt from."""

FEW = 5
"""Fewer cases than this are few."""

OFTEN_CORRECTED = 0.5
"""What it is worth that cases alike were corrected, on average at least once each."""

HALF_TAUGHT = 2
"""Corrections at which the part for them is one half."""

WORTH_SAYING = 0.2
"""Parts below are not told, but for the largest."""

LONGEST_WORD = 60
"""Characters of a scanner's or kernel's name that tell kinds apart."""

SETTLED_WORDS: dict[Status, str] = {"accepted": "accepted already", "rejected": "kept out of training"}
NO_RUN_WORDS = "no model was run on it"


@dataclass(frozen=True)
class Lesson:
    """What a case is worth as the next one.

    Attributes
    ----------
    score
        0..1; below 0 (`NO_RUN`, `SETTLED`) where it cannot be told, or it teaches nothing.
    reasons
        The strongest first.
    """

    score: float
    reasons: tuple[str, ...] = ()

    @property
    def worth(self) -> bool:
        """Whether it has a score at all."""
        return self.score >= 0


NOTHING_SAID = Lesson(0.0)


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


def suspected_classes(opinion: Opinion | None) -> tuple[str, ...]:
    """Return the classes that a model suspects."""
    return () if opinion is None else tuple(name for name, value in opinion.suspicions.items() if value >= OWN)


def own_lesson(
    *, status: Status, split: Split | None, opinion: Opinion | None, rejected: int = 0, prompts: int = 0
) -> Lesson:
    """Return what a case teaches by itself.

    Parameters
    ----------
    opinion
        None: no model was run on it.
    rejected, prompts
        Findings turned down in its newest version, and prompts that made it.
    """
    if status in SETTLED_WORDS:
        return Lesson(SETTLED, (SETTLED_WORDS[status],))
    if split in {"validation", "test"}:
        return Lesson(SETTLED, (f"a {split} patient, never trained on",))
    if opinion is None:
        return Lesson(NO_RUN, (NO_RUN_WORDS,))
    return together([_doubt(opinion), _disagreement(opinion), _corrections(rejected, prompts)])


def kind_lessons(tallies: Iterable[Tally]) -> dict[Kind, Lesson]:
    """Return what cases of each kind teach for being of it: new to the model, or often corrected."""
    every = list(tallies)
    taught, alike = _taught(every), _alike(every)
    return {
        tally.kind: together([_novelty(tally.kind, taught), _often_corrected(alike[replace(tally.kind, classes="")])])
        for tally in every
    }


def together(parts: Iterable[Lesson]) -> Lesson:
    """Return several lessons as one; one below 0 holds by itself."""
    ordered = sorted((part for part in parts if part.reasons), key=lambda part: -part.score)
    below = next((part for part in ordered if not part.worth), None)
    if below is not None:
        return below
    said = [part for place, part in enumerate(ordered) if place == 0 or part.score >= WORTH_SAYING]
    return Lesson(
        1 - prod(1 - part.score for part in ordered), tuple(reason for part in said for reason in part.reasons)
    )


def _doubt(opinion: Opinion) -> Lesson:
    """Return 1 at the model's own threshold, 0 where it is certain."""
    values = opinion.suspicions
    if not values:
        return _doubt_without_threshold(opinion)
    name = min(values, key=lambda each: abs(values[each] - OWN))
    score, words = 1 - abs(values[name] - OWN) / OWN, f"{name} {values[name]:.0f} of 100, its threshold at {OWN:.0f}"
    return Lesson(score, (f"in doubt: {words}" if score >= 0.5 else f"little doubt: {words}",))


def _doubt_without_threshold(opinion: Opinion) -> Lesson:
    """Return the doubt of a result whose model's thresholds the store does not know: 1 at one half."""
    said = opinion.probabilities
    name = min(said, key=lambda each: abs(said[each] - 0.5))
    return Lesson(
        1 - abs(2 * said[name] - 1), (f"probability of {name} {said[name]:.2f}, the model's threshold not known",)
    )


def _disagreement(opinion: Opinion) -> Lesson:
    ranges = opinion.ranges
    if not ranges:
        return NOTHING_SAID
    name = max(ranges, key=lambda each: ranges[each][1] - ranges[each][0])
    low, high = ranges[name]
    return Lesson((high - low) / 100, (f"networks disagree: {name} {low:.0f} to {high:.0f} of 100",))


def _corrections(rejected: int, prompts: int) -> Lesson:
    number = rejected + prompts
    said = [_counted(rejected, "finding", "rejected"), _counted(prompts, "prompt", "needed")]
    words = ", ".join(each for each in said if each)
    return Lesson(number / (number + HALF_TAUGHT), (words,)) if number else NOTHING_SAID


def _counted(number: int, what: str, happened: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'} {happened}" if number else ""


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
