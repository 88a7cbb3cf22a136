"""The few places of napari that moved between 0.8 and 0.9, wrapped once."""

from __future__ import annotations

from typing import Any


def camera(viewer: Any) -> Any:
    """Return the camera."""
    return viewer.scene.camera if hasattr(viewer, "scene") else viewer.camera


def overlays(viewer: Any) -> Any:
    """Return the mapping of canvas overlays, to which overlays of our own can be added."""
    return viewer.canvas.overlays if hasattr(viewer, "canvas") else viewer._overlays  # noqa: SLF001 - 0.8 has no other


def canvas_positions() -> set[str]:
    """Return where overlays can stand; 0.8 does not know the middle of the edges."""
    from napari.components._viewer_constants import CanvasPosition

    return {str(position) for position in CanvasPosition}


def scale_bar(viewer: Any) -> Any:
    """Return the scale bar."""
    return viewer.canvas.overlays.scale_bar if hasattr(viewer, "canvas") else viewer.scale_bar


def set_background(viewer: Any, colour: str | None) -> None:
    """Give the canvas a background, or the theme's again, where this napari can."""
    canvas = getattr(viewer, "canvas", None)
    if canvas is not None and hasattr(canvas, "background_color_override"):
        canvas.background_color_override = colour


def lock(layer: Any) -> None:
    """Keep a layer from being deleted in the layer list, where this napari can."""
    if hasattr(layer, "locked"):
        layer.locked = True


def unlock(layer: Any) -> None:
    """Undo `lock`."""
    if hasattr(layer, "locked"):
        layer.locked = False


def unwrapped(viewer: Any) -> Any:
    """Return the viewer itself where napari hands out a proxy."""
    return getattr(viewer, "__wrapped__", viewer)
