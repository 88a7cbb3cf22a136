"""Readers made of chance: where a person would point, given the truth and what is drawn so far."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.random import Generator
from scipy import ndimage
from skimage.measure import approximate_polygon, find_contours

from napari_cpam_stroke.core.arrays import Floats, Region
from napari_cpam_stroke.core.boxes import smallest_box
from napari_cpam_stroke.prompting import Prompt, PromptKind

Spacing = tuple[float, float]
"""Distance between rows, then between columns, mm."""

TRIES = 8
"""Draws of a place before a reader gives up being careful."""

LASSO_SLACK_MM = 2.0
"""A lasso runs so far outside what it means; a box fits by itself."""

ANYWHERE = 0
"""Slice index of prompts whose slice stands alone."""


@dataclass(frozen=True)
class RobotReader:
    """How careful a reader is.

    Attributes
    ----------
    spread_mm
        Standard deviation of a place about the one that was meant; of the edges of boxes and lassos too.
    rim_share
        How often a point lies near the rim of what it means, where hands go to correct an outline.
    wrong_side
        How often it slips over the rim.
    """

    name: str
    spread_mm: float = 0.0
    rim_share: float = 0.0
    wrong_side: float = 0.0

    def first(self, truth: Region, kind: PromptKind, spacing: Spacing, rng: Generator) -> Prompt:
        """Return the first prompt on a lesion that nothing is drawn of yet.

        Parameters
        ----------
        truth
            bool (Y, X), not empty; a point or scribble lies in its largest part, a box or lasso holds all of it.
        """
        if kind in (PromptKind.POINT, PromptKind.SCRIBBLE):
            return self._mark(largest_part(truth), kind, spacing, rng, adds=True)
        return self._surround(truth, kind, spacing, rng)

    def next(
        self, truth: Region, drawn: Region, spacing: Spacing, rng: Generator, kind: PromptKind = PromptKind.POINT
    ) -> Prompt | None:
        """Return a point or scribble in the largest part of what is missed or wrong; None where nothing is.

        Parameters
        ----------
        truth, drawn
            bool (Y, X).
        """
        missed, wrong = largest_part(truth & ~drawn), largest_part(drawn & ~truth)
        if not (missed.any() or wrong.any()):
            return None
        adds = bool(missed.sum() >= wrong.sum())
        return self._mark(missed if adds else wrong, kind, spacing, rng, adds=adds)

    def _mark(self, meant: Region, kind: PromptKind, spacing: Spacing, rng: Generator, *, adds: bool) -> Prompt:
        places = [self._place(meant, spacing, rng) for _ in range(kind.places)]
        if kind is PromptKind.SCRIBBLE:
            places.insert(1, self._place(meant, spacing, rng))
        return Prompt(kind, ANYWHERE, tuple(places), adds)

    def _place(self, meant: Region, spacing: Spacing, rng: Generator) -> tuple[float, float]:
        """Return a place in what is meant, as exactly as this reader points."""
        if self.wrong_side and rng.random() < self.wrong_side:
            return _drawn_from(ndimage.binary_dilation(meant, iterations=3) & ~meant, rng)
        if self.rim_share and rng.random() < self.rim_share:
            return _drawn_from(_rim(meant), rng)
        start = _drawn_from(meant, rng)
        if self.spread_mm == 0:
            return start
        for _ in range(TRIES):
            place = np.rint(np.asarray(start) + rng.normal(0, self.spread_mm, 2) / spacing).astype(int)
            if (place >= 0).all() and (place < meant.shape).all() and meant[tuple(place)]:
                return float(place[0]), float(place[1])
        return start

    def _surround(self, meant: Region, kind: PromptKind, spacing: Spacing, rng: Generator) -> Prompt:
        outline = _corners(meant) if kind is PromptKind.BOX else _outline(meant, spacing)
        shaken = outline + rng.normal(0, self.spread_mm, outline.shape) / spacing
        limit = np.asarray(meant.shape) - 1
        return Prompt(kind, ANYWHERE, tuple((float(y), float(x)) for y, x in np.clip(shaken, 0, limit)))


EXACT: Final = RobotReader("exact")
"""A random point in the largest error, as the field simulates it."""

CLUMSY: Final = RobotReader("clumsy", spread_mm=2.5, rim_share=0.3, wrong_side=1 / 20)
"""Off by millimetres, often near the rim, on the wrong side once in twenty: robots that never err flatter."""


def largest_part(region: Region) -> Region:
    """Return the largest connected part of (Y, X); nothing of nothing."""
    parts, count = ndimage.label(region)
    if count <= 1:
        return region
    return np.asarray(parts == 1 + int(np.argmax(np.bincount(parts.ravel())[1:])))


def _drawn_from(region: Region, rng: Generator) -> tuple[float, float]:
    flat = np.flatnonzero(region)
    row, column = divmod(int(rng.choice(flat)), region.shape[1])
    return float(row), float(column)


def _rim(region: Region) -> Region:
    inner = ndimage.binary_erosion(region, iterations=2)
    return np.asarray(region & ~inner)


def _corners(region: Region) -> Floats:
    rows, columns = smallest_box(region)
    return np.array([[rows.start, columns.start], [rows.stop - 1, columns.stop - 1]], dtype=np.float64)


def _outline(region: Region, spacing: Spacing) -> Floats:
    """Return a coarse closed outline around all of a region, as a hand draws it."""
    away = ndimage.distance_transform_edt(~region, sampling=spacing)
    joined = ndimage.binary_closing(np.pad(away <= LASSO_SLACK_MM, 1), iterations=3)
    longest = max(find_contours(largest_part(joined).astype(float), 0.5), key=len) - 1
    coarse = approximate_polygon(longest, tolerance=2.0)[:-1]
    return np.asarray(coarse if len(coarse) >= PromptKind.LASSO.places else longest[:-1])
