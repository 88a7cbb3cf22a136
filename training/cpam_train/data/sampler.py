"""How often each slice is drawn: classes evenly, small sources above their share, what readers corrected more often."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Literal

import numpy as np
import torch
from torch.utils.data import WeightedRandomSampler

from cpam_train.data.slices import SliceRow
from napari_cpam_stroke.annotations.records import REASONS, Reason
from napari_cpam_stroke.core.annotation import PRESENT

Kind = Literal["hemorrhage", "ischemia", "neither"]
Cell = tuple[Kind, str, str]
"""Kind of a slice, its source, its patient."""

MOST_SENT_AGAIN = 4
"""Prompts of one slice that count as corrections: one on which a reader fought must not fill the epoch."""

EVERY_REASON_ALIKE: Mapping[Reason, float] = MappingProxyType(dict.fromkeys(REASONS, 1.0))


def sampling_weights(
    rows: Sequence[SliceRow],
    *,
    balance: float = 1.0,
    hard_negative_weight: float = 0.0,
    reason_weights: Mapping[Reason, float] = EVERY_REASON_ALIKE,
    prompt_weight: float = 0.0,
    draws: tuple[float, float] = (1, 1),
) -> torch.Tensor:
    """Return float64 (n,) weights, their mean the mean of the draws.

    With `balance` 1 the three kinds of slices (hemorrhage, ischemia, neither) are drawn equally often; inside a kind,
    sources share by the square root of their size, and so do the patients of a source: few slices count more than
    their number, yet are not repeated without end.

    Parameters
    ----------
    balance
        0: every slice alike; between: the weights above to this power.
    hard_negative_weight, reason_weights, prompt_weight
        As `hardness`.
    draws
        Of a slice with ischemia or hemorrhage, and of one without; with `balance` 0 its expected number in an epoch.
    """
    cells = [(kind_of(row), row.case.source, row.case.patient_id) for row in rows]
    share = _root_shares(Counter(cells))
    weights = np.array([share[cell] for cell in cells]) ** balance
    weights *= [hardness(row, hard_negative_weight, reason_weights, prompt_weight) for row in rows]
    wanted = np.array([draws[kind_of(row) == "neither"] for row in rows], dtype=np.float64)
    weights *= wanted
    return torch.from_numpy(weights * wanted.mean() / weights.mean())


def hardness(
    row: SliceRow, hard_negative_weight: float, reason_weights: Mapping[Reason, float], prompt_weight: float
) -> float:
    """Return by which factor a slice is drawn more often than one that readers left as it was, 1 or more.

    Parameters
    ----------
    hard_negative_weight
        A slice on which readers turned down findings counts this much more per finding...
    reason_weights
        ... times the weight of its reason.
    prompt_weight
        It counts this much more per prompt that had to be sent again, up to `MOST_SENT_AGAIN` of them: a lesion that
        one prompt made right is no hard one.
    """
    rejected = sum(reason_weights[reason] for reason in row.rejected)
    return 1 + hard_negative_weight * rejected + prompt_weight * min(sum(row.sent_again), MOST_SENT_AGAIN)


def replayed(weights: torch.Tensor, new: Sequence[bool], share: float) -> torch.Tensor:
    """Return the (n,) weights under which slices of old cases are this share, 0..1, of all that are drawn.

    Their sum stays, and so does how the old ones stand to each other, and the new ones; nothing changes where all are
    old or all are new.
    """
    fresh = torch.tensor(new, dtype=torch.bool)
    total, of_new = weights.sum(), weights[fresh].sum()
    if not 0 < of_new < total:
        return weights
    return torch.where(fresh, weights * (1 - share) * total / of_new, weights * share * total / (total - of_new))


def weighted_sampler(
    weights: torch.Tensor, *, samples: int | None = None, share: int = 1, seed: int = 0
) -> WeightedRandomSampler:
    """Return a sampler with replacement of n slices by their (n,) weights.

    It gives `samples` per epoch, by default the sum of weights, over `share` processes.
    """
    length = max((samples or round(float(weights.sum()))) // share, 1)
    return WeightedRandomSampler(weights.tolist(), length, generator=torch.Generator().manual_seed(seed))


def kind_of(row: SliceRow) -> Kind:
    """Return what a slice shows; hemorrhage, the rarer one, counts first."""
    if row.labels[1] == PRESENT:
        return "hemorrhage"
    return "ischemia" if row.labels[0] == PRESENT else "neither"


def _root_shares(counts: Counter[Cell]) -> dict[Cell, float]:
    """Return the weight of one slice of each (kind, source, patient)."""
    sources: defaultdict[tuple[Kind, str], int] = defaultdict(int)
    for (kind, source, _), count in counts.items():
        sources[kind, source] += count
    roots_of_kind: defaultdict[Kind, float] = defaultdict(float)
    for cell, count in sources.items():
        roots_of_kind[cell[0]] += count**0.5
    roots_of_source: defaultdict[tuple[Kind, str], float] = defaultdict(float)
    for (kind, source, _), count in counts.items():
        roots_of_source[kind, source] += count**0.5
    return {
        (kind, source, patient): (sources[kind, source] ** 0.5 / roots_of_kind[kind])
        * (count**0.5 / roots_of_source[kind, source])
        / count
        for (kind, source, patient), count in counts.items()
    }
