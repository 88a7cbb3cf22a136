"""What napari is given to dock when a menu entry is chosen: it opens what was asked for, and goes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QDockWidget, QWidget

from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.widgets.viewer import compat

if TYPE_CHECKING:
    from napari.viewer import Viewer


class Door(QWidget):
    """Opens a part of the room in its own place.

    napari gives a viewer to classes and magicgui's factories alone, docks whatever comes back, on the right, and makes
    a second choice of the entry hide it. This one takes the viewer in front, leaves within the same turn of the event
    loop, and so every choice of the entry opens.

    Parameters
    ----------
    opens
        Called with the viewer once napari has docked the door.

    Raises
    ------
    InputError
        Where napari has no window.
    """

    def __init__(self, opens: Callable[[Viewer], object]) -> None:
        import napari

        super().__init__()
        viewer = napari.current_viewer()
        if viewer is None:
            raise InputError("The reading room needs a napari window", remedy="open napari first")
        self._viewer, self._opens = viewer, opens
        self._before = compat.main_window(viewer).saveState()
        QTimer.singleShot(0, self._open)

    def _open(self) -> None:
        dock, main = self.parent(), compat.main_window(self._viewer)
        if isinstance(dock, QDockWidget):
            self._viewer.window.remove_dock_widget(dock)
            main.restoreState(self._before)  # napari made room for the door
        self.deleteLater()
        self._opens(self._viewer)
