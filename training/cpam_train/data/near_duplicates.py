"""Slices that look like the same patient under two names, so that both can be kept on one side of the split."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.annotations.records import CaseRecord
from napari_cpam_stroke.config import PreprocessConfig
from napari_cpam_stroke.core.head import locate_head
from napari_cpam_stroke.core.orientation import radiological_view
from napari_cpam_stroke.core.preprocess import resample_head
from napari_cpam_stroke.progress import Progress

Prints = NDArray[np.float32]

GRID = PreprocessConfig(clip_hu=(0.0, 80.0), size=64, margin=0.0)
"""Heads cut out, upright and coarse: what a second scan of a patient shares with the first."""

COARSE_PIXELS = 4.0
"""Smoother than this is common to all heads and is taken out."""

MIN_NORM = 50.0
"""Fingerprints weaker than this (air, vertex) match anything and are left out."""

SAME_PATIENT = 0.92
"""Correlation from which two slices count as one patient's. Slices of different public sets, which cannot be one
patient, reach 0.912; rescans of one patient in the TEKNOFEST set 0.92 to 0.97."""

FAMILIES: dict[str, str] = {
    "rsna-slices": "rsna",
    "rsna-hu": "rsna",
    "bhsd": "rsna",
    "mbh": "rsna",
    "ct-ich-nifti": "ct-ich",
    "nifti": "own",
    "nnunet": "own",
    "dicom-seg": "own",
    "reader": "own",
}
"""Sources that show the same patients; slices are compared inside a family only."""

BLOCK = 2048
"""Slices compared at once, so that memory does not grow with the square of the store."""


@dataclass(frozen=True)
class LikePair:
    """Two patients with slices that look alike: the most alike pair of slices."""

    first_patient: str
    second_patient: str
    first_case: str
    first_slice: int
    second_case: str
    second_slice: int
    correlation: float


@dataclass(frozen=True, eq=False)
class FingerprintTable:
    """Unit vectors of slices and whose they are; only slices of one family can be one patient's."""

    prints: Prints
    family: NDArray[np.str_]
    patient: NDArray[np.str_]
    case: NDArray[np.str_]
    z: NDArray[np.intp]


def fingerprint(hu: NDArray[np.int16]) -> Prints:
    """Return float32 (Z, D) unit vectors of the HU (Z, Y, X) of a whole case; zero where a slice shows too little."""
    codes = resample_head(hu, locate_head(hu, GRID), GRID, range(len(hu))).astype(np.float32)
    fine = np.stack([code - ndimage.gaussian_filter(code, COARSE_PIXELS) for code in codes]).reshape(len(hu), -1)
    fine -= fine.mean(axis=1, keepdims=True)
    norm = np.linalg.norm(fine, axis=1, keepdims=True)
    return np.asarray(np.where(norm > MIN_NORM, fine / np.maximum(norm, 1e-6), 0), dtype=np.float32)


def family_of(source: str) -> str:
    """Return the name of all sources that may show the same patients as this one."""
    return FAMILIES.get(source, source)


def fingerprints(
    store: AnnotationStore, progress: Progress | None = None, *, families: Collection[str] | None = None
) -> FingerprintTable:
    """Return the fingerprints of every slice of a store, or only of these families of sources."""
    records = [r for r in store.cases() if families is None or family_of(r.source) in families]
    prints: list[Prints] = []
    owner: list[tuple[str, str, str, int]] = []
    for done, record in enumerate(records, start=1):
        prints.append(fingerprint(radiological_view(store.read_frames(record.case_id), record.geometry)))
        owner += [(family_of(record.source), record.patient_id, record.case_id, z) for z in _native_order(record)]
        if progress is not None:
            progress(done, len(records))
    families, patient, case, z = zip(*owner, strict=True) if owner else ((), (), (), ())
    return FingerprintTable(
        np.concatenate(prints) if prints else np.zeros((0, GRID.size**2), dtype=np.float32),
        np.asarray(families, dtype=np.str_),
        np.asarray(patient, dtype=np.str_),
        np.asarray(case, dtype=np.str_),
        np.asarray(z, dtype=np.intp),
    )


def _native_order(record: CaseRecord) -> range:
    """Return the native numbers of slices in radiological order."""
    flipped = record.geometry is not None and record.geometry.display_flips[0]
    return range(record.shape[0] - 1, -1, -1) if flipped else range(record.shape[0])


def find_alike(table: FingerprintTable, *, threshold: float = SAME_PATIENT) -> list[LikePair]:
    """Return pairs of different patients of one family of sources with slices that look alike, most alike first."""
    best: dict[tuple[str, str], LikePair] = {}
    for start in range(0, len(table.prints), BLOCK):
        block = slice(start, start + BLOCK)
        for other in range(start, len(table.prints), BLOCK):
            _compare(table, block, slice(other, other + BLOCK), threshold, best)
    return sorted(best.values(), key=lambda pair: -pair.correlation)


def _compare(
    table: FingerprintTable, rows: slice, columns: slice, threshold: float, best: dict[tuple[str, str], LikePair]
) -> None:
    alike = table.prints[rows] @ table.prints[columns].T
    allowed = (table.family[rows, None] == table.family[columns]) & (
        table.patient[rows, None] != table.patient[columns]
    )
    for i, j in np.argwhere((alike >= threshold) & allowed):
        a, b = sorted((rows.start + int(i), columns.start + int(j)), key=lambda k: str(table.patient[k]))
        key = (str(table.patient[a]), str(table.patient[b]))
        correlation = float(alike[i, j])
        if key not in best or correlation > best[key].correlation:
            best[key] = LikePair(
                *key, str(table.case[a]), int(table.z[a]), str(table.case[b]), int(table.z[b]), round(correlation, 4)
            )


def merge(pairs: Iterable[Sequence[str]]) -> list[set[str]]:
    """Return the groups that pairs of names link together, directly or through others."""
    groups: list[set[str]] = []
    for pair in pairs:
        linked = [group for group in groups if group & set(pair)]
        groups = [group for group in groups if group not in linked] + [set(pair).union(*linked)]
    return groups
