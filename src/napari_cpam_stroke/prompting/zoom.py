"""The square of tissue that is looked at: around the prompts and the mask so far, on a fixed number of pixels."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_cpam_stroke.core.arrays import Floats, Floats32, Region
from napari_cpam_stroke.core.boxes import smallest_box
from napari_cpam_stroke.prompting.prompt import Prompt

MARGIN_SHARE = 0.35
"""Tissue left on each side of what is pointed at, as a share of its longer side: a rim needs something beside it."""


@dataclass(frozen=True)
class Zoom:
    """A square of a slice and the grid it is sampled on.

    Attributes
    ----------
    centre_yx
        Row and column of its middle, in native pixels.
    side_mm
        Edge of the square; it may reach beyond the slice.
    spacing_mm
        Of the slice: distance between rows, then between columns.
    size
        Edge of the grid in pixels.
    """

    centre_yx: tuple[float, float]
    side_mm: float
    spacing_mm: tuple[float, float]
    size: int

    @property
    def pixel_mm(self) -> float:
        """Edge of a pixel of the grid."""
        return self.side_mm / self.size

    def onto(self, prompt: Prompt) -> Prompt:
        """Return a prompt of the slice with its places on the grid."""
        step, offset = self._to_native()
        places = (np.asarray(prompt.path, dtype=np.float64) - offset) / step
        return replace(prompt, path=tuple((float(row), float(column)) for row, column in places))

    def take(self, image: NDArray[np.generic], *, order: int = 1, outside: float = 0.0) -> Floats32:
        """Return a slice (Y, X) on the grid, float32 (size, size), blurred first where the grid is coarser.

        Parameters
        ----------
        order
            1: linear. 0: the nearest pixel, never blurred.
        outside
            What stands beyond the slice.
        """
        step, offset = self._to_native()
        first = np.floor(np.maximum(offset, 0)).astype(int)
        reach = np.maximum(step * (self.size - 1), 0)
        last = np.minimum(np.ceil(offset + reach).astype(int) + 2, image.shape)
        if (last <= first).any():
            return np.full((self.size, self.size), outside, dtype=np.float32)
        part = np.asarray(image[first[0] : last[0], first[1] : last[1]], dtype=np.float32)
        if order and (blur := np.maximum((step - 1) / 2, 0)).any():
            part = ndimage.gaussian_filter(part, blur, mode="nearest")
        taken: Floats32 = ndimage.affine_transform(
            part, step, offset - first, (self.size, self.size), order=order, mode="grid-constant", cval=outside
        )
        return taken

    def put_back(self, values: NDArray[np.generic], shape_yx: tuple[int, int]) -> Floats32:
        """Return values of the grid (size, size) on the native slice, float32 (Y, X), linear; 0 outside the square."""
        step, offset = self._to_native()
        native = np.zeros(shape_yx, dtype=np.float32)
        first = np.maximum(np.ceil(offset - step / 2), 0).astype(int)
        last = np.minimum(np.floor(offset + step * (self.size - 0.5)).astype(int) + 1, shape_yx)
        if (last <= first).any():
            return native
        native[first[0] : last[0], first[1] : last[1]] = ndimage.affine_transform(
            np.asarray(values, dtype=np.float32),
            1 / step,
            (first - offset) / step,
            tuple(last - first),
            order=1,
            mode="nearest",
        )
        return native

    def covers(self, shape_yx: tuple[int, int]) -> Region:
        """Return which native pixels the square holds, bool (Y, X)."""
        return np.asarray(self.put_back(np.ones((self.size, self.size)), shape_yx) > 0)

    def _to_native(self) -> tuple[Floats, Floats]:
        """Return native pixels for one of the grid, and the native place of its first one, both (2,) rows, columns."""
        step = self.pixel_mm / np.asarray(self.spacing_mm, dtype=np.float64)
        return step, np.asarray(self.centre_yx) - step * (self.size - 1) / 2


def zoom_on(
    pointed_at: Region, before: Region, *, spacing_mm: tuple[float, float], smallest_mm: float, size: int
) -> Zoom:
    """Return the square around what is pointed at and around the lesions so far that lie near it.

    Parameters
    ----------
    pointed_at, before
        bool (Y, X); something is pointed at.
    smallest_mm
        Edge of the square around a point; what is larger gets a larger one.
    """
    near = _square(pointed_at, spacing_mm, smallest_mm, size)
    parts, _ = ndimage.label(before, structure=np.ones((3, 3)))
    touched = np.unique(parts[near.covers(before.shape) & before])
    together = pointed_at | np.isin(parts, touched[touched > 0])
    return _square(together, spacing_mm, smallest_mm, size)


def _square(marked: Region, spacing_mm: tuple[float, float], smallest_mm: float, size: int) -> Zoom:
    rows, columns = smallest_box(marked)
    edges_mm = ((rows.stop - rows.start) * spacing_mm[0], (columns.stop - columns.start) * spacing_mm[1])
    side = max(smallest_mm, max(edges_mm) * (1 + 2 * MARGIN_SHARE))
    centre = ((rows.start + rows.stop - 1) / 2, (columns.start + columns.stop - 1) / 2)
    return Zoom(centre, float(side), spacing_mm, size)
