"""The docks of one window: each made once, put in its place, and brought back after it was hidden or closed."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, cast

from qtpy.QtCore import QByteArray, QObject
from qtpy.QtWidgets import QAction, QDockWidget, QMainWindow, QWidget

from napari_cpam_stroke.widgets.docks.arrangement import NAPARIS
from napari_cpam_stroke.widgets.docks.cases import CasesDock
from napari_cpam_stroke.widgets.docks.correct import CorrectDock
from napari_cpam_stroke.widgets.docks.findings import FindingsDock
from napari_cpam_stroke.widgets.docks.fitting import DockFitting, let_scroll
from napari_cpam_stroke.widgets.docks.history import HistoryDock
from napari_cpam_stroke.widgets.docks.measurements import MeasurementsDock
from napari_cpam_stroke.widgets.docks.models import ModelsDock
from napari_cpam_stroke.widgets.docks.planes import PlanesDock
from napari_cpam_stroke.widgets.docks.prior import PriorDock
from napari_cpam_stroke.widgets.docks.train import TrainDock
from napari_cpam_stroke.widgets.docks.window import WindowDock
from napari_cpam_stroke.widgets.reading.session import ReviewSession
from napari_cpam_stroke.widgets.viewer import compat

if TYPE_CHECKING:
    from napari.viewer import Viewer
    from napari.window import Window

DOCKS: dict[str, tuple[type[QWidget], str, str]] = {
    "cases": (CasesDock, "Cases", "left"),
    "window": (WindowDock, "Window and view", "left"),
    "findings": (FindingsDock, "Findings", "right"),
    "models": (ModelsDock, "AI models", "right"),
    "history": (HistoryDock, "History and export", "right"),
    "measurements": (MeasurementsDock, "Measurements", "right"),
    "planes": (PlanesDock, "Three planes", "right"),
    "prior": (PriorDock, "Prior study", "right"),
    "train": (TrainDock, "Train", "left"),
    "correct": (CorrectDock, "Correct and save", "bottom"),
}
"""Name in commands: class, title as in the manifest, area."""


class RoomDocks(QObject):
    """The docks of one session's window, and their entries in napari's Window menu."""

    def __init__(self, session: ReviewSession) -> None:
        super().__init__(session)
        self._session = session
        self._made: dict[str, QWidget] = {}
        self._fitting = DockFitting(self._main(), self._placed)
        self._entries = {name: self._entry(name) for name in DOCKS}
        self._window.window_menu.aboutToShow.connect(self._fill_menu)
        session.room_closed.connect(self._let_go)

    @property
    def _window(self) -> Window:
        return cast("Viewer", self._session.viewer).window

    def _main(self) -> QMainWindow:
        return compat.main_window(cast("Viewer", self._session.viewer))

    @property
    def history(self) -> HistoryDock:
        """The dock with the forms of what goes out and comes in, made where it is not there."""
        if "history" not in self._docked():
            self.show("history")
        return cast("HistoryDock", self._made["history"])

    def put_up(self) -> dict[str, QDockWidget]:
        """Dock what is not docked yet, hidden docks left hidden, and return it by name."""
        self._fitting.keep_size()
        new = {name: self._put_up(name) for name in DOCKS if name not in self._docked()}
        self._arrange(new)
        return new

    def show(self, name: str) -> None:
        """Show one dock, in front of those it shares its place with; make it where it is not there."""
        docked = self._docked()
        if name not in docked:
            docked[name] = self._put_up(name)
            self._arrange({name: docked[name]})
        docked[name].show()
        docked[name].raise_()

    def bring_back(self) -> None:
        """Show every dock that is hidden; which of several in one place is in front stays as it is."""
        for dock in self._docked().values():
            if dock.isHidden():
                dock.show()

    def restore(self, state: QByteArray) -> None:
        """Put the docks back as the reader left them."""
        self._fitting.restore(state)

    def _put_up(self, name: str) -> QDockWidget:
        kind, title, area = DOCKS[name]
        if name not in self._made:
            self._made[name] = kind(self._session)
        dock = self._window.add_dock_widget(self._made[name], name=title, area=area)
        dock.setWindowTitle(title.partition(" and ")[0])  # what its tab says; the title bar has it all
        self._made[name].show()  # one that was closed is hidden itself
        return dock

    def _docked(self) -> dict[str, QDockWidget]:
        """Return the docks in the window, hidden ones too; one that was closed is in none."""
        docks = {name: made.parent() for name, made in self._made.items()}
        return {name: dock for name, dock in docks.items() if isinstance(dock, QDockWidget)}

    def _placed(self) -> dict[str, QDockWidget]:
        """Return the docks that stand in the room's places: ours, and napari's beside Cases."""
        docked = self._docked()
        if "cases" not in docked:
            return docked
        beside = docked["cases"].window().findChildren(QDockWidget)
        return {**{dock.objectName(): dock for dock in beside if dock.objectName() in NAPARIS}, **docked}

    def _arrange(self, new: dict[str, QDockWidget]) -> None:
        """Put new docks beside napari's own, which stay one click away as tabs."""
        if not new:
            return
        for dock in new.values():
            dock.setMinimumSize(0, 0)  # Qt fixed the size its content had before napari's style was on it
        for name, dock in self._placed().items():
            if name in NAPARIS:
                let_scroll(dock)
        self._fitting.arrange(new)

    def _entry(self, name: str) -> QAction:
        entry = QAction(DOCKS[name][1], self)
        entry.setCheckable(True)
        entry.triggered.connect(partial(self._switch, name))
        return entry

    def _switch(self, name: str, on: bool) -> None:
        if on:
            self.show(name)
        elif name in self._docked():
            self._docked()[name].hide()

    def _fill_menu(self) -> None:
        """Add our entries, also after napari built its menu anew, and tick what is to be seen."""
        menu, docked = self._window.window_menu, self._docked()
        there = menu.actions()
        for name, entry in self._entries.items():
            if entry not in there:
                menu.addAction(entry)
            entry.setChecked(name in docked and not docked[name].isHidden())

    def _let_go(self) -> None:
        for made in self._made.values():
            if made.parent() is None:
                made.deleteLater()
        self._made.clear()


def room_docks(session: ReviewSession) -> RoomDocks:
    """Return the docks of a session, made at the first call."""
    return session.findChild(RoomDocks) or RoomDocks(session)
