"""A plain series of the measured phantom, to be spoilt by the hazards, and the truth about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset

from napari_cpam_stroke.core import VolumeGeometry
from napari_cpam_stroke.samples import (
    HeadPhantom,
    SeriesText,
    even_steps,
    save_dataset,
    series_datasets,
    stack_geometry,
)

PHANTOM = HeadPhantom.measured()
CENTRE_MM = (6.0, -21.0, 45.0)
SHAPE = (112, 112)
SPACING = (2.05, 2.05)

EVEN = tuple(even_steps(26, 5.0))


@dataclass(frozen=True, eq=False)
class Truth:
    """What was really scanned: the planes in order, and the HU on them."""

    geometry: VolumeGeometry
    hu: np.ndarray


@dataclass(frozen=True)
class Hazard:
    """One way in which a series can go wrong.

    `expect`: ready, view_only, refused, rejected (files only), split (several entries, none of them a mixture) or
    several (the proposed one counts). `says`: words that warnings, facts or reasons must hold. `ml`: largest relative
    error of a lesion's volume. `slices`: expected number of slices; `parts`: of each entry that can be read. `hu`:
    largest difference of any pixel from the truth (None: not compared). `directory`: open the DICOMDIR, not its folder.
    """

    name: str
    build: Callable[[Path], Truth | None]
    expect: str = "ready"
    says: tuple[str, ...] = ()
    ml: float = 0.05
    slices: int | None = None
    parts: tuple[int, ...] = ()
    hu: int | None = 0
    lossy: bool = False
    measured: bool = True
    directory: bool = False


@lru_cache(maxsize=32)
def truth_of(
    distances: tuple[float, ...] = EVEN,
    *,
    thickness: float | tuple[float, ...] = 5.0,
    spacing: tuple[float, float] = SPACING,
    shape: tuple[int, int] = SHAPE,
    row: tuple[float, float, float] = (1.0, 0.0, 0.0),
    column: tuple[float, float, float] = (0.0, 1.0, 0.0),
    tilt: float = 0.0,
) -> Truth:
    geometry = stack_geometry(
        distances,
        shape_yx=shape,
        pixel_spacing_mm=spacing,
        thickness_mm=thickness,
        centre_mm=CENTRE_MM,
        row=row,
        column=column,
        tilt_degrees=tilt,
    )
    return Truth(geometry, PHANTOM.render(geometry, shape))


def datasets(truth: Truth, **how: object) -> list[Dataset]:
    """Return fresh datasets of the truth, uncompressed."""
    return series_datasets(truth.hu, truth.geometry, **how)  # type: ignore[arg-type]


def save_all(folder: Path, items: Sequence[Dataset], *, seed: int = 7, **how: object) -> None:
    """Write datasets under names that say nothing about their order."""
    folder.mkdir(parents=True, exist_ok=True)
    start = len(list(folder.iterdir()))
    names = np.random.default_rng(seed).permutation(len(items))
    for name, item in zip(names, items, strict=True):
        save_dataset(folder / f"IM{start + name:04d}", item, **how)  # type: ignore[arg-type]


def subset(truth: Truth, keep: Sequence[int]) -> Truth:
    """Return the truth of some of the slices."""
    geometry = truth.geometry
    return Truth(
        VolumeGeometry(
            positions_mm=geometry.positions_mm[list(keep)],
            row_direction=geometry.row_direction,
            column_direction=geometry.column_direction,
            pixel_spacing_mm=geometry.pixel_spacing_mm,
            thickness_mm=geometry.thickness_mm[list(keep)],
        ),
        truth.hu[list(keep)],
    )


def text(**values: object) -> SeriesText:
    """Return the identity of a series."""
    return SeriesText(**values)  # type: ignore[arg-type]
