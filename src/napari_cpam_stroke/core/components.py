"""Connected regions of a mask, found run by run: cost follows the lesions, not the volume."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from napari_cpam_stroke.core.boxes import smallest_box

Ints = NDArray[np.int64]

NEIGHBOUR_ROWS = ((0, 1), (1, -1), (1, 0), (1, 1))
"""Steps (slice, row) to the rows that may touch a row; the other four are the same pairs seen from the other side."""


@dataclass(frozen=True, eq=False)
class Components:
    """Regions whose voxels touch at a face, an edge or a corner (26 neighbours), as runs along x.

    Attributes
    ----------
    shape
        (Z, Y, X) of the mask.
    start, length
        (R,) first flat index (C order) and number of voxels of each run; runs are sorted and never leave their row.
    number
        (R,) component of each run, 0..count-1, in order of the first voxel.
    count
        Number of components.
    """

    shape: tuple[int, int, int]
    start: Ints
    length: Ints
    number: NDArray[np.int32]
    count: int

    @property
    def run_slices(self) -> Ints:
        """(R,) slice of each run."""
        return np.asarray(self.start // (self.shape[1] * self.shape[2]))

    @property
    def voxels(self) -> Ints:
        """(count,) voxels of each component."""
        return self.sums(self.length).astype(np.int64)

    def sums(self, run_values: NDArray[np.generic]) -> NDArray[np.float64]:
        """Return (count,) sums of one value per run."""
        return np.asarray(np.bincount(self.number, weights=run_values, minlength=self.count), dtype=np.float64)

    def at(self, zyx: Sequence[int]) -> int | None:
        """Return the number of the component that holds a voxel, None where there is none."""
        index = [int(i) for i in zyx]
        if any(i < 0 or i >= n for i, n in zip(index, self.shape, strict=True)):
            return None
        flat = int(np.ravel_multi_index(index, self.shape))
        run = int(np.searchsorted(self.start, flat, side="right")) - 1
        inside = run >= 0 and flat < self.start[run] + self.length[run]
        return int(self.number[run]) if inside else None

    def flat_indices(self, chosen: NDArray[np.bool_]) -> Ints:
        """Return sorted flat indices of all voxels of the components for which `chosen` (count,) is True."""
        runs = np.flatnonzero(chosen[self.number])
        return _expand(self.start[runs], self.length[runs])

    def each(self, chosen: NDArray[np.bool_]) -> Iterator[Ints]:
        """Yield the sorted flat indices of each component for which `chosen` (count,) is True."""
        order = np.argsort(self.number, kind="stable")
        ends = np.cumsum(np.bincount(self.number, minlength=self.count))
        for number in np.flatnonzero(chosen):
            runs = order[ends[number - 1] if number else 0 : ends[number]]
            yield _expand(self.start[runs], self.length[runs])

    def only(self, zyx: Sequence[int]) -> NDArray[np.bool_]:
        """Return bool (count,): the component that holds a voxel; all False where there is none."""
        number = self.at(zyx)
        return np.asarray(np.arange(self.count) == (-1 if number is None else number))


def find_components(region: NDArray[np.bool_]) -> Components:
    """Find the connected regions of a bool (Z, Y, X) array."""
    z, y, x = region.shape
    start, stop = _runs(np.ascontiguousarray(region).reshape(-1), x)
    pairs = [_touching(start, stop, region.shape, step) for step in NEIGHBOUR_ROWS]
    first, second = np.concatenate([p[0] for p in pairs]), np.concatenate([p[1] for p in pairs])
    graph = coo_matrix((np.ones(first.size, dtype=bool), (first, second)), shape=(start.size, start.size))
    count, number = connected_components(graph, directed=False) if start.size else (0, np.zeros(0, dtype=np.int32))
    return Components((z, y, x), start, stop - start, number, int(count))


def find_label(mask: NDArray[np.uint8], label: int) -> Components:
    """Find the connected regions of one label of a (Z, Y, X) mask; what lies around them costs nothing."""
    box = smallest_box(mask, label)
    components = find_components(mask[box] == label)
    z, y, x = mask.shape
    first = np.unravel_index(components.start, components.shape)
    places = [axis + part.start for axis, part in zip(first, box, strict=True)]
    return replace(components, shape=(z, y, x), start=np.ravel_multi_index(places, mask.shape))


def _runs(flat: NDArray[np.bool_], row_length: int) -> tuple[Ints, Ints]:
    """Return first and one-past-last flat index of each run of True, cut where a row ends."""
    steps = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    ends = np.concatenate([[0] if flat[:1].any() else [], steps, [flat.size] if flat[-1:].any() else []])
    start, stop = ends[::2].astype(np.int64), ends[1::2].astype(np.int64)
    rows = np.arange(row_length, flat.size, max(row_length, 1))
    cuts = rows[flat[rows] & flat[rows - 1]]
    return np.sort(np.concatenate([start, cuts])), np.sort(np.concatenate([stop, cuts]))


def _touching(start: Ints, stop: Ints, shape: tuple[int, ...], step: tuple[int, int]) -> tuple[Ints, Ints]:
    """Return pairs of runs that touch, the second one `step` (slices, rows) away from the first."""
    _, y, x = shape
    row, low = np.divmod(start, x)
    high = low + (stop - start)
    inside = (row % y + step[1] >= 0) & (row % y + step[1] < y)
    other = (row + step[0] * y + step[1]) * (x + 1)
    first = np.searchsorted(row * (x + 1) + high, other + low, side="left")
    last = np.searchsorted(row * (x + 1) + low, other + high, side="right")
    touching = np.where(inside, np.maximum(last - first, 0), 0)
    return np.repeat(np.arange(start.size), touching), _expand(first, touching)


def _expand(start: Ints, length: Ints) -> Ints:
    """Return start[0] .. start[0] + length[0] - 1, start[1] .., one after the other."""
    before = np.cumsum(length) - length
    return np.asarray(np.arange(int(length.sum()), dtype=np.int64) + np.repeat(start - before, length))
