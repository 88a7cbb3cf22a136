"""How many true neighbours a training slice is shown: by chance, and so that their presence tells no class.

Lesions and lesion-free slices come from different sources, of which some hold series and some single slices. A network
that met neighbours more often with one class than with another could read the class from their presence. A slice
without neighbours cannot be shown any, so the same odds for all sources cannot be had; but the class can be hidden:

1. What holds series is a kind of slices (hemorrhage, ischemia, neither) of one source; all others always come alone.
2. In every such cell the numbers 0, 1 and 2 have the same odds, times what makes up for a kind of which more comes from
   series than of the others. So every kind is shown each number equally often.
3. Kinds that share a source with series draw the same share of their slices from series. So inside that source, too,
   every kind is shown each number equally often: what source a slice is from does not help to read its class from it.
4. Inside a cell those slices take the numbers that have so many neighbours; where they are too few for the odds they
   are drawn more often.

What stays: that a slice with neighbours is from a source with series. If a kind comes from no series at all, no slice
is shown any.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from cpam_train.data.near_duplicates import merge
from cpam_train.data.sampler import kind_of
from cpam_train.data.slices import SliceRow
from napari_cpam_stroke.config import PreprocessConfig
from napari_cpam_stroke.core.arrays import Floats
from napari_cpam_stroke.core.preprocess import context_rows

MIN_SERIES_SHARE = 0.2
"""Weight of a cell's slices with neighbours on both sides from which on the cell counts as series: fewer slices would
be shown again and again."""

Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class NeighbourOdds:
    """Of n training slices.

    Attributes
    ----------
    weights
        (n,) how often each is drawn; kinds keep their shares.
    odds
        (n, 2) how often it is shown one of its neighbours, and both.
    """

    weights: Floats
    odds: Floats

    @property
    def any(self) -> bool:
        """Whether any slice is shown a neighbour."""
        return bool(self.odds.any())


def true_sides(slices: Sequence[int]) -> tuple[bool, bool]:
    """Return whether the slices of one row of `context_rows` hold a true neighbour below, and above."""
    middle = len(slices) // 2
    return slices[middle - 1] != slices[middle], slices[middle + 1] != slices[middle]


def count_sides(rows: Sequence[SliceRow], config: PreprocessConfig) -> NDArray[np.intp]:
    """Return (n,) on how many sides, 0 to 2, the network can be shown a true neighbour."""
    shown = (context_rows(r.case.slices, config, [r.place], r.case.places_mm)[0] for r in rows)
    return np.array([sum(true_sides(slices)) for slices in shown], dtype=np.intp)


def neighbour_odds(
    rows: Sequence[SliceRow], weights: Floats, sides: NDArray[np.intp], wanted: tuple[float, float]
) -> NeighbourOdds:
    """Return how often slices are drawn and shown their neighbours.

    Parameters
    ----------
    weights
        (n,) how often each would be drawn without regard to neighbours.
    sides
        (n,) of `count_sides`.
    wanted
        Shares of the slices from series that are shown one neighbour, and two, in the kind with the fewest of them.
    """
    kinds = np.array([kind_of(row) for row in rows])
    sources = np.array([row.case.source for row in rows])
    cells = [(kinds == k) & (sources == s) for k, s in sorted(set(zip(kinds.tolist(), sources.tolist(), strict=True)))]
    series = [cell for cell in cells if _share(weights, (sides == 2) & cell, cell) >= MIN_SERIES_SHARE]
    in_series = np.logical_or.reduce(series) if series else np.zeros(len(rows), dtype=bool)
    weights = _evened(weights, kinds, sources, in_series)
    reach = {kind: _share(weights, in_series & (kinds == kind), kinds == kind) for kind in set(kinds.tolist())}
    odds, least = np.zeros((len(rows), 2)), min(reach.values())
    for cell in series if least > 0 else ():
        factor = least / reach[str(kinds[cell][0])]
        weights[cell], odds[cell] = _of_cell(weights[cell], sides[cell], (wanted[0] * factor, wanted[1] * factor))
    return NeighbourOdds(weights, odds)


def shown_slices(slices: Sequence[int], odds: Floats, rng: np.random.Generator) -> list[int]:
    """Return the slices of one row of `context_rows` with the slice itself where a neighbour is not shown.

    They come in either order: slices without positions do not tell which way is up.

    Parameters
    ----------
    odds
        (2,) of showing one neighbour, and two.
    """
    chance, middle = rng.random(), len(slices) // 2
    count = 2 if chance < odds[1] else 1 if chance < odds.sum() else 0
    there = np.flatnonzero(true_sides(slices))
    below, above = np.isin((0, 1), rng.permutation(there)[:count])
    shown = [
        slices[k] if k == middle or (below if k < middle else above) else slices[middle] for k in range(len(slices))
    ]
    return shown[:: rng.choice((-1, 1))]


def _evened(weights: Floats, kinds: NDArray[np.str_], sources: NDArray[np.str_], in_series: Flags) -> Floats:
    """Return the weights under which kinds that share a source with series draw the same share from series.

    Nothing is changed where one of them has nothing but series, or none.
    """
    evened = weights.astype(np.float64, copy=True)
    for linked in merge(_linked(kinds[in_series], sources[in_series])):
        share = {kind: _share(weights, in_series & (kinds == kind), kinds == kind) for kind in linked}
        if not all(0 < value < 1 for value in share.values()):
            continue
        target = sum(share.values()) / len(share)
        for kind, value in share.items():
            evened[in_series & (kinds == kind)] *= target / value
            evened[~in_series & (kinds == kind)] *= (1 - target) / (1 - value)
    return evened


def _linked(kinds: NDArray[np.str_], sources: NDArray[np.str_]) -> Iterable[tuple[str, str]]:
    """Yield pairs of kinds that share a source."""
    for source in np.unique(sources):
        yield from pairwise(np.unique(kinds[sources == source]).tolist())


def _of_cell(weights: Floats, sides: NDArray[np.intp], wanted: tuple[float, float]) -> tuple[Floats, Floats]:
    """Return weights (n,) and odds (n, 2) of one cell, so that one neighbour and two are shown as often as wanted."""
    one, two = wanted
    total = weights.sum()
    there = np.array([weights[sides >= count].sum() / total for count in (1, 2)])
    both = max(there[1], two)
    any_side = max(there[0], one + two, both)
    both = both if (sides == 1).any() else any_side
    needed = (1 - any_side, any_side - both, both)
    weights = weights.copy()
    for count, share in enumerate(needed):
        group = sides == count
        if group.any():
            weights[group] *= share * total / weights[group].sum()
    odds = np.zeros((len(weights), 2))
    odds[sides == 2, 1] = two / both
    odds[sides >= 1, 0] = (1 - odds[sides >= 1, 1]) * one / max(any_side - two, 1e-12)
    return weights, odds


def _share(weights: Floats, part: Flags, whole: Flags) -> float:
    return float(weights[part].sum() / max(weights[whole].sum(), 1e-300))
