"""What a reader has without an engine made for prompts: the box itself, filled, and the grow tool."""

from __future__ import annotations

import numpy as np

from napari_cpam_stroke.core import CTVolume, VolumeGeometry
from napari_cpam_stroke.core.arrays import Region
from napari_cpam_stroke.core.editing import grow
from napari_cpam_stroke.prompting import PromptKind, PromptRequest
from napari_cpam_stroke.prompting.answers import Answers
from napari_cpam_stroke.prompting.maps import draw_maps
from napari_cpam_stroke.prompting.settlement import settle
from napari_cpam_stroke.prompting.spacing import in_plane_spacing
from napari_cpam_stroke.prompting.zoom import Zoom

SMALLEST_MM, SIZE = 100.0, 128
"""Square in which the tools may change something; neither looks at it."""


class FilledBox:
    """Draws what boxes and lassos surround, and points as they are."""

    name = "filled box"

    def __init__(self) -> None:
        self._answers = Answers()

    def prepare(self, volume: CTVolume, slice_index: int) -> None:
        """Do nothing."""

    def answer(self, request: PromptRequest) -> Region:
        """Return the lesion meant, bool (Y, X) of the slice."""
        return self._answers.answer(
            request, lambda asked: settle(asked, _fill, earlier=self.answer, smallest_mm=SMALLEST_MM, size=SIZE)
        )


class GrowTool:
    """Grows from every point over HU like its own, as the room's grow tool does; points against take away likewise."""

    name = "grow"

    def __init__(self) -> None:
        self._answers = Answers()

    def prepare(self, volume: CTVolume, slice_index: int) -> None:
        """Do nothing."""

    def answer(self, request: PromptRequest) -> Region:
        """Return the lesion meant, bool (Y, X) of the slice."""
        return self._answers.answer(
            request, lambda asked: settle(asked, _grown, earlier=self.answer, smallest_mm=SMALLEST_MM, size=SIZE)
        )


def _fill(request: PromptRequest, so_far: Region, zoom: Zoom) -> Region:  # noqa: ARG001 - one signature for all
    maps = draw_maps(request.prompts, request.before.shape, in_plane_spacing(request.volume))
    return np.asarray(so_far | maps.surrounded)


def _grown(request: PromptRequest, so_far: Region, zoom: Zoom) -> Region:
    newest = request.prompts[-1]
    if newest.kind not in (PromptKind.POINT, PromptKind.SCRIBBLE):
        return _fill(request, so_far, zoom)
    grown = _from_place(_single_slice(request), newest.path[0])
    return np.asarray(so_far | grown if newest.adds else so_far & ~grown)


def _single_slice(request: PromptRequest) -> CTVolume:
    """Return the slice alone, with a size of pixels, so that the tool's reach is in mm."""
    rows, columns, _ = np.eye(3)
    spacing = in_plane_spacing(request.volume)
    geometry = VolumeGeometry(np.zeros((1, 3)), rows, columns, spacing, np.ones(1))
    return CTVolume(request.volume.hu[request.slice_index : request.slice_index + 1], geometry, case_id="slice")


def _from_place(volume: CTVolume, place: tuple[float, float]) -> Region:
    limit = np.asarray(volume.shape[1:]) - 1
    row, column = np.clip(np.rint(place), 0, limit).astype(int)
    empty = np.zeros(volume.shape, dtype=np.uint8)
    edit = grow(empty, volume, (0, int(row), int(column)), 1)
    return np.asarray(edit.applied(empty)[0] > 0)
