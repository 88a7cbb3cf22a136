"""A folder of prepared MR cases: normalised, cut to the brain, one file each, read slice by slice."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from napari_cpam_stroke.annotations.records import Split
from napari_cpam_stroke.annotations.splits import DEFAULT_FRACTIONS, share_out
from napari_cpam_stroke.errors import StoreError
from napari_cpam_stroke.files import read_json, write_whole

INDEX = "brats.json"
VERSION = 1

MAX_DEVIATION = 5.0
"""Standard deviations that 8 bits span on either side of the brain's mean."""

ZERO = 128
"""Code of the mean; background outside the brain has it too."""

STEPS = 127 / MAX_DEVIATION
"""Codes per standard deviation."""


@dataclass(frozen=True)
class BratsCase:
    """One prepared case.

    Attributes
    ----------
    patient
        All time points of a patient share it and their split.
    grade
        HGG or LGG.
    slices
        Slices kept: those with brain.
    """

    case_id: str
    patient: str
    grade: str
    slices: int
    split: Split | None = None


class BratsFolder:
    """The prepared cases below one folder."""

    def __init__(self, folder: Path, cases: dict[str, BratsCase]) -> None:
        self.folder, self._cases = folder, cases

    @classmethod
    def open(cls, folder: Path, *, create: bool = True) -> Self:
        """Open the folder.

        Raises
        ------
        StoreError
            When it holds no prepared cases, or of another version.
        """
        index = Path(folder) / INDEX
        if not index.is_file():
            if not create:
                raise StoreError(f"Folder {folder} has no BraTS cases", remedy="run cpam-train import brats first")
            return cls(Path(folder), {})
        try:
            content = read_json(index)
            if content["version"] != VERSION:
                raise StoreError("BraTS folder is of another version", got=content["version"], expected=str(VERSION))
            return cls(Path(folder), {c["case_id"]: BratsCase(**c) for c in content["cases"]})
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StoreError(f"Index {index} is damaged", remedy="delete the folder and import again") from error

    def cases(self, split: Split | None = None) -> list[BratsCase]:
        """Return the cases in order, of one split or all."""
        return [case for _, case in sorted(self._cases.items()) if split in (None, case.split)]

    def add(self, case: BratsCase, images: NDArray[np.float32], labels: NDArray[np.uint8]) -> None:
        """Keep one case: normalised images (Z, 4, Y, X) in standard deviations, labels (Z, Y, X)."""
        codes = np.rint(np.clip(images, -MAX_DEVIATION, MAX_DEVIATION) * STEPS + ZERO).astype(np.uint8)
        write_whole(self._path(case.case_id, "images"), lambda file: np.save(file, codes))
        write_whole(self._path(case.case_id, "labels"), lambda file: np.save(file, labels))
        self._cases[case.case_id] = case
        self._write()

    def assign_splits(self, fractions: tuple[float, float, float] = DEFAULT_FRACTIONS, *, seed: int = 0) -> None:
        """Give every patient without a split one, grades spread evenly; nobody is ever moved."""
        strata = {case.patient: ("brats", case.grade) for case in self._cases.values()}
        fixed = {case.patient: case.split for case in self._cases.values() if case.split is not None}
        chosen = fixed | share_out(strata, fixed, fractions=fractions, seed=seed)
        self._cases = {
            name: BratsCase(case.case_id, case.patient, case.grade, case.slices, chosen[case.patient])
            for name, case in self._cases.items()
        }
        self._write()

    def read(self, case_id: str, z: int) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """Return images float32 (4, Y, X) in standard deviations, and labels (Y, X), of one slice."""
        codes = np.load(self._path(case_id, "images"), mmap_mode="r")[z]
        labels = np.load(self._path(case_id, "labels"), mmap_mode="r")[z]
        return (codes.astype(np.float32) - ZERO) / np.float32(STEPS), np.array(labels)

    def _path(self, case_id: str, kind: str) -> Path:
        return self.folder / f"{case_id}.{kind}.npy"

    def _write(self) -> None:
        content = {"version": VERSION, "cases": [asdict(case) for case in self.cases()]}
        write_whole(self.folder / INDEX, json.dumps(content, indent=1))
