"""A case as napari layers, and back: the Reading layer edits the very array of the review, seen through axis flips."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar
from weakref import ref

import numpy as np

from napari_cpam_stroke.config import Window
from napari_cpam_stroke.core import CTVolume, LesionClass
from napari_cpam_stroke.core.arrays import Mask
from napari_cpam_stroke.core.editing import Edit, redraw
from napari_cpam_stroke.widgets.viewer import compat
from napari_cpam_stroke.widgets.viewer.placement import Placement
from napari_cpam_stroke.widgets.viewer.strokes import Strokes
from napari_cpam_stroke.widgets.viewer.three_layers import ThreeLayers, adding, forget_steps, new_layers, reusing
from napari_cpam_stroke.widgets.viewer.turned import TurnedSeries

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image, Labels, Layer
    from napari.utils.events import EventEmitter

LayerT = TypeVar("LayerT", bound="Layer")

PLACEHOLDER = "cpam_stroke_placeholder"
"""Metadata key of a plain layer that napari wanted and that the room replaces."""


class CaseLayers(TurnedSeries):
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
    made
        Layers of this series that are in no viewer yet; taken where none can be reused.
    at_once
        Put them into the viewer now; else `placing` does it step by step.
    """

    def __init__(
        self,
        viewer: ViewerModel,
        volume: CTVolume,
        reading: Mask,
        window: Window,
        *,
        reuse: CaseLayers | None = None,
        made: ThreeLayers | None = None,
        at_once: bool = True,
    ) -> None:
        super().__init__(volume)
        self.reading_mask = reading
        self._strokes = Strokes(reading)
        self._viewer_ref = ref(viewer)
        self.extra: dict[str, Layer] = {}
        self.three: ThreeLayers
        if reuse is not None and reuse.fits(self):
            self.three, self._steps = reuse.three, self._taking_over(reuse)
        else:
            self.three, self._steps = made or new_layers(self, reading, window), self._adding(reuse)
        if self.three is made:
            self.reading.data = self.turned(reading)
        if at_once:
            for _ in self.placing():
                pass

    def placing(self) -> Iterator[None]:
        """Put the layers into the viewer, step by step; the masks come in sight with the last one."""
        viewer = self._viewer
        for layer in [layer for layer in viewer.layers if layer.metadata.get(PLACEHOLDER)]:
            viewer.layers.remove(layer)
        yield from self._steps
        if self.ai.visible:
            self.ai.visible = False
        self.ai.editable = False
        if not self.reading.visible:
            self.reading.visible = True
        self.reading.selected_label = int(LesionClass.ISCHEMIA)
        viewer.layers.selection.active = self.reading
        yield

    def fits(self, other: CaseLayers) -> bool:
        """Whether these layers can show another case: all still there, and both cases know their positions."""
        both = self.volume.geometry is not None and other.volume.geometry is not None
        return both and all(layer in self._viewer.layers for layer in (self.original, self.ai, self.reading))

    @property
    def _viewer(self) -> ViewerModel:
        viewer = self._viewer_ref()
        assert viewer is not None  # noqa: S101 - the layers of a viewer that is gone are gone too
        return viewer

    @property
    def original(self) -> Image:
        """The CT."""
        return self.three.original

    @property
    def ai(self) -> Labels:
        """The mask of the AI; nobody paints on it."""
        return self.three.ai

    @property
    def reading(self) -> Labels:
        """The mask that is edited."""
        return self.three.reading

    def index_at(self, world: Sequence[float]) -> tuple[int, int, int] | None:
        """Return the native (z, y, x) under a world position (..., z, y, x) in mm, or None outside the series."""
        shown = np.round(self.original.world_to_data(tuple(world)[-3:])).astype(int)
        if (shown < 0).any() or (shown >= self.volume.shape).any():
            return None
        z, y, x = self.turned_index([int(i) for i in shown])
        return (int(z), int(y), int(x))

    def world_of(self, zyx: Sequence[float]) -> tuple[float, ...]:
        """Return the world position (z, y, x), mm where positions are known, of a native index (z, y, x)."""
        return tuple(float(v) for v in self.original.data_to_world(self.turned_index(zyx)))

    @property
    def slice_index(self) -> int:
        """Native z of the displayed axial slice; where another plane is shown, of the crossing point."""
        shown = round(float(self.original.world_to_data(self._viewer.dims.point[-3:])[0]))
        z = self.turned_index((min(max(shown, 0), self.volume.shape[0] - 1), 0, 0))[0]
        return int(z)

    def go_to(self, zyx: Sequence[float]) -> None:
        """Show the planes through a native index (z, y, x)."""
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

    @property
    def axial(self) -> bool:
        """Whether the slices themselves are shown, not planes across them."""
        return self.flat and self._viewer.dims.order[-3:][0] == self._viewer.dims.ndim - 3

    @property
    def active(self) -> Layer | None:
        """The layer that takes mouse and keys."""
        return self._viewer.layers.selection.active

    def hold(self, layer: Layer) -> None:
        """Let a layer take mouse and keys."""
        self._viewer.layers.selection.active = layer

    @property
    def flat(self) -> bool:
        """Whether slices are shown, not the 3D view."""
        return bool(self._viewer.dims.ndisplay == 2)

    @property
    def turned_to(self) -> EventEmitter:
        """Napari's event of slices and 3D view taking turns."""
        return self._viewer.dims.events.ndisplay

    @property
    def active_changed(self) -> EventEmitter:
        """Napari's event of another layer taking mouse and keys."""
        return self._viewer.layers.selection.events.active

    def edit_axes(self) -> list[int]:
        """Return the array axes napari's brush works in: the displayed two, or all three for the ball."""
        order = [axis - (self._viewer.dims.ndim - 3) for axis in self._viewer.dims.order]
        return sorted(order[-self.reading.n_edit_dimensions :])

    def set_prediction(self, mask: Mask | None) -> None:
        """Show another AI mask, uint8 (Z, Y, X) on native frames; None shows none, and the layer object stays."""
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
        """Write whole native slices, uint8 (Y, X), as one undo step; return whether anything changed."""
        return self.apply(redraw(self.reading_mask, slices))

    def take_back_array(self) -> None:
        """Draw in the array of the review again where napari or a plugin gave the layer another one, and take it over.

        What is no class of ours counts as not drawn; an array of another shape is refused by putting ours back.
        """
        given = np.asarray(self.reading.data)
        if np.shares_memory(given, self.reading_mask):
            return
        if given.shape == self.reading_mask.shape:
            self.reading_mask[:] = self.turned(np.where(np.isin(given, list(LesionClass)), given, 0))
        self.reading.data = self.turned(self.reading_mask)

    def changed_slices(self) -> list[int]:
        """Return the native slices that changed since this was last asked, whichever way they were edited."""
        return self._strokes.changed_slices()

    def begin_again(self) -> None:
        """Show the reading after another one was put in its place; earlier undo steps do not fit it."""
        forget_steps(self.reading)
        self.reread()

    def reread(self) -> None:
        """Show the reading again after it was written without the layer."""
        self.changed_slices()
        self.reading.refresh()

    def show_extra(self, name: str, make: Callable[[ViewerModel, Placement], LayerT], *, above: bool = False) -> LayerT:
        """Add a helper layer, made in the viewer where the case lies, under the masks or above them."""
        self.hide_extra(name)
        layer = make(self._viewer, self.place)
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
        for _ in self.removing():
            pass

    def removing(self) -> Iterator[None]:
        """Do so step by step."""
        for layer in (*self.extra.values(), *reversed(self.three.all)):
            self._drop(layer)
            yield
        self.extra.clear()

    def _adding(self, before: CaseLayers | None) -> Iterator[None]:
        if before is not None:
            yield from before.removing()
        yield from adding(self._viewer, self.three)

    def _taking_over(self, before: CaseLayers) -> Iterator[None]:
        for name in list(before.extra):
            before.hide_extra(name)
            yield
        yield from reusing(self.three, self, self.reading_mask)

    def _drop(self, layer: Layer) -> None:
        compat.unlock(layer)
        if layer in self._viewer.layers:
            self._viewer.layers.remove(layer)
