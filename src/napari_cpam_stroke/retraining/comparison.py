"""The new model against the one it would follow, as the trainer found on the frozen test set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.files import read_json

VERDICT_FILE = "verdict.json"
"""In the run folder, written by `cpam-train promote`."""


@dataclass(frozen=True)
class ClassFigures:
    """One figure of one class; None where a model has none.

    Attributes
    ----------
    figure
        `dice`, or `auc of slices`.
    low, high
        The 95 % interval of new minus old over patients; None where too few patients give none.
    """

    lesion_class: str
    figure: str
    old: float | None
    new: float | None
    difference: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class WorstCase:
    """A test case on which the new model fares worst, by its Dice."""

    case_id: str
    lesion_class: str
    old: float | None
    new: float | None


@dataclass(frozen=True)
class Comparison:
    """What was found.

    Attributes
    ----------
    name
        What the new model would be called.
    rival
        Name and version of the model it was compared with.
    shown
        Whether everything that is asked for is shown.
    missing
        What is not, each as a clause with the figure found.
    """

    name: str
    rival: str
    shown: bool
    cases: int
    patients: int
    missing: tuple[str, ...]
    figures: tuple[ClassFigures, ...]
    worst: tuple[WorstCase, ...]


def read_comparison(run: Path) -> Comparison | None:
    """Return what a run folder says of a comparison, None where there was none.

    Raises
    ------
    InputError
        If its file is damaged.
    """
    file = run / VERDICT_FILE
    try:
        return _comparison(read_json(file))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{file} cannot be read", got=error, remedy="compare again") from error


def _comparison(values: Mapping[str, Any]) -> Comparison:
    demands = values["demands"]
    return Comparison(
        name=str(values["name"]),
        rival=str(values["compared_with"]),
        shown=bool(values["shown"]),
        cases=int(values["cases"]),
        patients=int(values["patients"]),
        missing=tuple(f"{demand['words']} ({demand['found']})" for demand in demands if not demand["met"]),
        figures=tuple(
            _figures(name, figure, found)
            for name, own in values["classes"].items()
            for figure, found in own.items()
            if found
        ),
        worst=tuple(WorstCase(c["case_id"], c["class"], c["old"], c["new"]) for c in values["worst"]),
    )


def _figures(name: str, figure: str, found: Mapping[str, Any]) -> ClassFigures:
    old, new, difference = (found.get(which, {}) for which in ("old", "new", "difference"))
    return ClassFigures(
        name,
        figure,
        old=old.get("value"),
        new=new.get("value"),
        difference=difference.get("value"),
        low=difference.get("low"),
        high=difference.get("high"),
    )
