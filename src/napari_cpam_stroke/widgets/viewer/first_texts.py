"""napari's first texts, drawn before there is a case: it takes long for every letter, and for every text."""

from __future__ import annotations

import string
from collections.abc import Iterator
from typing import TYPE_CHECKING

from napari_cpam_stroke.widgets.viewer.canvas_texts import HEADER

if TYPE_CHECKING:
    from napari.components.overlays import TextOverlay

GLYPHS = string.digits + string.ascii_letters + ".,:;-+/%()|"
AT_ONCE = 3
"""Letters for one step; each takes some milliseconds."""

UNSEEN, SEEN = 0.0, 1.0


def drawing_unseen(texts: dict[str, TextOverlay]) -> Iterator[None]:
    """Draw every text and every letter once without showing them, step by step; `show_again` undoes it at any moment.

    Parameters
    ----------
    texts
        Those of `room_texts`; the viewer itself is not held.
    """
    for overlay in texts.values():
        overlay.opacity = UNSEEN
        overlay.text = GLYPHS[:AT_ONCE]
        overlay.visible = True
        yield
    for start in range(AT_ONCE, len(GLYPHS), AT_ONCE):
        texts[HEADER].text = GLYPHS[start : start + AT_ONCE]
        yield
    show_again(texts)


def show_again(texts: dict[str, TextOverlay]) -> None:
    """Make the texts what they were before: empty, hidden, and in sight as soon as they are shown."""
    for overlay in texts.values():
        overlay.visible = False
        overlay.text, overlay.opacity = "", SEEN
