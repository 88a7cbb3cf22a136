"""The buttons of the correction tools, each with what it does and its key."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtWidgets import QPushButton

from napari_cpam_stroke.widgets.parts.controls import button
from napari_cpam_stroke.widgets.viewer.tools import Tools

UNDER_CURSOR = "the component under the cursor"


def tool_buttons(tools: Tools) -> dict[str, QPushButton]:
    """Return the buttons by their words, in the order they stand in."""
    wanted: list[tuple[str, str, Callable[[], object], str]] = [
        ("grow", "Grow from the voxel under the cursor", tools.grow, "G"),
        ("fill between", "Draw on the empty slices between drawn ones", tools.fill_between, "T"),
        ("smooth", "Smooth the outlines of the drawn class", tools.smooth, "S"),
        ("islands", "Erase what is smaller than 0.1 ml", tools.remove_islands, "Shift+S"),
        ("erase part", f"Erase {UNDER_CURSOR}", tools.erase_component, "U"),
        ("keep HU", f"Erase from {UNDER_CURSOR} what lies outside the HU range", tools.keep_in_range, "Shift+G"),
        ("copy next", "Copy this slice's mask to the next slice and go there", tools.copy_to_next, "Shift+C"),
        ("swap class", f"Ischemia to hemorrhage, or back, in {UNDER_CURSOR}", tools.swap_class, "Shift+X"),
        ("mirror part", f"Draw {UNDER_CURSOR} on the other side of the head too", tools.mirror, "Shift+M"),
    ]
    return {text: button(text, tip, slot, key=key) for text, tip, slot, key in wanted}
