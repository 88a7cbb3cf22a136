"""A lesion that is right on one slice, carried to the next one through positions in mm."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from napari_cpam_stroke.core import CTVolume, LesionClass
from napari_cpam_stroke.core.arrays import Mask, Region
from napari_cpam_stroke.core.boxes import smallest_box
from napari_cpam_stroke.core.editing.box import pixel_spacing, slice_origins
from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.progress import Cancelled
from napari_cpam_stroke.prompting.engine import PromptEngine, PromptRequest
from napari_cpam_stroke.prompting.prompt import Prompt, PromptKind

LEAST_MM2 = 10.0
"""An answer smaller than this is none: the lesion has ended."""

LARGEST_STEP_MM = 12.0
"""Over a wider gap nothing is carried: what lies between was not seen."""

FARTHEST_MM = 60.0
"""From the slice a lesion is carried from to the last one it reaches."""

DEEP_SHARE = 0.8
"""Of the largest distance to the rim: pixels from there on lie deep inside."""

RIM_MM = (2.0, 8.0)
"""What lies this far outside a lesion is the tissue it is compared with."""

BRAIN_HU = (0, 100)
"""Of that tissue: neither air nor bone."""

LEAST_CONTRAST_SHARE = 0.35
"""Of the contrast on the slice before: with less the lesion has ended."""

SURE_CONTRAST_HU = 3.0
"""A lesion that differs less from its rim is not judged by its density."""


@dataclass(frozen=True, eq=False)
class Carried:
    """A lesion on one slice.

    Attributes
    ----------
    region
        bool (Y, X): what is drawn of it.
    request
        What was asked to get it.
    """

    slice_index: int
    region: Region
    request: PromptRequest


def projected(region: Region, volume: CTVolume, source: int, target: int) -> Region:
    """Return a bool (Y, X) region of one slice on another, straight along the slices' normal.

    Under gantry tilt the same pixel lies elsewhere in the patient on every slice; that is evened out.
    """
    moved = ndimage.shift(region.astype(np.float32), _shift(volume, source, target), order=1)
    return np.asarray(moved >= 0.5)


def projected_prompt(prompt: Prompt, volume: CTVolume, target: int) -> Prompt:
    """Return a prompt on another slice, straight along the slices' normal."""
    down, right = _shift(volume, prompt.slice_index, target)
    path = tuple((row + down, column + right) for row, column in prompt.path)
    return Prompt(prompt.kind, target, path, prompt.adds)


def carried_request(
    volume: CTVolume,
    lesion_class: LesionClass,
    region: Region,
    prompts: tuple[Prompt, ...],
    step: tuple[int, int],
    probabilities: Mask | None = None,
) -> PromptRequest:
    """Return what is asked on a slice of a lesion that is right on its neighbour.

    The region comes along as the mask before; in its middle stands a point for the lesion, for a reader's own points
    may lie on a rim that is elsewhere here. What a reader took away is taken away here too.

    Parameters
    ----------
    region, prompts
        bool (Y, X) of the lesion on its slice, and the prompts that made it; none where a hand drew it.
    step
        The slice of the lesion, and the one it is carried to.

    Raises
    ------
    InputError
        Where nothing can be carried: outside the series or over too wide a gap.
    """
    source, target = step
    _require_near(volume, source, target)
    before = projected(region, volume, source, target)
    if not before.any():
        raise InputError("The lesion ends at the edge of the picture")
    against = tuple(projected_prompt(prompt, volume, target) for prompt in prompts if not prompt.adds)
    middle = Prompt(PromptKind.POINT, target, (_middle(before, volume),))
    return PromptRequest(volume, target, lesion_class, (middle, *against), before, probabilities)


def carry_once(engine: PromptEngine, request: PromptRequest, source: Carried, blocked: Region) -> Carried:
    """Return the lesion on the next slice.

    Parameters
    ----------
    source
        The lesion on the slice before.
    blocked
        bool (Y, X): what cannot become part of it: the other class, and what the reader keeps.

    Raises
    ------
    InputError
        Where the lesion has ended: the answer is nearly empty, or no longer of another density than its rim.
    """
    region = engine.answer(request) & ~blocked
    area = float(np.count_nonzero(region)) * float(np.prod(pixel_spacing(request.volume)))
    if area < LEAST_MM2:
        raise InputError("The lesion has ended", remedy="point on this slice where it goes on")
    was, now = contrast_hu(request.volume, source.slice_index, source.region), None
    if was is not None and abs(was) >= SURE_CONTRAST_HU:
        now = contrast_hu(request.volume, request.slice_index, region)
    if was is not None and now is not None and now / was < LEAST_CONTRAST_SHARE:
        raise InputError("The lesion is not seen on the next slice", remedy="point there where it goes on")
    return Carried(request.slice_index, region, request)


def carry_on(
    engine: PromptEngine,
    start: Carried,
    way: int,
    blocked: Callable[[int, Region], Region],
    cancelled: Cancelled = lambda: False,
) -> Iterator[Carried]:
    """Yield the lesion on one slice after the other, until it ends.

    Parameters
    ----------
    way
        1 or -1: which neighbour comes next.
    blocked
        Takes a slice and where the lesion is looked for there, bool (Y, X); returns what cannot become part of it.
    """
    origins = slice_origins(start.request.volume)
    here, request = start, start.request
    while not cancelled():
        target = here.slice_index + way
        try:
            request = carried_request(
                request.volume, request.lesion_class, here.region, request.prompts, (here.slice_index, target)
            )
            if abs(origins[target, 0] - origins[start.slice_index, 0]) > FARTHEST_MM:
                return
            here = carry_once(engine, request, here, blocked(target, request.before))
        except InputError:
            return
        yield here


def contrast_hu(volume: CTVolume, z: int, region: Region) -> float | None:
    """Return the mean HU of a (Y, X) region less that of the brain around it; None where there is none around it."""
    reach = np.ceil(RIM_MM[1] / np.asarray(pixel_spacing(volume))).astype(int)
    inner = smallest_box(region)
    box = tuple(slice(max(s.start - r, 0), s.stop + r) for s, r in zip(inner, reach, strict=True))
    hu, inside = volume.hu[z][box], region[box]
    away = ndimage.distance_transform_edt(~inside, sampling=pixel_spacing(volume))
    rim = (away > RIM_MM[0]) & (away <= RIM_MM[1]) & (hu >= BRAIN_HU[0]) & (hu <= BRAIN_HU[1])
    return float(hu[inside].mean() - hu[rim].mean()) if rim.any() and inside.any() else None


def _middle(region: Region, volume: CTVolume) -> tuple[float, float]:
    """Return the (row, column) deep inside a region that is nearest to its centroid."""
    box = smallest_box(region)
    depth = ndimage.distance_transform_edt(np.pad(region[box], 1), sampling=pixel_spacing(volume))[1:-1, 1:-1]
    deep = np.argwhere(depth >= DEEP_SHARE * depth.max())
    away = np.linalg.norm(deep - np.argwhere(region[box]).mean(axis=0), axis=1)
    row, column = deep[np.argmin(away)]
    return (float(row + box[0].start), float(column + box[1].start))


def _shift(volume: CTVolume, source: int, target: int) -> tuple[float, float]:
    """Return how many rows and columns lie between a place on one slice and the same place on another."""
    origins = slice_origins(volume)
    down, right = (origins[source, 1:] - origins[target, 1:]) / np.asarray(pixel_spacing(volume))
    return (float(down), float(right))


def _require_near(volume: CTVolume, source: int, target: int) -> None:
    if not 0 <= target < volume.shape[0]:
        raise InputError("This is the last slice")
    if volume.geometry is not None:
        gap = abs(float(volume.geometry.distances_mm[target] - volume.geometry.distances_mm[source]))
        if gap > LARGEST_STEP_MM:
            raise InputError(
                "The next slice is too far away to carry a lesion to",
                got=f"{gap:.1f} mm", expected=f"{LARGEST_STEP_MM:g} mm or less", remedy="point on it anew",
            )  # fmt: skip
