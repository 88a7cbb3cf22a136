"""Every key of the room in one table; napari's own keys stay what they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING
from weakref import ref

from qtpy.QtCore import QObject

from napari_cpam_stroke.core import LesionClass
from napari_cpam_stroke.widgets.parts.text_window import TextWindow
from napari_cpam_stroke.widgets.reading.session import ReviewSession

if TYPE_CHECKING:
    from napari.components import ViewerModel

WINDOW_SIZE = (860, 400)
Action = Callable[[ReviewSession], object]


@dataclass(frozen=True)
class Key:
    """One key and what it does."""

    keys: str
    does: str
    action: Action


KEYS: tuple[Key, ...] = (
    Key("F1", "list of keys", lambda s: s.keys_wanted.emit()),
    Key("F2", "window brain 40/80", lambda s: s.view.set_preset("brain")),
    Key("F3", "window stroke 40/40", lambda s: s.view.set_preset("stroke")),
    Key("F4", "window subdural 80/200", lambda s: s.view.set_preset("subdural")),
    Key("F5", "window bone 600/2800", lambda s: s.view.set_preset("bone")),
    Key("F6", "window of the DICOM header", lambda s: s.view.set_preset("header")),
    Key("F7", "next plane: axial, coronal, sagittal", lambda s: s.view.next_plane()),
    Key("W", "masks on or off", lambda s: s.view.toggle_masks()),
    Key("Shift-W", "contour or fill", lambda s: s.view.toggle_style()),
    Key("D", "difference between AI and reading", lambda s: s.asides.toggle_difference()),
    Key("Q", "mirror comparison", lambda s: s.asides.toggle_mirror()),
    Key("R", "run the model", lambda s: s.models.run()),
    Key("A", "reveal the AI after a blinded read", lambda s: s.models.reveal()),
    Key("Shift-Q", "attention on click, on or off", lambda s: s.attention.switch(on=not s.attention.on)),
    Key("Shift-T", "take the AI mask as a start", lambda s: s.models.adopt()),
    Key("Shift-O", "open a folder", lambda s: s.folder_wanted.emit()),
    Key("N", "next unread case", lambda s: s.worklist.open_next(1)),
    Key("Shift-N", "previous unread case", lambda s: s.worklist.open_next(-1)),
    Key("J", "next slice with a finding", lambda s: s.next_finding(1)),
    Key("K", "previous slice with a finding", lambda s: s.next_finding(-1)),
    Key("I", "draw ischemia", lambda s: s.tools.draw(LesionClass.ISCHEMIA)),
    Key("H", "draw hemorrhage", lambda s: s.tools.draw(LesionClass.HEMORRHAGE)),
    Key("G", "grow from the voxel under the cursor", lambda s: s.tools.grow()),
    Key("Shift-G", "keep only the HU range in the component under the cursor", lambda s: s.tools.keep_in_range()),
    Key("T", "fill between slices", lambda s: s.tools.fill_between()),
    Key("S", "smooth", lambda s: s.tools.smooth()),
    Key("Shift-S", "remove small islands", lambda s: s.tools.remove_islands()),
    Key("U", "erase the component under the cursor", lambda s: s.tools.erase_component()),
    Key("Shift-C", "copy the mask to the next slice", lambda s: s.tools.copy_to_next()),
    Key("Shift-X", "swap the class of the component under the cursor", lambda s: s.tools.swap_class()),
    Key("Shift-M", "mirror the component under the cursor", lambda s: s.tools.mirror()),
    Key("F8", "save a version now", lambda s: s.records.save()),
    Key("F9", "reject a finding, with a reason", lambda s: s.reason_wanted.emit()),
    Key("F10", "needs a second read", lambda s: s.records.finish("second_read")),
    Key("F12", "accept the case and go on", lambda s: s.records.finish("accepted")),
    Key("Shift-F12", "reject the case: kept out of training", lambda s: s.records.finish("rejected")),
    Key("Shift-E", "export the case", lambda s: s.export_wanted.emit()),
)
"""Bound on the viewer; also the list that F1 shows. napari joins modifiers with '-'."""

MOUSE = (("right drag", "window centre (up, down) and width (left, right), outside napari's brush"),)


class RoomKeys(QObject):
    """The keys of one session on its viewer, given back when its room is closed.

    Attributes
    ----------
    window
        The list of keys, once it was asked for.
    """

    def __init__(self, viewer: ViewerModel, session: ReviewSession) -> None:
        super().__init__(session)
        self._viewer_ref, self._session_ref = ref(viewer), ref(session)
        self.window: TextWindow | None = None
        for key in KEYS:
            viewer.bind_key(key.keys, self._bound(key.action), overwrite=True)
        session.keys_wanted.connect(self.show_list)
        session.room_closed.connect(self._give_back)

    def show_list(self) -> None:
        """Show the list of keys; napari stays usable while it is open."""
        session = self._session_ref()
        if self.window is None:
            parent = None if session is None else session.main_window()
            self.window = TextWindow(parent, title="Keys of the reading room", size=WINDOW_SIZE)
        self.window.show_html(keys_text())

    def _bound(self, action: Action) -> Callable[[ViewerModel], None]:
        alive = self._session_ref

        def pressed(_: ViewerModel) -> None:
            session = alive()
            if session is not None:
                action(session)

        return pressed

    def _give_back(self) -> None:
        viewer = self._viewer_ref()
        if viewer is not None:
            unbind_keys(viewer)


def bind_keys(viewer: ViewerModel, session: ReviewSession) -> RoomKeys:
    """Bind every key on the viewer until the room is closed; a second call changes nothing."""
    return session.findChild(RoomKeys) or RoomKeys(viewer, session)


def unbind_keys(viewer: ViewerModel) -> None:
    """Give the keys back."""
    for key in KEYS:
        viewer.bind_key(key.keys, None, overwrite=True)


def keys_text() -> str:
    """Return the list of keys as an HTML table of two columns."""
    rows = [(key.keys.replace("-", "+").replace("Control", "Ctrl"), key.does) for key in KEYS] + list(MOUSE)
    half = (len(rows) + 1) // 2
    lines = zip_longest(rows[:half], rows[half:], fillvalue=("", ""))
    return f"<table>{''.join(f'<tr>{_cells(*left)}{_cells(*right)}</tr>' for left, right in lines)}</table>"


def _cells(keys: str, does: str) -> str:
    return f"<td><b>{keys}</b></td><td>&nbsp;{does}&nbsp;&nbsp;</td>"
