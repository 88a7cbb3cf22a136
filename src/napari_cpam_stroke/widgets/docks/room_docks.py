"""The docks of one window: each made once, put in its place, and brought back after it was hidden or closed."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, cast

from qtpy.QtCore import QObject, Qt, QTimer
from qtpy.QtWidgets import QAction, QDockWidget, QMainWindow, QWidget

from napari_cpam_stroke.widgets.docks.cases import CasesDock
from napari_cpam_stroke.widgets.docks.correct import CorrectDock
from napari_cpam_stroke.widgets.docks.findings import FindingsDock
from napari_cpam_stroke.widgets.docks.history import HistoryDock
from napari_cpam_stroke.widgets.docks.measurements import MeasurementsDock
from napari_cpam_stroke.widgets.docks.models import ModelsDock
from napari_cpam_stroke.widgets.docks.planes import PlanesDock
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
    "correct": (CorrectDock, "Correct and save", "bottom"),
}
"""Name in commands: class, title as in the manifest, area."""

BEHIND_FINDINGS = {"history", "measurements", "planes"}
"""Docks that share the place of Findings, as tabs."""

LEFT_WIDTH, RIGHT_WIDTH = 250, 300
UPPER_SHARE, LOWER_SHARE = 400, 200
"""Heights in pixels that the upper and the lower dock of a side start with."""


class RoomDocks(QObject):
    """The docks of one session's window, and their entries in napari's Window menu."""

    def __init__(self, session: ReviewSession) -> None:
        super().__init__(session)
        self._session = session
        self._made: dict[str, QWidget] = {}
        self._entries = {name: self._entry(name) for name in DOCKS}
        self._window.window_menu.aboutToShow.connect(self._fill_menu)
        session.room_closed.connect(self._let_go)

    @property
    def _window(self) -> Window:
        return cast("Viewer", self._session.viewer).window

    @property
    def history(self) -> HistoryDock:
        """The dock with the forms of what goes out and comes in, made where it is not there."""
        if "history" not in self._docked():
            self.show("history")
        return cast("HistoryDock", self._made["history"])

    def put_up(self) -> dict[str, QDockWidget]:
        """Dock what is not docked yet, hidden docks left hidden, and return it by name."""
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

    def _put_up(self, name: str) -> QDockWidget:
        kind, title, area = DOCKS[name]
        if name not in self._made:
            self._made[name] = kind(self._session)
        dock = self._window.add_dock_widget(self._made[name], name=title, area=area)
        self._made[name].show()  # one that was closed is hidden itself
        return dock

    def _docked(self) -> dict[str, QDockWidget]:
        """Return the docks in the window, hidden ones too; one that was closed is in none."""
        docks = {name: made.parent() for name, made in self._made.items()}
        return {name: dock for name, dock in docks.items() if isinstance(dock, QDockWidget)}

    def _arrange(self, new: dict[str, QDockWidget]) -> None:
        """Put new docks beside napari's own, which stay one click away as tabs of Cases."""
        if not new:
            return
        for dock in new.values():
            dock.setMinimumSize(0, 0)  # Qt fixed the size its content had before napari's style was on it
        main, docked = compat.main_window(cast("Viewer", self._session.viewer)), self._docked()
        own = {dock.objectName(): dock for dock in main.findChildren(QDockWidget)}
        main.setCorner(Qt.Corner.BottomLeftCorner, Qt.DockWidgetArea.LeftDockWidgetArea)
        if "cases" in new:
            theirs = [own[name] for name in ("layer list", "layer controls") if name in own]
            _stack(main, docked["cases"], *theirs)
        if BEHIND_FINDINGS & set(new) and "findings" in docked:
            _stack(main, docked["findings"], *(docked[name] for name in sorted(BEHIND_FINDINGS & set(docked))))
        for names, width in ((("cases", "window"), LEFT_WIDTH), (("findings", "models"), RIGHT_WIDTH)):
            docks = [new[name] for name in names if name in new]
            main.resizeDocks(docks, [width] * len(docks), Qt.Orientation.Horizontal)
            main.resizeDocks(docks, [UPPER_SHARE, LOWER_SHARE][: len(docks)], Qt.Orientation.Vertical)

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


def _stack(main: QMainWindow, front: QDockWidget, *others: QDockWidget) -> None:
    """Put docks behind another one, as tabs."""
    for other in others:
        main.tabifyDockWidget(front, other)
    QTimer.singleShot(0, front.raise_)
