"""Who trains, who tunes, who tests: by patient, stratified, once and for ever."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from napari_cpam_stroke.annotations.records import SPLITS, Split
from napari_cpam_stroke.errors import InputError

DEFAULT_FRACTIONS = (0.7, 0.1, 0.2)
"""Of the patients: train, validation, test."""

Stratum = tuple[str, str]
"""Source, and the classes seen in the patient."""


def share_out(
    strata: Mapping[str, Stratum],
    assigned: Mapping[str, Split],
    *,
    fractions: tuple[float, float, float] = DEFAULT_FRACTIONS,
    seed: int = 0,
) -> dict[str, Split]:
    """Give a split to every patient who has none.

    The shares alone would leave a split of a small store empty. From as many patients as there are splits on none is:
    those that are empty take the first patients, training first, then validation, then test.

    Parameters
    ----------
    strata
        By patient; the shares hold inside each stratum as nearly as whole patients allow, and over all of them.
    assigned
        Splits that are fixed already; they are never changed and count towards both shares.
    fractions
        Of `SPLITS` in that order.
    seed
        Another seed gives another, equally good division; the order of the patients does not matter.

    Returns
    -------
    Only the new ones.
    """
    wanted = _checked(fractions)
    given = _dealt(strata, assigned, wanted, seed, fill=False)
    held = {split for patient, split in {**assigned, **given}.items() if patient in strata}
    usable = [split for split in SPLITS if wanted[split] > 0]
    if held >= set(usable) or len(strata) < len(usable):
        return given
    return _dealt(strata, assigned, wanted, seed, fill=True)


def class_of(labels: Iterable[tuple[int, int]]) -> str:
    """Name what a patient's cases show together: 'unknown', 'none', 'ischemia', 'hemorrhage' or 'both'."""
    ischemia, hemorrhage = (max(column) for column in zip(*labels, strict=True))
    if max(ischemia, hemorrhage) < 1:
        return "unknown" if max(ischemia, hemorrhage) < 0 else "none"
    if min(ischemia, hemorrhage) == 1:
        return "both"
    return "ischemia" if ischemia == 1 else "hemorrhage"


def _checked(fractions: tuple[float, float, float]) -> dict[Split, float]:
    total = sum(fractions)
    if len(fractions) != len(SPLITS) or min(fractions) < 0 or abs(total - 1) > 1e-6:
        raise InputError("Split fractions must be three shares that add up to 1", got=fractions, expected="0.7 0.1 0.2")
    return dict(zip(SPLITS, fractions, strict=True))


def _dealt(
    strata: Mapping[str, Stratum], assigned: Mapping[str, Split], wanted: dict[Split, float], seed: int, *, fill: bool
) -> dict[str, Split]:
    """Return the new splits; with `fill`, a split that holds nobody comes before all that lack more."""
    given: dict[str, Split] = {}
    overall = Counter(assigned[patient] for patient in strata if patient in assigned)
    for stratum, patients in _grouped(strata).items():
        inside = Counter(assigned[patient] for patient in patients if patient in assigned)
        for patient in sorted((p for p in patients if p not in assigned), key=lambda p: _draw(seed, stratum, p)):
            empty = [split for split in SPLITS if wanted[split] > 0 and not overall[split]]
            chosen = empty[0] if fill and empty else _most_needed(wanted, inside, overall)
            given[patient] = chosen
            inside[chosen] += 1
            overall[chosen] += 1
    return given


def _grouped(strata: Mapping[str, Stratum]) -> dict[Stratum, list[str]]:
    groups: dict[Stratum, list[str]] = defaultdict(list)
    for patient, stratum in strata.items():
        groups[stratum].append(patient)
    return dict(sorted(groups.items()))


def _draw(seed: int, stratum: Stratum, patient: str) -> str:
    return hashlib.sha256(f"{seed}|{stratum}|{patient}".encode()).hexdigest()


def _most_needed(wanted: dict[Split, float], inside: Counter[Split], overall: Counter[Split]) -> Split:
    """Return the split that lacks most, in its stratum and over all strata together."""

    def lack(split: Split) -> float:
        return _lack(wanted[split], split, inside) + _lack(wanted[split], split, overall)

    candidates = [split for split in SPLITS if wanted[split] > 0]
    return max(candidates, key=lambda split: (round(lack(split), 9), -inside[split], wanted[split]))


def _lack(share: float, split: Split, counts: Counter[Split]) -> float:
    return share * (counts.total() + 1) - counts[split]
