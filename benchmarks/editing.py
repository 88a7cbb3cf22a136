"""Every edit of the Correct dock on 512 x 512 x 40, against its budget of 100 ms. Run: python benchmarks/editing.py"""

from __future__ import annotations

import sys
from collections.abc import Callable
from statistics import median
from time import perf_counter

import numpy as np

from napari_cpam_stroke.core import CTVolume, VolumeGeometry, measure_lesions
from napari_cpam_stroke.core import editing as e

BUDGET_MS = 100.0
ROUNDS = 9
SHAPE = (40, 512, 512)
SEED = (20, 256, 180)


def head(rng: np.random.Generator) -> CTVolume:
    """Return a noisy head: skull, brain, one dark and one bright region; 0.45 mm pixels, 4 mm slices, tilted."""
    z, y, x = np.ogrid[: SHAPE[0], : SHAPE[1], : SHAPE[2]]
    radius = ((y - 256) / 230) ** 2 + ((x - 256) / 180) ** 2 + ((z - 20) / 40) ** 2
    hu = np.where(radius < 1, np.where(radius < 0.85, 34, 900), -1000) + rng.normal(0, 4, SHAPE)
    hu[ball(SEED, 60)] -= 14
    hu[ball((24, 250, 340), 40)] += 32
    positions = np.stack([np.zeros(40), np.arange(40) * 1.2, np.arange(40) * 4.0], axis=1)
    geometry = VolumeGeometry(positions, np.r_[1.0, 0, 0], np.r_[0, 1.0, 0], (0.45, 0.45), np.full(40, 4.0))
    return CTVolume(hu.astype(np.int16), geometry, case_id="benchmark")


def ball(centre: tuple[int, int, int], radius: float) -> np.ndarray:
    z, y, x = np.ogrid[: SHAPE[0], : SHAPE[1], : SHAPE[2]]
    return ((z - centre[0]) * 8) ** 2 + (y - centre[1]) ** 2 + (x - centre[2]) ** 2 < radius**2


def drawn(rng: np.random.Generator) -> np.ndarray:
    """Return a mask with two large lesions, ragged edges and 2,000 islands."""
    mask = np.zeros(SHAPE, np.uint8)
    mask[ball(SEED, 60) & (rng.random(SHAPE) < 0.97)] = 1
    mask[ball((24, 250, 340), 40)] = 2
    mask.reshape(-1)[rng.integers(0, mask.size, 2000)] = 1
    return mask


def cases(volume: CTVolume, mask: np.ndarray) -> dict[str, Callable[[], object]]:
    empty = np.zeros_like(mask)
    every_third = np.where((np.arange(SHAPE[0]) % 3 == 0)[:, None, None], mask, 0).astype(np.uint8)
    stroke = np.stack([np.full(20, 20.0), np.linspace(200, 300, 20), np.linspace(150, 250, 20)], axis=1)
    grown = e.grow(empty, volume, SEED, 1).applied(empty)
    midline = e.find_midline(volume)
    return {
        "paint, disc, HU range": lambda: e.paint(empty, volume, SEED, 1, radius_mm=8, hu_range=(10, 30)),
        "paint, ball": lambda: e.paint(empty, volume, SEED, 1, radius_mm=15, ball=True),
        "paint, stroke of 20 balls": lambda: e.paint(empty, volume, stroke, 1, radius_mm=8, ball=True),
        "grow, 40 mm": lambda: e.grow(empty, volume, SEED, 1, tolerance_hu=6),
        "grow, one slice": lambda: e.grow(empty, volume, SEED, 1, reach_slices=0),
        "fill between, one gap": lambda: e.fill_between(every_third, volume, 2, around=22),
        "fill between, all gaps": lambda: e.fill_between(every_third, volume, 2),
        "smooth, in plane": lambda: e.smooth(mask, volume, 1),
        "smooth, 3D": lambda: e.smooth(mask, volume, 1, sigma_mm=2, across_slices=True),
        "remove islands": lambda: e.remove_islands(mask, volume, below_ml=0.1),
        "erase component": lambda: e.erase_component(mask, SEED),
        "swap class": lambda: e.swap_class(mask, SEED),
        "copy slice": lambda: e.copy_slice(mask, 20, 21),
        "keep in range": lambda: e.keep_in_range(mask, volume, SEED, (10, 30)),
        "mirror component": lambda: e.mirror_component(grown, volume, SEED, midline=midline),
        "(lesion table after an edit)": lambda: measure_lesions(mask, volume),
    }


def main() -> int:
    rng = np.random.default_rng(0)
    volume, mask = head(rng), drawn(rng)
    slow = 0
    for name, run in cases(volume, mask).items():
        run()
        times = []
        for _ in range(ROUNDS):
            start = perf_counter()
            result = run()
            times.append((perf_counter() - start) * 1000)
        ms = median(times)
        slow += ms > BUDGET_MS
        changed = getattr(result, "voxels", "")
        print(f"{name:30s} {ms:8.1f} ms   {ms / BUDGET_MS:5.2f} of the budget   {changed} voxels")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
