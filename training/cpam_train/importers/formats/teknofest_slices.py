"""TEKNOFEST-2021 ischemia slices as one plain folder: files, masks, and the groups that stand in for patients."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import numpy as np

from cpam_train.importers.dicom_run import Labelled, read_run
from cpam_train.importers.dicom_slice import read_dicom_slice
from cpam_train.importers.images import read_drawn
from cpam_train.importers.layout import by_stem
from cpam_train.importers.listed import UNREADABLE, table_lines
from cpam_train.importers.options import ImportOptions
from cpam_train.importers.record import Candidate
from cpam_train.importers.uid_order import Run, SliceName, find_runs, read_slice_name
from napari_cpam_stroke.core import LesionClass
from napari_cpam_stroke.errors import InputError

GROUPS = "groups.csv"
AUTHOR = "TEKNOFEST-2021 radiologists"


def find_slices(src: Path, dicom: Path, masks: Path, options: ImportOptions) -> list[Candidate]:
    """Return one candidate per run of slices of `dicom`; outlines lie in `masks`, groups in the groups file."""
    groups = read_groups(options.groups or src / GROUPS)
    files, outlines = by_stem(dicom, ".dcm"), by_stem(masks, ".png")
    runs = find_runs((groups.get(name, ""), _named(name, path, outlines, groups)) for name, path in files.items())
    return [
        run_candidate("teknofest-", run, partial(_read, files, outlines, groups), groups.get(run.first, ""))
        for run in runs
    ]


def run_candidate(prefix: str, run: Run, read: Callable[[str], Labelled], group: str) -> Candidate:
    """Return the candidate of a run: a single slice is called as its file, several by the lowest of their names."""
    case_id = f"{prefix}{run.first}" if len(run.names) == 1 else f"{prefix}run-{run.first}"
    load = partial(read_run, case_id, run, read, patient=f"teknofest-{group}", author=AUTHOR)
    return Candidate(case_id, load, names=run.names)


def read_groups(path: Path) -> dict[str, str]:
    """Return slice name -> group."""
    remedy = "slices of one patient must stay in one split; give the file with --set groups=FILE"
    if not path.is_file():
        raise InputError(f"Groups file is missing: {path}", expected="a CSV with columns slice,group", remedy=remedy)
    try:
        return {row["slice"].strip(): row["group"].strip() for row in csv.DictReader(table_lines(path)[0])}
    except (*UNREADABLE, KeyError, AttributeError) as error:
        raise InputError(
            f"Groups file cannot be read: {path}", expected="columns slice,group", remedy=remedy
        ) from error


def _named(name: str, path: Path, outlines: Mapping[str, Path], groups: Mapping[str, str]) -> SliceName:
    """Return what orders a slice; one without mask or group stays alone, to be refused by its name."""
    return read_slice_name(path) if name in outlines and groups.get(name) else SliceName(name)


def _read(files: Mapping[str, Path], outlines: Mapping[str, Path], groups: Mapping[str, str], name: str) -> Labelled:
    path = files[name]
    if name not in outlines:
        raise InputError(f"Slice {path.name} has no mask", expected=f"masks/{name}.png")
    if not groups.get(name):
        raise InputError(f"Slice {path.name} has no group", expected=f"a line {name},<group> in {GROUPS}")
    lesion = read_drawn(outlines[name])
    return read_dicom_slice(path), np.where(lesion, np.uint8(LesionClass.ISCHEMIA), np.uint8(0))
