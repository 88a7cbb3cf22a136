"""Every key of the room in one table; napari's own keys stay what they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING
from weakref import ref

from qtpy.QtCore import QObject

from napari_cpam_stroke.core import LesionClass
from napari_cpam_stroke.prompting import PromptKind
from napari_cpam_stroke.widgets.parts.text_window import TextWindow
from napari_cpam_stroke.widgets.reading.session import ReviewSession
from napari_cpam_stroke.widgets.viewer.viewer_actions import ViewerAction, viewer_actions

if TYPE_CHECKING:
    from napari.components import ViewerModel

WINDOW_SIZE = (860, 400)
Action = Callable[[ReviewSession], object]


@dataclass(frozen=True)
class Key:
    """One key and what it does.

    Attributes
    ----------
    name
        Under which a reader's own choice is kept.
    keys
        Until the reader chooses others; napari joins modifiers with '-'.
    """

    name: str
    keys: str
    does: str
    action: Action


KEYS: tuple[Key, ...] = (
    Key("list_keys", "F1", "list of keys", lambda s: s.keys_wanted.emit()),
    Key("window_brain", "F2", "window brain 40/80", lambda s: s.view.set_preset("brain")),
    Key("window_stroke", "F3", "window stroke 40/40", lambda s: s.view.set_preset("stroke")),
    Key("window_subdural", "F4", "window subdural 80/200", lambda s: s.view.set_preset("subdural")),
    Key("window_bone", "F5", "window bone 600/2800", lambda s: s.view.set_preset("bone")),
    Key("window_header", "F6", "window of the DICOM header", lambda s: s.view.set_preset("header")),
    Key("next_plane", "F7", "next plane: axial, coronal, sagittal", lambda s: s.view.next_plane()),
    Key(
        "cross_hair",
        "Shift-K",
        "cross-hair of the three planes under the mouse",
        lambda s: s.cross_hair.move_to_mouse(s.cursor()),
    ),
    Key("toggle_masks", "W", "masks on or off", lambda s: s.view.toggle_masks()),
    Key("toggle_style", "Shift-W", "contour or fill", lambda s: s.view.toggle_style()),
    Key("difference", "D", "difference between AI and reading", lambda s: s.asides.toggle_difference()),
    Key("mirror_comparison", "Q", "mirror comparison", lambda s: s.asides.toggle_mirror()),
    Key(
        "other_side",
        "Shift-H",
        "the other side in this one's place: mirrored about the midline",
        lambda s: s.other_side.toggle(),
    ),
    Key("run_model", "R", "run the model", lambda s: s.models.run()),
    Key("reveal_ai", "A", "reveal the AI after a blinded read", lambda s: s.models.reveal()),
    Key(
        "attention_on_click",
        "Shift-Q",
        "attention on click, on or off",
        lambda s: s.attention.switch(on=not s.attention.on),
    ),
    Key("adopt_ai", "Shift-T", "take the AI mask as a start", lambda s: s.models.adopt()),
    Key("open_folder", "Shift-O", "open a folder", lambda s: s.folder_wanted.emit()),
    Key("search_worklist", "Shift-L", "search the worklist", lambda s: s.list_wanted.emit()),
    Key("next_case", "N", "next unread case", lambda s: s.worklist.open_next(1)),
    Key("previous_case", "Shift-N", "previous unread case", lambda s: s.worklist.open_next(-1)),
    Key("next_finding", "J", "next slice with a finding", lambda s: s.next_finding(1)),
    Key("previous_finding", "K", "previous slice with a finding", lambda s: s.next_finding(-1)),
    Key("draw_ischemia", "I", "draw ischemia", lambda s: s.tools.draw(LesionClass.ISCHEMIA)),
    Key("draw_hemorrhage", "H", "draw hemorrhage", lambda s: s.tools.draw(LesionClass.HEMORRHAGE)),
    Key("grow", "G", "grow from the voxel under the cursor", lambda s: s.tools.grow()),
    Key(
        "keep_in_range",
        "Shift-G",
        "keep only the HU range in the component under the cursor",
        lambda s: s.tools.keep_in_range(),
    ),
    Key("fill_between", "T", "fill between slices", lambda s: s.tools.fill_between()),
    Key("smooth", "S", "smooth", lambda s: s.tools.smooth()),
    Key("remove_islands", "Shift-S", "remove small islands", lambda s: s.tools.remove_islands()),
    Key("erase_component", "U", "erase the component under the cursor", lambda s: s.tools.erase_component()),
    Key("copy_to_next", "Shift-C", "copy the mask to the next slice", lambda s: s.tools.copy_to_next()),
    Key("swap_class", "Shift-X", "swap the class of the component under the cursor", lambda s: s.tools.swap_class()),
    Key("mirror_component", "Shift-M", "mirror the component under the cursor", lambda s: s.tools.mirror()),
    Key("prompt_point", "Shift-P", "correct with a click, and back", lambda s: s.prompts.take(PromptKind.POINT)),
    Key("prompt_box", "Shift-B", "correct with a box, and back", lambda s: s.prompts.take(PromptKind.BOX)),
    Key(
        "prompt_scribble", "Shift-F", "correct with a scribble, and back", lambda s: s.prompts.take(PromptKind.SCRIBBLE)
    ),
    Key("prompt_lasso", "Shift-U", "correct with a lasso, and back", lambda s: s.prompts.take(PromptKind.LASSO)),
    Key("carry_up", "Control-J", "carry the lesion to the next slice up; again accepts", lambda s: s.carrying.step(1)),
    Key(
        "carry_down",
        "Control-K",
        "carry the lesion to the next slice down; again accepts",
        lambda s: s.carrying.step(-1),
    ),
    Key("carry_all", "Shift-J", "carry the lesion to all slices it is seen on", lambda s: s.carrying.everywhere()),
    Key(
        "keep_lesion", "Shift-Y", "keep the component under the cursor from prompts, or not", lambda s: s.prompts.keep()
    ),
    Key("ruler", "Shift-R", "ruler in mm, and back to the masks", lambda s: s.measures.draw("line")),
    Key("region", "Shift-D", "HU in an elliptic region, and back to the masks", lambda s: s.measures.draw("ellipse")),
    Key("midline_shift", "Shift-I", "midline shift: drag the point to the midline", lambda s: s.measures.shift()),
    Key("save", "F8", "save a version now", lambda s: s.records.save()),
    Key("reject_finding", "F9", "reject a finding, with a reason", lambda s: s.reason_wanted.emit()),
    Key("second_read", "F10", "needs a second read", lambda s: s.records.finish("second_read")),
    Key("accept", "F12", "accept the case and go on", lambda s: s.records.finish("accepted")),
    Key("reject_case", "Shift-F12", "reject the case: kept out of training", lambda s: s.records.finish("rejected")),
    Key("export", "Shift-E", "export the case", lambda s: s.export_wanted.emit()),
)
"""Bound on the viewer; also the list that F1 and napari's preferences show."""

MOUSE = (("right drag", "window centre (up, down) and width (left, right), outside napari's brush"),)


class RoomKeys(QObject):
    """The keys of one session on its viewer, given back when its room is closed.

    They are actions of napari: *Preferences > Shortcuts* lists and changes them, and the choice is kept with the other
    settings of the room.

    Attributes
    ----------
    window
        The list of keys, once it was asked for.
    """

    def __init__(self, viewer: ViewerModel, session: ReviewSession) -> None:
        super().__init__(session)
        self._viewer_ref, self._session_ref = ref(viewer), ref(session)
        self.window: TextWindow | None = None
        actions = [ViewerAction(key.name, key.does, key.keys, self._bound(key.action)) for key in KEYS]
        viewer_actions.add(viewer, actions, session.settings.values.keys)
        viewer_actions.changed.connect(self._keep)
        session.keys_wanted.connect(self.show_list)
        session.room_closed.connect(self._give_back)

    def show_list(self) -> None:
        """Show the list of keys; napari stays usable while it is open."""
        session = self._session_ref()
        if self.window is None:
            parent = None if session is None else session.main_window()
            self.window = TextWindow(parent, title="Keys of the reading room", size=WINDOW_SIZE)
        self.window.show_html(keys_text(viewer_actions.keys))

    def _bound(self, action: Action) -> Callable[[], None]:
        alive = self._session_ref

        def pressed() -> None:
            session = alive()
            if session is not None:
                action(session)

        return pressed

    def _keep(self) -> None:
        session = self._session_ref()
        if session is not None:
            session.settings.change(keys=viewer_actions.chosen)

    def _give_back(self) -> None:
        viewer = self._viewer_ref()
        if viewer is not None and viewer_actions.remove(viewer):
            viewer_actions.changed.disconnect(self._keep)


def bind_keys(viewer: ViewerModel, session: ReviewSession) -> RoomKeys:
    """Bind every key on the viewer until the room is closed; a second call changes nothing."""
    return session.findChild(RoomKeys) or RoomKeys(viewer, session)


def keys_text(bound: Mapping[str, Sequence[str]]) -> str:
    """Return the list of keys as an HTML table of two columns.

    Parameters
    ----------
    bound
        The keys of each action by its name, as the reader has them.
    """
    rows = [(" or ".join(bound.get(key.name, ())), key.does) for key in KEYS] + list(MOUSE)
    half = (len(rows) + 1) // 2
    lines = zip_longest(rows[:half], rows[half:], fillvalue=("", ""))
    table = f"<table>{''.join(f'<tr>{_cells(*left)}{_cells(*right)}</tr>' for left, right in lines)}</table>"
    return f"{table}<p>Other keys: napari's Preferences &gt; Shortcuts, while the reading room is open.</p>"


def _cells(keys: str, does: str) -> str:
    return f"<td><b>{keys}</b></td><td>&nbsp;{does}&nbsp;&nbsp;</td>"
