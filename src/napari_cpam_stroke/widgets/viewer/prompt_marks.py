"""Prompts in the picture: a plus or a minus where a reader pointed, what is being drawn, and what it would make."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

import numpy as np
from skimage.measure import approximate_polygon, find_contours

from napari_cpam_stroke.core.arrays import Floats, Region
from napari_cpam_stroke.prompting import Prompt, PromptKind
from napari_cpam_stroke.widgets.viewer.layers import CaseLayers
from napari_cpam_stroke.widgets.viewer.placement import Placement

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Points, Shapes

PROMPTS, PREVIEW = "Prompts", "Preview"
PLUS, MINUS = "cross", "hbar"
"""napari's symbols: what adds and what takes away differ in form, not in colour alone."""

MARK_MM, MARK_COLOUR, RIM_COLOUR = 3.5, "#ffffff", "#000000"
OUTLINE_COLOUR, CONTOUR_COLOUR, WIDTH = "#ffffff", "#f0e442", 1.0
"""Of what is being drawn, and of what it would make; width in voxels."""

SMOOTHEST_PIXELS = 0.4
"""Corners of a contour that lie nearer to the line without them are left out."""


class PromptMarks:
    """Two layers of one case, made when there is something to show."""

    def __init__(self, layers: CaseLayers) -> None:
        self._layers = layers

    def show_prompts(self, prompts: Sequence[Prompt]) -> None:
        """Mark where each prompt was given."""
        if PROMPTS not in self._layers.extra and not prompts:
            return
        held = self._layers.active
        layer = self._points()
        layer.data = np.array([self._mark(prompt) for prompt in prompts]).reshape(-1, 3)
        if prompts:
            layer.symbol = [PLUS if prompt.adds else MINUS for prompt in prompts]
            layer.selected_data = set()
        if held is not None:
            self._layers.hold(held)

    def show_preview(self, *, outline: Prompt | None = None, contour: tuple[int, Region] | None = None) -> None:
        """Draw the gesture so far, and the outline of a region (Y, X) on a slice; neither takes both away."""
        lines = [] if outline is None else [self._line(outline.slice_index, _drawn(outline))]
        colours = [OUTLINE_COLOUR] * len(lines)
        if contour is not None:
            found = [self._line(contour[0], line) for line in contours(contour[1])]
            lines, colours = lines + found, colours + [CONTOUR_COLOUR] * len(found)
        if PREVIEW not in self._layers.extra and not lines:
            return
        layer = self._shapes()
        with layer.events.data.blocker():  # else napari slices every layer anew, four times for one preview
            if layer.nshapes:
                layer.data = []
            if lines:
                layer.add(lines, shape_type="path", edge_color=colours, edge_width=WIDTH)
                layer.selected_data = set()

    def _points(self) -> Points:
        made = self._layers.extra.get(PROMPTS) or self._layers.show_extra(PROMPTS, self._make_points, above=True)
        return cast("Points", made)

    def _shapes(self) -> Shapes:
        made = self._layers.extra.get(PREVIEW) or self._layers.show_extra(PREVIEW, _make_shapes, above=True)
        return cast("Shapes", made)

    def _make_points(self, viewer: ViewerModel, place: Placement) -> Points:
        geometry = self._layers.volume.geometry
        voxel = 1.0 if geometry is None else min(geometry.pixel_spacing_mm)
        return viewer.add_points(
            None, ndim=3, name=PROMPTS, symbol=PLUS, size=MARK_MM / voxel, face_color=MARK_COLOUR,
            border_color=RIM_COLOUR, **place,
        )  # fmt: skip

    def _mark(self, prompt: Prompt) -> tuple[float, float, float]:
        """Return the displayed index (z, y, x) of a prompt's mark: where it began, or the middle of a box."""
        path = np.asarray(prompt.path)
        row, column = path.mean(axis=0) if prompt.kind is PromptKind.BOX else path[0]
        return self._layers.turned_index((prompt.slice_index, float(row), float(column)))

    def _line(self, z: int, places: Floats) -> Floats:
        return np.array([self._layers.turned_index((z, *place)) for place in places.tolist()])


def contours(region: Region) -> list[Floats]:
    """Return the outlines of a bool (Y, X) region, each (N, 2) rows and columns."""
    lines = find_contours(np.pad(region, 1).astype(np.float32), 0.5)
    return [approximate_polygon(line - 1, SMOOTHEST_PIXELS) for line in lines]


def _drawn(prompt: Prompt) -> Floats:
    """Return the (N, 2) line of a gesture, closed where it encloses something."""
    path = np.asarray(prompt.path, dtype=np.float64)
    if prompt.kind is PromptKind.BOX:
        (top, left), (bottom, right) = path
        path = np.array([(top, left), (top, right), (bottom, right), (bottom, left)])
    closed = prompt.kind in (PromptKind.BOX, PromptKind.LASSO)
    return np.concatenate([path, path[:1]]) if closed else path


def _make_shapes(viewer: ViewerModel, place: Placement) -> Shapes:
    return viewer.add_shapes(None, ndim=3, name=PREVIEW, face_color="transparent", edge_width=WIDTH, **place)
