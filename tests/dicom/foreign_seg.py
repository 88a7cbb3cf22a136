"""DICOM SEG as other programs write them: by highdicom, in any of the 48 axis orders, spoilt at will."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from itertools import permutations, product
from pathlib import Path

import highdicom as hd
import numpy as np
from hazard_suite.base import datasets, save_all, truth_of
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sr.coding import Code

from napari_cpam_stroke.core import CTVolume
from napari_cpam_stroke.dicom import read_series, scan_folder

ABNORMAL = Code("49755003", "SCT", "Morphologically Abnormal Structure")
HEMORRHAGE = ("50960005", "SCT", "Hemorrhage")
INFARCT = ("55641003", "SCT", "Infarct")
BRAIN = ("12738006", "SCT", "Brain")
TISSUE = ("85756007", "SCT", "Tissue")

SMALL = {"distances": tuple(5.0 * i - 12.5 for i in range(6)), "spacing": (8.0, 9.0), "shape": (28, 24)}
"""A head of few voxels, another size along every axis."""

AXIS_ORDERS = [(order, flips) for order in permutations(range(3)) for flips in product((1, -1), repeat=3)]
"""All 48: which native axis (z, y, x) each of (frame, row, column) runs along, and whether forwards."""


def small_series(folder: Path, **how: object) -> CTVolume:
    """Write a small series and read it."""
    save_all(folder, datasets(truth_of(**{**SMALL, **how})))
    return read_series(scan_folder(folder).series[0])


def a_mask(volume: CTVolume, seed: int = 0, share: float = 0.1) -> np.ndarray:
    """Return bool (Z, Y, X): lies in one corner more than in the others, so that no turn leaves it as it is."""
    drawn = np.random.default_rng(seed).random(volume.shape) < share
    drawn[0, 1:4, 2:9] = True
    return drawn


def sources(volume: CTVolume) -> list[Dataset]:
    """Return the source images in slice order."""
    return [dcmread(frame.path) for frame in volume.source]


def segment(
    number: int,
    label: str,
    kind: tuple[str, str, str] = TISSUE,
    made_by: str = "MANUAL",
    algorithm: tuple[str, str] = ("nnU-Net", "2.5"),
) -> hd.seg.SegmentDescription:
    """Return one segment's description."""
    identification = None
    if made_by != "MANUAL":
        family = Code("123110", "DCM", "Artificial Intelligence")
        identification = hd.AlgorithmIdentificationSequence(algorithm[0], family, algorithm[1])
    return hd.seg.SegmentDescription(number, label, ABNORMAL, Code(*kind), made_by, identification)


def foreign_seg(
    volume: CTVolume,
    masks: Sequence[np.ndarray],
    segments: Sequence[hd.seg.SegmentDescription],
    *,
    kind: str = "BINARY",
    **how: object,
) -> Dataset:
    """Return a SEG of one bool or float (Z, Y, X) mask per segment."""
    stack = np.stack(masks, axis=-1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return hd.seg.Segmentation(
            sources(volume),
            stack if stack.dtype.kind == "f" else stack.astype(np.uint8),
            kind,
            segments,
            hd.UID(),
            1,
            hd.UID(),
            1,
            "Other",
            "Other",
            "1",
            "1",
            **how,
        )


def in_axis_order(volume: CTVolume, mask: np.ndarray, order: Sequence[int], flips: Sequence[int]) -> Dataset:
    """Return a SEG whose frames, rows and columns run along the native axes `order`, turned where `flips` is -1."""
    geometry = volume.geometry
    steps = np.stack(
        [
            (geometry.positions_mm[1] - geometry.positions_mm[0]),
            geometry.column_direction * geometry.pixel_spacing_mm[0],
            geometry.row_direction * geometry.pixel_spacing_mm[1],
        ]
    )
    turned = np.transpose(mask, order)[tuple(slice(None, None, f) for f in flips)]
    start = np.zeros(3)
    start[list(order)] = [0 if f == 1 else mask.shape[axis] - 1 for axis, f in zip(order, flips, strict=True)]
    origin = geometry.index_to_patient(start[None])[0]
    frame, row, column = (steps[axis] * f for axis, f in zip(order, flips, strict=True))
    spacing = [float(np.linalg.norm(step)) for step in (frame, row, column)]
    return foreign_seg(
        volume,
        [turned],
        [segment(1, "Hemorrhage", HEMORRHAGE)],
        plane_positions=[
            hd.PlanePositionSequence("PATIENT", [float(v) for v in origin + i * frame]) for i in range(len(turned))
        ],
        plane_orientation=hd.PlaneOrientationSequence("PATIENT", [*(column / spacing[2]), *(row / spacing[1])]),
        pixel_measures=hd.PixelMeasuresSequence(spacing[1:], 5.0, spacing[0]),
        omit_empty_frames=False,
    )


def groups(dataset: Dataset) -> Sequence[Dataset]:
    """Return the per-frame functional groups."""
    return dataset.PerFrameFunctionalGroupsSequence


def shared(dataset: Dataset) -> Dataset:
    """Return the shared functional groups."""
    return dataset.SharedFunctionalGroupsSequence[0]


def named_image(group: Dataset) -> Dataset:
    """Return the reference to a frame's source image."""
    return group.DerivationImageSequence[0].SourceImageSequence[0]


def without_references(dataset: Dataset) -> Dataset:
    """Take out every word about source images."""
    for group in groups(dataset):
        if "DerivationImageSequence" in group:
            del group.DerivationImageSequence
    if "ReferencedSeriesSequence" in dataset:
        del dataset.ReferencedSeriesSequence
    return dataset
