"""The few places of napari that moved between 0.8 and 0.9, wrapped once."""

from __future__ import annotations

from collections.abc import MutableMapping
from functools import cache
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from napari.components import Camera, ViewerModel
    from napari.components.overlays import Overlay, ScaleBarOverlay, TextOverlay
    from napari.layers import Layer
    from napari.viewer import Viewer
    from qtpy.QtWidgets import QMainWindow, QWidget
    from vispy.scene.widgets import ViewBox

DRAWING = ("polygon", "brush_stroke")
"""Overlays of a Labels layer by napari's names; making both takes as long as the rest of the layer."""

ViewerT = TypeVar("ViewerT", bound="ViewerModel")

EDGE_PADDING = 10.0
"""Screen pixels between a text and the edge of the canvas, as napari has it."""


def camera(viewer: ViewerModel) -> Camera:
    """Return the camera."""
    return viewer.scene.camera if hasattr(viewer, "scene") else viewer.camera


def overlays(viewer: ViewerModel) -> MutableMapping[str, Overlay]:
    """Return the mapping of canvas overlays, to which overlays of our own can be added."""
    return viewer.canvas.overlays if hasattr(viewer, "canvas") else viewer._overlays  # noqa: SLF001 - 0.8 has no other


def text_overlay(position: str, **settings: object) -> TextOverlay:
    """Return a text for the canvas, at a corner or in the middle of an edge, such as `middle_left`."""
    from napari.components._viewer_constants import CanvasPosition
    from napari.components.overlays import TextOverlay

    known = {str(each) for each in CanvasPosition}
    return (TextOverlay if position in known else _side_text())(position=position, **settings)


@cache
def _side_text() -> type[TextOverlay]:
    """Return the class of texts at the middle of the left or right edge, where 0.8 puts none itself."""
    from napari._vispy.overlays.text import VispyTextOverlay
    from napari._vispy.utils.visual import overlay_to_visual
    from napari.components.overlays import TextOverlay

    class SideText(TextOverlay):
        """A text at the `middle_left` or the `middle_right` of the canvas."""

    class VispySideText(VispyTextOverlay):
        """Its picture, which moves along when the canvas changes its size."""

        def __init__(self, *, parent: ViewBox, **settings: object) -> None:
            self._view = parent
            super().__init__(parent=parent, **settings)
            parent.events.resize.connect(self._on_position_change)

        def _on_position_change(self, event: object = None) -> None:
            super()._on_position_change(event)
            width, height = self._view.size
            x = EDGE_PADDING if self.overlay.position == "middle_left" else width - self.x_size - EDGE_PADDING
            self.node.transform.translate = (x, (height - self.y_size) / 2, 0, 0)

        def close(self) -> None:
            self._view.events.resize.disconnect(self._on_position_change)
            super().close()

    overlay_to_visual[SideText] = VispySideText
    return SideText


def scale_bar(viewer: ViewerModel) -> ScaleBarOverlay:
    """Return the scale bar."""
    return viewer.canvas.overlays.scale_bar if hasattr(viewer, "canvas") else viewer.scale_bar


def set_background(viewer: ViewerModel, colour: str | None) -> None:
    """Give the canvas a background, or the theme's again, where this napari can."""
    canvas = getattr(viewer, "canvas", None)
    if canvas is None:
        _paint_window(viewer, colour)
    elif hasattr(canvas, "background_color_override"):
        canvas.background_color_override = colour


def _paint_window(viewer: ViewerModel, colour: str | None) -> None:
    """Set the background in 0.8: only the window's canvas has one, and texts drawn before do not follow it."""
    window = getattr(unwrapped(viewer), "window", None)
    canvas = getattr(getattr(window, "_qt_viewer", None), "canvas", None)
    if canvas is None:
        return
    canvas._set_theme_change(viewer.theme)  # noqa: SLF001 - without it there is no colour to go back to
    canvas.background_color_override = colour
    for pictures in canvas._overlay_to_visual.values():  # noqa: SLF001 - 0.8 has no other way to them
        for picture in pictures:
            picture.reset()


def picture(viewer: ViewerModel) -> QWidget | None:
    """Return the widget that shows the canvas and takes its keys, None without a window."""
    window = getattr(unwrapped(viewer), "window", None)
    canvas = getattr(getattr(window, "_qt_viewer", None), "canvas", None)
    return getattr(canvas, "native", None)


def sliders(viewer: ViewerModel) -> list[QWidget]:
    """Return the sliders below the canvas, each with its `axis`; none without a window."""
    window = getattr(unwrapped(viewer), "window", None)
    dims = getattr(getattr(window, "_qt_viewer", None), "dims", None)
    return list(getattr(dims, "slider_widgets", ()))


def drawing_overlays(layer: Layer) -> list[Overlay]:
    """Return what napari draws over a layer while a hand draws in it; none over an image."""
    found = layer._overlays  # noqa: SLF001 - napari names them nowhere else
    return [found[name] for name in DRAWING if name in found]


def lock(layer: Layer) -> None:
    """Keep a layer from being deleted in the layer list, where this napari can."""
    if hasattr(layer, "locked"):
        layer.locked = True


def unlock(layer: Layer) -> None:
    """Undo `lock`."""
    if hasattr(layer, "locked"):
        layer.locked = False


def unwrapped(viewer: ViewerT) -> ViewerT:
    """Return the viewer itself where napari hands out a proxy."""
    return getattr(viewer, "__wrapped__", viewer)


def main_window(viewer: Viewer) -> QMainWindow:
    """Return the main window, for its docks and its drops."""
    return unwrapped(viewer).window._qt_window  # noqa: SLF001 - napari names it nowhere else


def canvas_part(viewer: Viewer) -> QWidget:
    """Return the part of the window that holds the canvas and opens what is dropped."""
    return unwrapped(viewer).window._qt_viewer  # noqa: SLF001 - napari names it nowhere else
