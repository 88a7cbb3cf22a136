"""How the case is shown: windows, planes, letters, readout, masks on and off, mirror comparison."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from textwrap import wrap
from typing import TYPE_CHECKING
from weakref import ref

from qtpy.QtCore import QObject, Signal

from napari_cpam_stroke.config import WINDOW_PRESETS, Window
from napari_cpam_stroke.core.slice_number import first_slice_words
from napari_cpam_stroke.widgets.viewer import compat
from napari_cpam_stroke.widgets.viewer.canvas_texts import (
    EDGES,
    HEADER,
    PLACES,
    WARNINGS,
    hide_texts,
    showing_texts,
    write_text,
)
from napari_cpam_stroke.widgets.viewer.comparisons import MIRROR
from napari_cpam_stroke.widgets.viewer.layers import CaseLayers
from napari_cpam_stroke.widgets.viewer.mouse import RIGHT_BUTTON, Drag, MouseEvent, drag_window
from napari_cpam_stroke.widgets.viewer.orientation import PLANES, EdgeLetters, edge_letters
from napari_cpam_stroke.widgets.viewer.other_side import OTHER_SIDE
from napari_cpam_stroke.widgets.viewer.readout import place_words, voxel_words
from napari_cpam_stroke.widgets.viewer.slice_numbers import SliceNumbers
from napari_cpam_stroke.widgets.viewer.three_layers import AI_CONTOUR

if TYPE_CHECKING:
    from napari.components import ViewerModel

SIDES, MIRRORED = {"L", "R"}, "MIRRORED about the midline"
SOLID = "3D view, no drawing: Ctrl+Y shows the slices"
WARNING_WIDTH = 36
"""Characters per line of the warnings in the corner of the picture."""


class ViewControl(QObject):
    """The display of one viewer.

    Parameters
    ----------
    viewer
        A napari viewer; kept weakly.
    """

    window_changed = Signal(object)
    plane_changed = Signal(str)
    masks_changed = Signal()

    def __init__(self, viewer: ViewerModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._viewer_ref = ref(viewer)
        self.layers: CaseLayers | None = None
        self.window = WINDOW_PRESETS["brain"]
        self.header_window: Window | None = None
        self.plane = "axial"
        self.case_title = ""
        self._here, self._warnings = "", ""
        self._mouse: Sequence[float] | None = None
        self._numbers = SliceNumbers(self)

    @property
    def viewer(self) -> ViewerModel | None:
        """The viewer, or None once it is gone."""
        return self._viewer_ref()

    @property
    def _shown_in(self) -> ViewerModel:
        viewer = self._viewer_ref()
        assert viewer is not None  # noqa: S101 - asked only while something is on its screen
        return viewer

    def attaching(self, layers: CaseLayers, *, title: str, warnings: tuple[str, ...]) -> Iterator[None]:
        """Show a case, step by step; warnings stand in the picture, where they cannot be missed."""
        viewer = self._shown_in
        compat.set_background(viewer, "black")
        yield
        self.layers, self.case_title = layers, title
        self.header_window = layers.volume.acquisition.window
        self._here, self._mouse = "", None
        self._warnings = "\n".join(wrap(" ".join(warnings), WARNING_WIDTH))
        viewer.dims.events.order.connect(self.update_letters)
        viewer.dims.events.ndisplay.connect(self.update_letters)
        viewer.dims.events.current_step.connect(self._on_step)
        viewer.mouse_move_callbacks.append(self._on_mouse_move)
        viewer.mouse_drag_callbacks.append(self._on_drag)
        layers.original.events.contrast_limits.connect(self._on_contrast)
        layers.reading.events.visible.connect(self._on_visible)
        self._numbers.attach(viewer, first=first_slice_words(layers.volume.geometry))
        self._turn_to("axial")
        yield
        layers.go_to_slice(layers.volume.shape[0] // 2)
        yield
        self.set_window(self.window)
        yield
        compat.scale_bar(viewer).visible = layers.volume.geometry is not None
        yield
        yield from showing_texts(viewer, {**self._letters(), HEADER: self._header(layers), WARNINGS: self._warnings})

    def clearing(self) -> Iterator[None]:
        """Take what stands of the last case out of the picture, step by step; hiding the texts would take longer."""
        yield from showing_texts(self._shown_in, dict.fromkeys(PLACES, "") if self.case_title else {})
        self.case_title = ""

    def detach(self) -> None:
        """Forget the case; its texts stand until `clearing` or `leave`."""
        viewer, layers = self.viewer, self.layers
        self.layers = self.header_window = None
        if viewer is None or layers is None:
            return
        self._numbers.detach(viewer)
        layers.reading.events.visible.disconnect(self._on_visible)
        viewer.dims.events.order.disconnect(self.update_letters)
        viewer.dims.events.ndisplay.disconnect(self.update_letters)
        viewer.dims.events.current_step.disconnect(self._on_step)
        for callbacks, mine in (
            (viewer.mouse_move_callbacks, self._on_mouse_move),
            (viewer.mouse_drag_callbacks, self._on_drag),
        ):
            if mine in callbacks:
                callbacks.remove(mine)

    def leave(self) -> None:
        """Give the picture back as it was before the first case."""
        viewer, self.case_title = self.viewer, ""
        if viewer is not None:
            compat.set_background(viewer, None)
            hide_texts(viewer)

    def set_window(self, window: Window) -> None:
        """Show HU from `window.low` to `window.high`."""
        self.window = window
        if self.layers is not None:
            for layer in (self.layers.original, *(self.layers.extra.get(name) for name in (MIRROR, OTHER_SIDE))):
                if layer is not None:
                    layer.contrast_limits = (window.low, window.high)
        self.window_changed.emit(window)
        self._update_header()

    def set_preset(self, name: str) -> None:
        """Show a named preset, or `header` for the series' own window."""
        chosen = self.header_window if name == "header" else WINDOW_PRESETS[name]
        if chosen is not None:
            self.set_window(chosen)

    def set_plane(self, plane: str) -> None:
        """Show the axial, coronal or sagittal plane through the current point, head up."""
        self._turn_to(plane)
        self.update_letters()

    def _turn_to(self, plane: str) -> None:
        viewer = self._shown_in
        self.plane, self._here, self._mouse = plane, "", None
        if self.layers is not None:
            self.layers.ai.contour = AI_CONTOUR if plane == "axial" else 1
        viewer.dims.ndisplay = 2
        extra = viewer.dims.ndim - 3
        viewer.dims.order = (*range(extra), *(axis + extra for axis in PLANES[plane]))
        compat.camera(viewer).orientation2d = ("down" if plane == "axial" else "up", "right")
        viewer.reset_view()
        self.plane_changed.emit(plane)

    def next_plane(self) -> None:
        """Show the plane after the one that is shown."""
        planes = list(PLANES)
        self.set_plane(planes[(planes.index(self.plane) + 1) % len(planes)])

    def toggle_masks(self) -> None:
        """Hide every mask, or show again what was shown."""
        if self.layers is None:
            return
        self.layers.reading.visible = not self.layers.reading.visible

    def toggle_style(self) -> None:
        """Change between filled masks and contours."""
        if self.layers is not None:
            self.set_style("fill" if self.layers.reading.contour else "contour")

    def set_style(self, style: str) -> None:
        """Show the reading as 'fill' or 'contour'."""
        if self.layers is not None:
            self.layers.reading.contour = 2 if style == "contour" else 0
        self.masks_changed.emit()

    def describe(self, world: Sequence[float]) -> str:
        """Return HU, position and masks under a world position (..., z, y, x); empty outside the series."""
        return "" if self.layers is None or not self.layers.flat else voxel_words(self.layers, world)

    def fit(self) -> None:
        """Show the whole picture again after it became wider or narrower."""
        if self.viewer is not None:
            self.viewer.reset_view()
            self.update_letters()

    def update_letters(self, _: object = None) -> None:
        """Bring the letters at the edges up to date."""
        if self.viewer is not None and self.layers is not None:
            for name, letter in self._letters().items():
                write_text(self.viewer, name, letter)
        self._update_header()

    def _letters(self) -> dict[str, str]:
        """Return the letters by edge; beside a mirror image both outer edges are the same side."""
        viewer, layers = self.viewer, self.layers
        if viewer is None or layers is None:
            return {}
        letters = EdgeLetters()
        if viewer.dims.ndisplay == 2:
            vertical, horizontal = compat.camera(viewer).orientation2d
            shown = [axis - (viewer.dims.ndim - 3) for axis in viewer.dims.displayed]
            letters = edge_letters(
                layers.volume.geometry, layers.flips, (shown[0], shown[1]),
                down=str(vertical) == "down", right=str(horizontal) == "right",
            )  # fmt: skip
        if MIRROR in layers.extra:
            letters = replace(letters, right=letters.left)
        elif OTHER_SIDE in layers.extra and letters.left in SIDES:
            letters = replace(letters, left=letters.right, right=letters.left)
        return {name: getattr(letters, name) for name in EDGES}

    def _update_header(self, _: object = None) -> None:
        if self.layers is not None:
            write_text(self._shown_in, HEADER, self._header(self.layers))

    def _header(self, layers: CaseLayers) -> str:
        window = f"C {self.window.centre:g}  W {self.window.width:g}"
        place, here = SOLID, ""
        if layers.flat:
            place, here = place_words(layers, self.plane, self._shown_in.dims.point), self._here
        turned_over = [MIRRORED] if OTHER_SIDE in layers.extra else []
        return "\n".join([self.case_title, *turned_over, place, window, here])

    def _on_visible(self, _: object = None) -> None:
        self.masks_changed.emit()

    def _on_contrast(self, _: object = None) -> None:
        if self.layers is None:
            return
        low, high = self.layers.original.contrast_limits
        if high > low and (low, high) != (self.window.low, self.window.high):
            self.window = Window((low + high) / 2, high - low)
            self.window_changed.emit(self.window)
            self._update_header()

    def _on_mouse_move(self, _: ViewerModel, event: MouseEvent) -> None:
        self._mouse = tuple(event.position)
        self._here = self.describe(self._mouse)
        self._update_header()

    def _on_step(self, _: object = None) -> None:
        """Read again: under a mouse that rests, another voxel is shown now."""
        if self._mouse is not None:
            dims = self._shown_in.dims
            place = list(self._mouse)
            for axis in dims.not_displayed:
                place[axis] = dims.point[axis]
            self._here = self.describe(tuple(place))
        self._update_header()

    def _on_drag(self, _: ViewerModel, event: MouseEvent) -> Drag:
        if event.button == RIGHT_BUTTON and self.layers is not None and not (event.handled or self._painting()):
            yield from drag_window(event, self.window, self.set_window)

    def _painting(self) -> bool:
        """Whether the right button belongs to napari's own brush."""
        active = self._shown_in.layers.selection.active
        return str(getattr(active, "mode", "")) in {"paint", "erase"}
