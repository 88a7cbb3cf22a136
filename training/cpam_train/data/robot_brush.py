"""A hand made of chance that paints instead of pointing: straight strokes of a round brush over the largest error."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Final

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import ndimage

from cpam_train.data.robot_reader import CLUMSY, EXACT, Spacing
from napari_cpam_stroke.core.arrays import Floats, Region

BRUSH_SIZE = 10
"""Diameter in pixels with which napari's brush begins, and the room's with it."""

RADIUS = BRUSH_SIZE // 2 + 0.5
"""How far napari's round brush of that size reaches from the pixel under the cursor."""

ENDS = 12
"""Places that a stroke may begin and end at, besides the best one: the best pair of them is taken."""


@dataclass(frozen=True)
class Stroke:
    """A straight stroke from one place (row, column) to another, which paints or erases."""

    start: tuple[float, float]
    end: tuple[float, float]
    adds: bool


@dataclass(frozen=True)
class RobotBrush:
    """How exactly a hand paints.

    Attributes
    ----------
    spread_mm
        Standard deviation of both ends of a stroke about those that were meant.
    """

    name: str
    spread_mm: float = 0.0

    def next(self, truth: Region, drawn: Region, spacing: Spacing, rng: Generator) -> Stroke | None:
        """Return the next stroke; None where none of this brush would make it better.

        Over the largest error on which the brush mends more than it spoils, from end to end what mends most.

        Parameters
        ----------
        truth, drawn
            bool (Y, X).
        """
        disc = _disc(spacing)
        worths = {adds: worth(truth, drawn, adds=adds) for adds in (True, False)}
        errors = [error for adds, value in worths.items() for error in _mendable(value, disc, adds=adds)]
        if not errors:
            return None
        error = max(errors, key=lambda each: each.size)
        start, end = _best_ends(worths[error.adds], error, spacing, rng)
        return Stroke(self._shaken(start, spacing, rng), self._shaken(end, spacing, rng), error.adds)

    def _shaken(self, place: Floats, spacing: Spacing, rng: Generator) -> tuple[float, float]:
        row, column = place + rng.normal(0, self.spread_mm, 2) / spacing if self.spread_mm else place
        return float(row), float(column)


EXACT_BRUSH: Final = RobotBrush(EXACT.name)
CLUMSY_BRUSH: Final = RobotBrush(CLUMSY.name, CLUMSY.spread_mm)
"""Hands as exact as those that point."""


@dataclass(frozen=True, eq=False)
class _Error:
    """A connected part of what is wrong.

    Attributes
    ----------
    size
        Pixels.
    places, gains
        int (N, 2) and float (N,): its pixels on which a single touch of the brush mends something, and how much.
    """

    size: int
    adds: bool
    places: NDArray[np.int64]
    gains: Floats


def covered(stroke: Stroke, shape_yx: tuple[int, int], spacing: Spacing) -> Region:
    """Return what a stroke paints over, bool (Y, X)."""
    ends, under = np.array([stroke.start, stroke.end]), np.zeros(shape_yx, dtype=bool)
    box = _reached(ends, shape_yx)
    places = np.stack(np.meshgrid(*(np.arange(part.start, part.stop) for part in box), indexing="ij"), axis=-1)
    under[box] = _away(places, ends[0], ends[1], spacing) <= RADIUS
    return under


def worth(truth: Region, drawn: Region, *, adds: bool) -> Floats:
    """Return what painting (or erasing) each pixel is worth, (Y, X): 1 mends it, -1 spoils it, 0 changes nothing."""
    right, wrong = (truth & ~drawn, ~truth & ~drawn) if adds else (drawn & ~truth, drawn & truth)
    return right.astype(np.float64) - wrong


def _mendable(value: Floats, disc: Floats, *, adds: bool) -> list[_Error]:
    """Return the connected errors on which a touch of the brush mends more than it spoils."""
    parts, count = ndimage.label(value > 0)
    found = []
    for number, box in enumerate(ndimage.find_objects(parts, count), start=1):
        own = parts[box] == number
        places, gains = np.argwhere(own) + [part.start for part in box], _touches(value, disc, box)[own]
        if gains.max() > 0:
            found.append(_Error(len(places), adds, places[gains > 0], gains[gains > 0]))
    return found


def _touches(value: Floats, disc: Floats, box: tuple[slice, slice]) -> Floats:
    """Return what a single touch on each pixel of a box is worth."""
    reach = len(disc) // 2
    wide = np.pad(value, reach)[box[0].start : box[0].stop + 2 * reach, box[1].start : box[1].stop + 2 * reach]
    sums = ndimage.convolve(wide, disc, mode="constant")
    return np.asarray(sums[reach : sums.shape[0] - reach, reach : sums.shape[1] - reach])


def _best_ends(value: Floats, error: _Error, spacing: Spacing, rng: Generator) -> tuple[Floats, Floats]:
    """Return the pair of places, drawn from an error, between which a stroke mends most."""
    drawn = rng.choice(len(error.places), min(ENDS, len(error.places)), replace=False)
    ends = error.places[np.union1d(drawn, np.argmax(error.gains))].astype(np.float64)
    box = _reached(ends, value.shape)
    near = value[box]
    places = np.argwhere(near) + [part.start for part in box]
    worths = near[near != 0]
    pairs = list(combinations_with_replacement(ends, 2))
    mended = [worths[_away(places, start, end, spacing) <= RADIUS].sum() for start, end in pairs]
    return pairs[int(np.argmax(mended))]


def _reached(ends: Floats, shape_yx: tuple[int, ...]) -> tuple[slice, slice]:
    """Return the part of a slice that strokes between places (N, 2) can reach."""
    reach = int(np.ceil(RADIUS)) + 1
    low = np.clip(np.floor(ends.min(axis=0)).astype(int) - reach, 0, shape_yx)
    high = np.clip(np.ceil(ends.max(axis=0)).astype(int) + reach + 1, low, shape_yx)
    return slice(int(low[0]), int(high[0])), slice(int(low[1]), int(high[1]))


def _away(places: NDArray[np.integer], start: Floats, end: Floats, spacing: Spacing) -> Floats:
    """Return how far places (..., 2) lie from a straight line, in pixels of the finer direction."""
    scale = np.asarray(spacing) / min(spacing)
    along, beside = (end - start) * scale, (places - start) * scale
    length = float(along @ along)
    share = np.clip(beside @ along / length, 0, 1) if length else np.zeros(places.shape[:-1])
    rest = beside - share[..., None] * along
    return np.hypot(rest[..., 0], rest[..., 1])


def _disc(spacing: Spacing) -> Floats:
    """Return the footprint of a touch, 1 inside."""
    reach = int(np.ceil(RADIUS))
    places = np.stack(np.meshgrid(*2 * [np.arange(-reach, reach + 1)], indexing="ij"), axis=-1)
    middle = np.zeros(2)
    return (_away(places, middle, middle, spacing) <= RADIUS).astype(np.float64)
