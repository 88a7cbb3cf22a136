"""Which docks stand below each other, and how wide the columns are, for a window of a size."""

from __future__ import annotations

from dataclasses import dataclass

LEFT, RIGHT = "left", "right"

NAPARIS = ("layer list", "layer controls")
"""napari's own docks, which the room puts behind Cases."""

STANDING: dict[str, tuple[tuple[str, ...], ...]] = {
    LEFT: (("cases", "train", *NAPARIS), ("window",)),
    RIGHT: (("findings", "history", "measurements", "planes", "prior"), ("models",)),
}
FOLDED: dict[str, tuple[tuple[str, ...], ...]] = {
    LEFT: (("cases", "window", "train", *NAPARIS),),
    RIGHT: (("findings", "models", "history", "measurements", "planes", "prior"),),
}
"""Docks of a column from above; those of one place are tabs, the first in front."""

STANDING_FROM = {LEFT: 640, RIGHT: 740}
"""Height of the window, in points, from which two places of a column have room below each other."""

SHARE = {LEFT: 0.22, RIGHT: 0.23}
"""Of the window's width."""

NARROWEST = {LEFT: 220, RIGHT: 250}
WIDEST = {LEFT: 340, RIGHT: 420}
"""Of a column, in points."""

LOWEST_SHARE = 0.27
"""Of the window's height, the most that the dock below the picture starts with."""


@dataclass(frozen=True)
class Arrangement:
    """How the docks of a window stand.

    Attributes
    ----------
    columns
        For each side the places from above, and the names of the docks that are tabs of one place.
    spared
        Docks that are hidden for want of room, until they are asked for.
    widths
        Of each side, in points.
    most_below
        Height of the lower dock, in points, at most.
    """

    columns: dict[str, tuple[tuple[str, ...], ...]]
    spared: tuple[str, ...]
    widths: dict[str, int]
    most_below: int


def arrangement_for(width: int, height: int) -> Arrangement:
    """Return how docks stand in a window of a width and height in points."""
    folded = {side for side in (LEFT, RIGHT) if height < STANDING_FROM[side]}
    return Arrangement(
        columns={side: (FOLDED if side in folded else STANDING)[side] for side in (LEFT, RIGHT)},
        spared=NAPARIS if LEFT in folded else (),
        widths={side: round(min(max(SHARE[side] * width, NARROWEST[side]), WIDEST[side])) for side in (LEFT, RIGHT)},
        most_below=round(LOWEST_SHARE * height),
    )
