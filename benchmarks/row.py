"""One line of the table of speeds: what was timed, beside whom, and what was wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

Runs = tuple[float, ...]
"""What each run gave, in the order of the runs."""


@dataclass(frozen=True)
class Wanted:
    """What a figure should be: at most so many of its unit, or at least so many times as good as the peer."""

    most: float | None = None
    times: float | None = None

    def words(self, unit: str) -> str:
        """Return it as the table has it."""
        return f"<= {self.most:g} {unit}" if self.most is not None else f">= {self.times:g} x"


@dataclass(frozen=True)
class Row:
    """What was timed.

    Attributes
    ----------
    what
        In words.
    unit
        Of `ours` and `theirs`; of all units used less is better.
    theirs
        Of the peer, run by run in turns with ours, so that a busy machine slows both; empty without one.
    """

    what: str
    unit: str
    ours: Runs
    peer: str = ""
    theirs: Runs = ()
    wanted: Wanted | None = None

    @property
    def ratio(self) -> float | None:
        """How many times as good as the peer: the median of the runs' ratios; None without a peer."""
        if not self.theirs:
            return None
        return median(their / our for our, their in zip(self.ours, self.theirs, strict=True))

    @property
    def reached(self) -> bool | None:
        """Whether it is as wanted; None where nothing was."""
        if self.wanted is None:
            return None
        if self.wanted.most is not None:
            return median(self.ours) <= self.wanted.most
        ratio = self.ratio
        return ratio is not None and ratio >= (self.wanted.times or 0)

    def cells(self) -> list[str]:
        """Return the cells of the table, in the order of `HEADINGS`."""
        wanted = "" if self.wanted is None else self.wanted.words(self.unit)
        mark = {None: "", True: "yes", False: "**no**"}[self.reached]
        theirs = f"{self.peer}: {spread(self.theirs)} {self.unit}" if self.theirs else ""
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        return [self.what, f"{spread(self.ours)} {self.unit}", theirs, ratio, wanted, mark]


HEADINGS = ("What", "Here", "Peer", "Times as good", "Wanted", "Reached")


def spread(runs: Sequence[float]) -> str:
    """Return the median of the runs, with the least and the most."""
    if len(runs) == 1:
        return f"{runs[0]:.3g}"
    return f"{median(runs):.3g} ({min(runs):.3g} to {max(runs):.3g})"


def table(rows: Sequence[Row]) -> str:
    """Return rows as a Markdown table."""
    lines = [HEADINGS, ["---"] * len(HEADINGS), *(row.cells() for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
