"""A case as napari layers, and back: the Reading layer edits the very array of the review, seen through axis flips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from weakref import ref

import numpy as np
from numpy.typing import NDArray

from napari_cpam_stroke.config import Window
from napari_cpam_stroke.core import CTVolume, LesionClass
from napari_cpam_stroke.core.editing import Edit, redraw
from napari_cpam_stroke.core.labels import CLASS_COLOURS
from napari_cpam_stroke.core.orientation import radiological_view
from napari_cpam_stroke.widgets.viewer import compat

ORIGINAL, AI, READING = "Original", "AI", "Reading"

CASE = "cpam_stroke_case"
"""Metadata key of the layers of a case: its case id."""

PLACEHOLDER = "cpam_stroke_placeholder"
"""Metadata key of a plain layer that napari wanted and that the room replaces."""

CT_RANGE_HU = (-1024.0, 3071.0)
AI_OPACITY = 0.9
AI_CONTOUR = 2
"""Width in voxels; across slices one voxel is thick enough."""
Mask = NDArray[np.uint8]


class CaseLayers:
    """The layers of one open case.

    Parameters
    ----------
    viewer
        A napari viewer.
    volume
        The CT; `display_flips` of its geometry turn it to the radiological view.
    reading
        uint8 (Z, Y, X) mask that is edited in place; what is drawn already counts as a change at first.
    window
        First display window.
    reuse
        The layers of the case before, already left; they show this one, or are removed.
    """

    def __init__(
        self, viewer: Any, volume: CTVolume, reading: Mask, window: Window, *, reuse: CaseLayers | None = None
    ) -> None:
        self.volume, self.reading_mask = volume, reading
        geometry = volume.geometry
        self.flips = geometry.display_flips if geometry is not None else (False, False, False)
        self._shadow = np.zeros(reading.shape, dtype=np.uint8)  # zeros_like would touch every page
        self._undone = 0
        self._viewer_ref = ref(viewer)
        self._place = placement(volume, self.flips)
        self.extra: dict[str, Any] = {}
        for layer in [layer for layer in viewer.layers if layer.metadata.get(PLACEHOLDER)]:
            viewer.layers.remove(layer)
        if reuse is not None and reuse.fits(self):
            self._take_over(reuse)
        else:
            if reuse is not None:
                reuse.remove()
            self._add(window)
        self.ai.visible, self.ai.editable = False, False
        self.reading.visible, self.reading.selected_label = True, int(LesionClass.ISCHEMIA)
        viewer.layers.selection.active = self.reading

    def fits(self, other: CaseLayers) -> bool:
        """Whether these layers can show another case: all still there, and both cases know their positions."""
        both = self.volume.geometry is not None and other.volume.geometry is not None
        return both and all(layer in self._viewer.layers for layer in (self.original, self.ai, self.reading))

    @property
    def _viewer(self) -> Any:
        return self._viewer_ref()

    @property
    def all(self) -> list[Any]:
        """Every layer of the case that is in the viewer's list."""
        known = [getattr(self, name, None) for name in ("original", "ai", "reading")]
        known += list(getattr(self, "extra", {}).values())
        return [layer for layer in known if layer is not None and layer in self._viewer.layers]

    @property
    def facts(self) -> str:
        """What is to be known of the series, as one line; also what the display makes of it."""
        said = [*self.volume.warnings, *self.volume.facts]
        geometry = self.volume.geometry
        if geometry is None:
            said.append("No positions: shown without mm, measured without ml.")
        elif not geometry.uniform:
            said.append(f"Shown with the median step of {self._place['scale'][0]:.1f} mm, measured with the true ones.")
        return " ".join(said)

    def turned(self, array: NDArray[Any]) -> NDArray[Any]:
        """Return a view of a native (Z, Y, X) array as it is displayed; flipping twice brings it back."""
        return radiological_view(array, self.volume.geometry)

    def turned_index(self, zyx: Sequence[float]) -> tuple[float, float, float]:
        """Turn a native index into a displayed one, and the other way round."""
        turned = [n - 1 - i if flip else i for i, n, flip in zip(zyx, self.volume.shape, self.flips, strict=True)]
        return (turned[0], turned[1], turned[2])

    def index_at(self, world: Sequence[float]) -> tuple[int, int, int] | None:
        """Return the native (z, y, x) under a world position, or None outside the series."""
        shown = np.round(self.original.world_to_data(tuple(world)[-3:])).astype(int)
        if (shown < 0).any() or (shown >= self.volume.shape).any():
            return None
        z, y, x = self.turned_index([int(i) for i in shown])
        return (int(z), int(y), int(x))

    def world_of(self, zyx: Sequence[float]) -> tuple[float, ...]:
        """Return the world position of a native index."""
        return tuple(float(v) for v in self.original.data_to_world(self.turned_index(zyx)))

    @property
    def slice_index(self) -> int:
        """Native z of the displayed axial slice; where another plane is shown, of the crossing point."""
        shown = round(float(self.original.world_to_data(self._viewer.dims.point[-3:])[0]))
        z = self.turned_index((min(max(shown, 0), self.volume.shape[0] - 1), 0, 0))[0]
        return int(z)

    def go_to(self, zyx: Sequence[float]) -> None:
        """Show the planes through a native index."""
        world = self.world_of(zyx)
        shown = [axis for axis in self._viewer.dims.not_displayed if axis < len(world)]
        self._viewer.dims.set_point(shown, [world[axis] for axis in shown])

    def go_to_slice(self, z: int) -> None:
        """Show one native slice."""
        self._viewer.dims.set_point(0, self.world_of((z, 0, 0))[0])

    def next_marked(self, step: int) -> int | None:
        """Return the next (1) or previous (-1) native slice towards the head with a mask in sight, or None."""
        marked = self.reading_mask.any(axis=(1, 2))
        if self.ai.visible:
            marked = marked | self.turned(self.ai.data).any(axis=(1, 2))
        here, way = self.slice_index, -step if self.flips[0] else step
        ahead = [int(z) for z in np.flatnonzero(marked) if (z - here) * way > 0]
        return min(ahead, key=lambda z: abs(z - here)) if ahead else None

    def edit_axes(self) -> list[int]:
        """Return the array axes napari's brush works in: the displayed two, or all three for the ball."""
        order = [axis - (self._viewer.dims.ndim - 3) for axis in self._viewer.dims.order]
        return sorted(order[-self.reading.n_edit_dimensions :])

    def set_prediction(self, mask: Mask | None) -> None:
        """Show another AI mask; the layer object stays."""
        self.ai.data = self.turned(np.zeros(self.volume.shape, dtype=np.uint8) if mask is None else mask)
        self.ai.editable = False

    def apply(self, edit: Edit) -> bool:
        """Write an edit into the Reading layer as one step of napari's own undo; return whether anything changed."""
        if not edit.voxels:
            return False
        shown = edit.indices
        for index, size, flip in zip(shown, edit.shape, self.flips, strict=True):
            if flip:
                np.subtract(size - 1, index, out=index)
        with self.reading.block_history():
            self.reading.data_setitem(shown, edit.values, refresh=False)
        self.reading.refresh()
        return True

    def replace(self, slices: Mapping[int, Mask]) -> bool:
        """Write whole native slices into the Reading layer as one undo step; return whether anything changed."""
        return self.apply(redraw(self.reading_mask, slices))

    def undone(self) -> bool:
        """Return whether an undo or redo happened since this was last asked: napari has no event for those."""
        steps = len(getattr(self.reading, "_redo_history", ()))
        before, self._undone = self._undone, steps
        return steps != before

    def changed_slices(self) -> list[int]:
        """Return the native slices that changed since this was last asked, whichever way they were edited."""
        changed = [z for z, mask in enumerate(self.reading_mask) if not np.array_equal(mask, self._shadow[z])]
        for z in changed:
            rows = (self.reading_mask[z] != self._shadow[z]).any(axis=1)  # memory never written to is dear to touch
            self._shadow[z, rows] = self.reading_mask[z, rows]
        return changed

    def reread(self) -> None:
        """Show the reading again after it was written without the layer."""
        self.changed_slices()
        self.reading.refresh()

    def show_extra(self, name: str, make: Any, *, above: bool = False) -> Any:
        """Add a helper layer, made by `make(viewer, **placement)`, under the masks or above them."""
        self.hide_extra(name)
        layer = make(self._viewer, **self._place)
        compat.lock(layer)
        self.extra[name] = layer
        if not above:
            self._viewer.layers.move(self._viewer.layers.index(layer), 1)
        self._viewer.layers.selection.active = self.reading
        return layer

    def hide_extra(self, name: str) -> None:
        """Take a helper layer away."""
        layer = self.extra.pop(name, None)
        if layer is not None:
            self._drop(layer)

    def remove(self) -> None:
        """Take every layer of the case out of the viewer."""
        for layer in self.all:
            self._drop(layer)
        self.extra.clear()

    def _add(self, window: Window) -> None:
        self.original = self._viewer.add_image(
            self.turned(self.volume.hu), name=ORIGINAL, colormap="gray", contrast_limits=(window.low, window.high),
            interpolation2d="linear", **self._place,
        )  # fmt: skip
        self.original.contrast_limits_range = CT_RANGE_HU
        self.ai = self._labels(np.zeros(self.volume.shape, dtype=np.uint8), AI, AI_OPACITY)
        self.ai.contour = AI_CONTOUR
        self.reading = self._labels(self.reading_mask, READING, 0.35)
        for layer in self.all:
            compat.lock(layer)

    def _take_over(self, other: CaseLayers) -> None:
        """Show this case in another one's layers: napari takes long to remove a layer and to make one."""
        for name in list(other.extra):
            other.hide_extra(name)
        self.original, self.ai, self.reading = other.original, other.ai, other.reading
        empty = np.zeros(self.volume.shape, dtype=np.uint8)
        for layer, array in ((self.original, self.volume.hu), (self.ai, empty), (self.reading, self.reading_mask)):
            layer.data = self.turned(array)
            layer.scale, layer.translate = self._place["scale"], self._place["translate"]
        for layer in (self.ai, self.reading):
            layer.metadata = {CASE: self.volume.case_id}
        mode = self.reading.mode
        self.reading.editable = False  # the public way to make napari forget the undo steps of the case before
        self.reading.editable, self.reading.mode = True, mode

    def _drop(self, layer: Any) -> None:
        compat.unlock(layer)
        if layer in self._viewer.layers:
            self._viewer.layers.remove(layer)

    def _labels(self, mask: Mask, name: str, opacity: float) -> Any:
        return self._viewer.add_labels(
            self.turned(mask), name=name, opacity=opacity, colormap=class_colormap(),
            metadata={CASE: self.volume.case_id}, **self._place,
        )  # fmt: skip


def class_colormap(colours: dict[int, str] | None = None) -> Any:
    """Return napari's colour map for label values; everything else is transparent."""
    from napari.utils.colormaps import DirectLabelColormap

    by_value: dict[int | None, str] = {None: "transparent", 0: "transparent"}
    by_value.update((colours or {int(c): CLASS_COLOURS[c.label] for c in LesionClass}).items())
    return DirectLabelColormap(color_dict=by_value)


def placement(volume: CTVolume, flips: tuple[bool, bool, bool]) -> dict[str, Any]:
    """Return scale, translate, units and axis names of a turned volume.

    Notes
    -----
    napari cannot slice sheared or uneven stacks, so z is shown with the median step; measurements never use this.
    World coordinates are LPS mm at the first displayed voxel.
    """
    geometry = volume.geometry
    if geometry is None:
        return {"scale": (1.0, 1.0, 1.0), "axis_labels": ("slice", "row", "column")}
    step = float(np.median(geometry.steps_mm)) if geometry.slices > 1 else float(geometry.thickness_mm[0])
    corner = [n - 1 if flip else 0 for n, flip in zip(volume.shape, flips, strict=True)]
    x, y, z = geometry.index_to_patient([corner])[0]
    return {
        "scale": (abs(step) or 1.0, *geometry.pixel_spacing_mm),
        "translate": (float(z), float(y), float(x)),
        "units": ("mm", "mm", "mm"),
        "axis_labels": ("foot-head", "front-back", "right-left"),
    }
