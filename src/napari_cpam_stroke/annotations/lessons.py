"""How much a case would teach the model if it were read next, and why, in words.

What counts: doubt (a suspicion near the model's own threshold), disagreement of the networks of an ensemble,
corrections (findings turned down, prompts that were needed) in the case and in cases like it, and novelty: what few
cases were learnt from yet. Each is 0..1. They are put together like chances of which one is enough, so that a case that
is new and in doubt stands above one that is only in doubt.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod

from napari_cpam_stroke.annotations.opinion import Opinion
from napari_cpam_stroke.annotations.records import Split, Status
from napari_cpam_stroke.core.suspicion_scale import OWN

NO_RUN = -1.0
"""Stands below every case with a run."""

SETTLED = -2.0
"""Stands below all: reading it again teaches nothing."""

HALF_TAUGHT = 2
"""Corrections at which the part for them is one half."""

WORTH_SAYING = 0.2
"""Parts below are not told, but for the largest."""

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
