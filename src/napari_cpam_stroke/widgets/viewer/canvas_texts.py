"""The texts of the room on the canvas: letters at the edges, a header, the warnings of the series."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_cpam_stroke.widgets.viewer import compat

if TYPE_CHECKING:
    from napari.components import ViewerModel

PREFIX = "cpam_"
EDGES = {"left": "middle_left", "right": "middle_right", "top": "top_center", "bottom": "bottom_center"}
HEADER, WARNINGS = "header", "warnings"
PLACES = {**EDGES, HEADER: "top_left", WARNINGS: "bottom_left"}
LETTER_POINTS, TEXT_POINTS = 16, 9


def add_texts(viewer: ViewerModel) -> None:
    """Put the texts on the canvas where they are not there yet, and show them."""
    overlays = compat.overlays(viewer)
    for name, place in PLACES.items():
        if PREFIX + name not in overlays:
            size = LETTER_POINTS if name in EDGES else TEXT_POINTS
            overlays[PREFIX + name] = compat.text_overlay(place, font_size=size, box=True)
        overlays[PREFIX + name].visible = True


def hide_texts(viewer: ViewerModel) -> None:
    """Take the texts out of sight."""
    overlays = compat.overlays(viewer)
    for name in PLACES:
        if PREFIX + name in overlays:
            overlays[PREFIX + name].visible = False


def write_text(viewer: ViewerModel, name: str, text: str) -> None:
    """Change one of the texts; the same again costs nothing."""
    overlay = compat.overlays(viewer).get(PREFIX + name)
    if overlay is not None and overlay.text != text:
        overlay.text = text
