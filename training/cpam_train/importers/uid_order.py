"""The order of slices that lost their positions, read from their instance UIDs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset

from napari_cpam_stroke.dicom.file.header_faults import HEADER_FAULTS
from napari_cpam_stroke.files import require_regular

COUNTING_COMPONENT = ("1.2.840.113619.", "1.2.840.113704.")
"""GE, Philips: the last number of the UID counts the slices of a series."""

COUNTING_DIGITS = "1.3.12."
"""Siemens: the last digits of the last number do."""

DIGITS = 5

_TAGS = ["Rows", "Columns", "PixelSpacing", "SliceThickness"]

Grid = tuple[int, int, tuple[float, ...], float]
"""Rows, columns, pixel spacing and slice thickness in mm."""


@dataclass(frozen=True)
class SliceName:
    """What tells the place of one file among others.

    Attributes
    ----------
    name
        Of the file, without its ending.
    grid
        None where the header does not tell it: then the file stays alone.
    """

    name: str
    instance_uid: str = ""
    grid: Grid | None = None


@dataclass(frozen=True)
class Run:
    """Slices that belong together, in order.

    Attributes
    ----------
    places_mm
        Number times thickness, ascending; None of a slice that has no number.
    """

    names: tuple[str, ...]
    places_mm: tuple[float, ...] | None = None

    @property
    def first(self) -> str:
        """The lowest name, by which the run is called."""
        return min(self.names)


def read_slice_name(path: Path) -> SliceName:
    """Return what the header of a file tells of its order; of a file that cannot be read its name only."""
    try:
        require_regular(path)
        header = pydicom.dcmread(path, specific_tags=_TAGS, stop_before_pixels=True)
        return SliceName(path.stem, str(header.file_meta.get("MediaStorageSOPInstanceUID", "")), _grid(header))
    except HEADER_FAULTS:
        return SliceName(path.stem)


def _grid(header: Dataset) -> Grid | None:
    try:
        spacing = tuple(round(float(value), 3) for value in header.PixelSpacing)
        thickness = float(header.SliceThickness)
        return (int(header.Rows), int(header.Columns), spacing, thickness) if thickness > 0 else None
    except (AttributeError, TypeError, ValueError):
        return None


def slice_number(uid: str) -> tuple[str, int] | None:
    """Return what the UIDs of one series share and the slice's number in it; None of a maker that does not count so."""
    stem, _, last = uid.rpartition(".")
    if uid.startswith(COUNTING_COMPONENT) and last.isdigit():
        return stem, int(last)
    if uid.startswith(COUNTING_DIGITS) and len(last) > DIGITS and last.isdigit():
        return uid[:-DIGITS], int(uid[-DIGITS:])
    return None


def find_runs(slices: Iterable[tuple[str, SliceName]]) -> list[Run]:
    """Return slices as runs: one group, series, grid and thickness, ordered by number; what has no number stays alone.

    Parameters
    ----------
    slices
        Group and name of each. A number that occurs twice in a run is taken once; the other slice stays alone.
    """
    numbered: defaultdict[object, dict[int, SliceName]] = defaultdict(dict)
    alone: list[Run] = []
    for group, one in slices:
        counted = slice_number(one.instance_uid)
        if counted is None or one.grid is None:
            alone.append(Run((one.name,)))
            continue
        run = numbered[group, counted[0], one.grid]
        if run.setdefault(counted[1], one) is not one:
            alone.append(Run((one.name,)))
    return sorted([*alone, *map(_run, numbered.values())], key=lambda run: run.first)


def _run(numbered: dict[int, SliceName]) -> Run:
    order = sorted(numbered)
    thicknesses = [one.grid[-1] for one in numbered.values() if one.grid is not None]
    return Run(tuple(numbered[n].name for n in order), tuple(n * thicknesses[0] for n in order))
