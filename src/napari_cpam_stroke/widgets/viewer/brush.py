"""napari's own brush, kept to a range of HU."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import MethodType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_cpam_stroke.widgets.viewer.layers import CaseLayers

if TYPE_CHECKING:
    from napari.layers import Labels

HuRange = tuple[int, int]


def limit_brush(layers: CaseLayers, hu_range: Callable[[], HuRange | None]) -> None:
    """Let napari's own brush on the Reading layer respect a range of HU, asked for at every stroke.

    Parameters
    ----------
    hu_range
        Returns lowest and highest HU, both included; None where the brush is free.

    Notes
    -----
    napari's mouse handling stays; only `paint` of this one layer is wrapped: where a limit is set, the voxels of the
    brush that lie in the range go through `data_setitem`, which keeps napari's undo.
    """
    layer = layers.reading
    free = MethodType(type(layer).paint, layer)

    def paint(_: Labels, coord: Sequence[float], new_label: int, refresh: bool = True) -> None:
        limits = hu_range()
        if limits is None or new_label == 0:
            free(coord, new_label, refresh)
            return
        shown = brush_voxels(layer, coord, layers.edit_axes())
        hu = layers.turned(layers.volume.hu)[shown]
        inside = (hu >= limits[0]) & (hu <= limits[1])
        layer.data_setitem(tuple(axis[inside] for axis in shown), new_label, refresh)

    layer.paint = MethodType(paint, layer)


def brush_voxels(layer: Labels, coord: Sequence[float], axes: Sequence[int]) -> tuple[NDArray[np.intp], ...]:
    """Return the voxels that napari's round brush covers at a position.

    Parameters
    ----------
    coord
        (z, y, x) in displayed voxels.
    axes
        Array axes the brush works in: the two displayed ones, or all three for the ball.

    Returns
    -------
    Index arrays (N,) along z, y and x of the layer's displayed array.
    """
    radius = np.floor(layer.brush_size / 2) + 0.5
    scale = np.abs(np.asarray(layer.scale, dtype=float))
    scale /= scale[list(axes)].min()
    centre = [round(float(c)) for c in coord]
    ranges = []
    for axis, size in enumerate(layer.data.shape):
        reach = int(radius / scale[axis]) if axis in axes else 0
        ranges.append(np.arange(max(centre[axis] - reach, 0), min(centre[axis] + reach + 1, size)))
    grid = np.meshgrid(*ranges, indexing="ij")
    squared = sum(((grid[a] - centre[a]) * scale[a]) ** 2 for a in axes)
    chosen = squared <= radius**2
    return tuple(axis[chosen] for axis in grid)
