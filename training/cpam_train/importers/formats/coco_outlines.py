"""COCO outlines as a mask: polygons, run lengths, and run lengths packed into text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cpam_train.importers.run_lengths import pixels_of_runs
from napari_cpam_stroke.core import LesionClass, NoticeCode
from napari_cpam_stroke.core.label_values import ValueMeanings
from napari_cpam_stroke.core.notice import Notice, warning
from napari_cpam_stroke.errors import InputError

CORNERS = 3
"""A polygon has at least so many."""


RIM = 1.0
"""Pixels by which a corner may lie outside: outlining programs round."""


@dataclass(frozen=True, eq=False)
class Outline:
    """One entry of `annotations`; `segmentation` as the file has it."""

    category: int
    segmentation: Any


def mask_of(
    outlines: Sequence[Outline], values: ValueMeanings, shape: tuple[int, int]
) -> tuple[NDArray[np.uint8], tuple[Notice, ...]]:
    """Return the labels (Y, X) of some outlines, and what must be said of them; where classes overlap, hemorrhage wins.

    Raises
    ------
    InputError
        For a category without a name, a box without an outline, and outlines that do not fit the image.
    """
    drawn = {kind: np.zeros(shape, dtype=bool) for kind in LesionClass}
    for outline in outlines:
        if outline.category not in values:
            raise InputError(
                "An outline is of a category without a name",
                got=outline.category,
                expected=", ".join(map(str, values)),
            )
        kind = values[outline.category]
        if kind is not None:
            drawn[kind] |= _pixels(outline.segmentation, shape)
    labels = np.zeros(shape, dtype=np.uint8)
    for kind in sorted(LesionClass):
        labels[drawn[kind]] = kind
    overlap = int(np.logical_and.reduce(list(drawn.values())).sum())
    return labels, _overlap_notice(overlap)


def _overlap_notice(voxels: int) -> tuple[Notice, ...]:
    if not voxels:
        return ()
    sentence = "Hemorrhage and ischemia overlap, which counts as hemorrhage."
    return (warning(NoticeCode.CLASSES_OVERLAP, sentence, voxels=voxels),)


def _pixels(segmentation: object, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Return bool (Y, X) of one outline."""
    if isinstance(segmentation, dict):
        return _of_runs(segmentation, shape)
    if isinstance(segmentation, list) and segmentation:
        return _filled(_polygons(segmentation, shape), shape)
    raise InputError(
        "An annotation has no outline, perhaps only a box", got=type(segmentation).__name__, expected="a segmentation"
    )


def _polygons(segmentation: list[Any], shape: tuple[int, int]) -> list[list[float]]:
    height, width = shape
    for corners in segmentation:
        plain = isinstance(corners, list) and all(type(x) in (int, float) for x in corners)
        if not plain or len(corners) % 2 or len(corners) < 2 * CORNERS:
            raise InputError(
                "A polygon of an outline cannot be read", expected="x, y, x, y, ... of three corners or more"
            )
        points = np.asarray(corners, dtype=np.float64).reshape(-1, 2)
        if not np.isfinite(points).all() or (points < -RIM).any() or (points > (width + RIM, height + RIM)).any():
            raise InputError("A polygon leaves its image", expected=f"x to {width}, y to {height}")
    return [[float(x) for x in corners] for corners in segmentation]


def _filled(polygons: list[list[float]], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Return bool (Y, X) of polygons, filled as COCO fills them."""
    tools = _tools()
    return np.asarray(tools.decode(tools.merge(tools.frPyObjects(polygons, *shape))), dtype=bool)


def _of_runs(segmentation: dict[str, Any], shape: tuple[int, int]) -> NDArray[np.bool_]:
    if segmentation.get("size") != list(shape):
        raise InputError(
            "Run lengths are of another size than their image", got=segmentation.get("size"), expected=f"{list(shape)}"
        )
    return pixels_of_runs(segmentation.get("counts"), shape)


def _tools() -> Any:
    """Return pycocotools' functions on masks.

    Raises
    ------
    InputError
        Where the package is missing.
    """
    try:
        from pycocotools import mask
    except ImportError as error:
        raise InputError(
            "COCO polygons need the package pycocotools",
            remedy='install it with pip install "napari-cpam-stroke[train]"',
        ) from error
    return mask
