"""The texts of the room on the canvas: letters at the edges, a header, the warnings of the series."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

from napari_cpam_stroke.widgets.viewer import compat

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.components.overlays import TextOverlay

PREFIX = "cpam_"
EDGES = {"left": "middle_left", "right": "middle_right", "top": "top_center", "bottom": "bottom_center"}
HEADER, WARNINGS = "header", "warnings"
PLACES = {**EDGES, HEADER: "top_left", WARNINGS: "bottom_left"}
LETTER_POINTS, TEXT_POINTS = 16, 9


def showing_texts(viewer: ViewerModel, words: dict[str, str]) -> Iterator[None]:
    """Write texts and show them, one for each step: napari links the shaders of every box anew."""
    texts = room_texts(viewer)
    for name, text in words.items():
        if not texts[name].visible or texts[name].text != text:
            texts[name].text, texts[name].visible = text, True
            yield


def room_texts(viewer: ViewerModel) -> dict[str, TextOverlay]:
    """Return the texts by name; they are put on the canvas, hidden, where they are not there yet."""
    overlays = compat.overlays(viewer)
    for name, place in PLACES.items():
        if PREFIX + name not in overlays:
            size = LETTER_POINTS if name in EDGES else TEXT_POINTS
            overlays[PREFIX + name] = compat.text_overlay(place, font_size=size, box=True)
    return {name: cast("TextOverlay", overlays[PREFIX + name]) for name in PLACES}


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
