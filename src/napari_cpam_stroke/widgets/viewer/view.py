"""How the case is shown: windows, planes, letters, readout, masks on and off, mirror comparison."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from textwrap import wrap
from typing import Any
from weakref import ref

import numpy as np
from qtpy.QtCore import QObject, Signal

from napari_cpam_stroke.config import WINDOW_PRESETS, Window
from napari_cpam_stroke.core.labels import LesionClass
from napari_cpam_stroke.widgets.viewer import compat
from napari_cpam_stroke.widgets.viewer.comparisons import MIRROR
from napari_cpam_stroke.widgets.viewer.layers import AI_CONTOUR, CaseLayers
from napari_cpam_stroke.widgets.viewer.orientation import PLANES, EdgeLetters, edge_letters

PREFIX = "cpam_"
EDGES = {"left": "middle_left", "right": "middle_right", "top": "top_center", "bottom": "bottom_center"}
HEADER, WARNINGS = "header", "warnings"
LETTER_POINTS, TEXT_POINTS = 16, 9
DRAG_HU_PER_PIXEL = 0.5
"""Windowing by mouse: HU per screen pixel, times the width in units of the brain window."""
RIGHT_BUTTON = 2
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

    def __init__(self, viewer: Any, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._viewer_ref = ref(viewer)
        self.layers: CaseLayers | None = None
        self.window = WINDOW_PRESETS["brain"]
        self.header_window: Window | None = None
        self.plane = "axial"
        self.case_title = ""
        self._here, self._warnings = "", ""
        self._mouse: tuple[float, ...] | None = None

    @property
    def viewer(self) -> Any:
        """The viewer, or None once it is gone."""
        return self._viewer_ref()

    def attach(self, layers: CaseLayers, *, title: str, warnings: tuple[str, ...]) -> None:
        """Show a case; warnings stand in the picture, where they cannot be missed."""
        self.layers, self.case_title = layers, title
        self._here, self._mouse = "", None
        self._warnings = "\n".join(wrap(" ".join(warnings), WARNING_WIDTH))
        viewer = self.viewer
        self._add_overlays(viewer)
        compat.set_background(viewer, "black")
        viewer.dims.events.order.connect(self.update_letters)
        viewer.dims.events.ndisplay.connect(self.update_letters)
        viewer.dims.events.current_step.connect(self._on_step)
        viewer.mouse_move_callbacks.append(self._on_mouse_move)
        viewer.mouse_drag_callbacks.append(self._on_drag)
        layers.original.events.contrast_limits.connect(self._on_contrast)
        self.set_plane("axial")
        self.set_window(self.window)
        bar = compat.scale_bar(viewer)
        bar.visible = layers.volume.geometry is not None
        layers.go_to_slice(layers.volume.shape[0] // 2)
        self._update_header()
        self._say(WARNINGS, self._warnings)

    def detach(self) -> None:
        """Forget the case and take what was added away."""
        viewer, layers = self.viewer, self.layers
        self.layers = None
        if viewer is None or layers is None:
            return
        viewer.dims.events.order.disconnect(self.update_letters)
        viewer.dims.events.ndisplay.disconnect(self.update_letters)
        viewer.dims.events.current_step.disconnect(self._on_step)
        for callbacks, mine in (
            (viewer.mouse_move_callbacks, self._on_mouse_move),
            (viewer.mouse_drag_callbacks, self._on_drag),
        ):
            if mine in callbacks:
                callbacks.remove(mine)
        compat.set_background(viewer, None)
        overlays = compat.overlays(viewer)
        for name in [*EDGES, HEADER, WARNINGS]:
            if PREFIX + name in overlays:
                overlays[PREFIX + name].visible = False

    def set_window(self, window: Window) -> None:
        """Show HU from `window.low` to `window.high`."""
        self.window = window
        if self.layers is not None:
            for layer in (self.layers.original, self.layers.extra.get(MIRROR)):
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
        viewer = self.viewer
        self.plane, self._here, self._mouse = plane, "", None
        if self.layers is not None:
            self.layers.ai.contour = AI_CONTOUR if plane == "axial" else 1
        viewer.dims.ndisplay = 2
        extra = viewer.dims.ndim - 3
        viewer.dims.order = (*range(extra), *(axis + extra for axis in PLANES[plane]))
        compat.camera(viewer).orientation2d = ("down" if plane == "axial" else "up", "right")
        viewer.reset_view()
        self.update_letters()
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
        self.masks_changed.emit()

    def toggle_style(self) -> None:
        """Change between filled masks and contours."""
        if self.layers is not None:
            self.set_style("fill" if self.layers.reading.contour else "contour")

    def set_style(self, style: str) -> None:
        """Show the reading as 'fill' or 'contour'."""
        if self.layers is not None:
            self.layers.reading.contour = 2 if style == "contour" else 0
        self.masks_changed.emit()

    def describe(self, world: tuple[float, ...]) -> str:
        """Return HU, position and masks under a world position; empty outside the series."""
        if self.layers is None:
            return ""
        index = self.layers.index_at(world)
        if index is None:
            return ""
        volume = self.layers.volume
        parts = [f"HU {volume.hu[index]}"]
        if volume.geometry is not None:
            x, y, z = volume.geometry.index_to_patient([index])[0]
            parts.append(f"LPS {x:.1f} {y:.1f} {z:.1f} mm")
        label = int(self.layers.reading_mask[index])
        if label:
            parts.append(f"reading: {LesionClass(label).label}")
        if self.layers.ai.visible:
            ai = int(self.layers.turned(self.layers.ai.data)[index])
            parts.append(f"AI: {LesionClass(ai).label}" if ai else "AI: none")
        return "   ".join(parts)

    def _add_overlays(self, viewer: Any) -> None:
        overlays = compat.overlays(viewer)
        for name, place in {**EDGES, HEADER: "top_left", WARNINGS: "bottom_left"}.items():
            if PREFIX + name not in overlays:
                size = LETTER_POINTS if name in EDGES else TEXT_POINTS
                overlays[PREFIX + name] = compat.text_overlay(place, font_size=size, box=True)
            overlays[PREFIX + name].visible = True

    def _say(self, name: str, text: str) -> None:
        overlays = compat.overlays(self.viewer)
        overlay = overlays.get(PREFIX + name)
        if overlay is not None and overlay.text != text:
            overlay.text = text

    def update_letters(self, _: Any = None) -> None:
        """Bring the letters at the edges up to date; beside a mirror image both outer edges are the same side."""
        viewer, layers = self.viewer, self.layers
        if viewer is None or layers is None:
            return
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
        for name in EDGES:
            self._say(name, getattr(letters, name))
        self._update_header()

    def _update_header(self, _: Any = None) -> None:
        if self.layers is None:
            return
        window = f"C {self.window.centre:g}  W {self.window.width:g}"
        lines = [self.case_title, f"{self._place(self.layers)}   {window}", self._here]
        self._say(HEADER, "\n".join(lines))

    def _place(self, layers: CaseLayers) -> str:
        """Return which slice is shown; in another plane, which row or column."""
        if self.plane != "axial":
            axis = PLANES[self.plane][0]
            here = round(float(layers.original.world_to_data(self.viewer.dims.point[-3:])[axis])) + 1
            return f"{self.plane} {here}/{layers.volume.shape[axis]}"
        z, count = layers.slice_index, layers.volume.shape[0]
        place = int(layers.turned_index((z, 0, 0))[0]) + 1
        geometry = layers.volume.geometry
        step = f", {geometry.slice_interval_mm[z]:.1f} mm" if geometry is not None else ""
        return f"slice {place}/{count}{step}"

    def _on_contrast(self, _: Any = None) -> None:
        if self.layers is None:
            return
        low, high = self.layers.original.contrast_limits
        if high > low and (low, high) != (self.window.low, self.window.high):
            self.window = Window((low + high) / 2, high - low)
            self.window_changed.emit(self.window)
            self._update_header()

    def _on_mouse_move(self, _: Any, event: Any) -> None:
        self._mouse = tuple(event.position)
        self._here = self.describe(self._mouse)
        self._update_header()

    def _on_step(self, _: Any = None) -> None:
        """Read again: under a mouse that rests, another voxel is shown now."""
        if self._mouse is not None:
            dims = self.viewer.dims
            place = list(self._mouse)
            for axis in dims.not_displayed:
                place[axis] = dims.point[axis]
            self._here = self.describe(tuple(place))
        self._update_header()

    def _on_drag(self, _: Any, event: Any) -> Generator[None, None, None]:
        if event.button != RIGHT_BUTTON or self.layers is None or self._painting():
            return
        start, window = np.asarray(event.pos, dtype=float), self.window
        gain = DRAG_HU_PER_PIXEL * max(window.width / 80.0, 0.25)
        event.handled = True
        yield
        while event.type == "mouse_move":
            dx, dy = (np.asarray(event.pos, dtype=float) - start) * gain
            self.set_window(Window(float(round(window.centre + dy)), float(max(round(window.width + dx), 1))))
            event.handled = True
            yield

    def _painting(self) -> bool:
        """Whether the right button belongs to napari's own brush."""
        active = self.viewer.layers.selection.active
        return str(getattr(active, "mode", "")) in {"paint", "erase"}
