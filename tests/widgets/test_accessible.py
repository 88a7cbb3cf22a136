"""What a screen reader says: every part that can be used, or that shows something drawn, has a name."""

from __future__ import annotations

from typing import Any

import pytest
from qtpy.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QScrollBar,
    QWidget,
)

from napari_cpam_stroke.widgets.docks.room_docks import DOCKS
from napari_cpam_stroke.widgets.parts.plane_canvas import PlaneCanvas
from napari_cpam_stroke.widgets.parts.probability_bar import ProbabilityBar
from napari_cpam_stroke.widgets.parts.slice_strip import SliceStrip

USED = (QAbstractButton, QAbstractItemView, QAbstractSlider, QAbstractSpinBox, QComboBox, QLineEdit)
DRAWN = (PlaneCanvas, ProbabilityBar, SliceStrip)
OF_QT = (QScrollBar,)


def parts(dock: QWidget) -> list[QWidget]:
    """What a person uses or reads in a dock; the pieces that Qt puts into its own widgets belong to those."""
    found = [part for kind in (*USED, *DRAWN) for part in dock.findChildren(kind) if not isinstance(part, OF_QT)]
    return [part for part in found if not any(isinstance(above, USED) for above in ancestors(part, dock))]


def ancestors(part: QWidget, dock: QWidget) -> list[QWidget]:
    found = []
    while (part := part.parent()) is not dock:
        found.append(part)
    return found


def spoken(dock: QWidget, part: QWidget) -> str:
    """The name Qt gives to a screen reader: the part's own, its text, or that of the label that belongs to it."""
    text = part.text() if isinstance(part, QAbstractButton) else ""
    labels = [label.text() for label in dock.findChildren(QLabel) if label.buddy() is part]
    return next((name for name in (part.accessibleName(), text, *labels) if name.strip()), "")


@pytest.mark.parametrize("title", [title for _, title, _ in DOCKS.values()])
def test_every_part_of_a_dock_has_a_spoken_name(room: Any, title: str) -> None:
    dock = room.dock(title)
    named = {part: spoken(dock, part) for part in parts(dock)}
    assert named
    assert [f"{type(part).__name__} {part.toolTip()!r}" for part, name in named.items() if not name.strip()] == []
