"""Docks that fit their window: put in their places, given their room, and fitted again while nobody moved them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from qtpy.QtCore import QByteArray, QEvent, QObject, QSize, Qt, QTimer
from qtpy.QtWidgets import QDockWidget, QMainWindow

from napari_cpam_stroke.widgets.docks.arrangement import LEFT, RIGHT, Arrangement, arrangement_for
from napari_cpam_stroke.widgets.parts.scroll_body import ScrollBody

SETTLE_MS = 200
"""Time for Qt to give every dock its place."""

AREAS = {LEFT: Qt.DockWidgetArea.LeftDockWidgetArea, RIGHT: Qt.DockWidgetArea.RightDockWidgetArea}
BELOW = "correct"
WHOLE_ROOM = {"cases", "findings", BELOW}
"""Only with all of these is there too little room for napari's own docks."""

Docks = Mapping[str, QDockWidget]


class DockFitting(QObject):
    """Arranges docks for the size of their window, again when it changes.

    Notes
    -----
    What the reader moved or dragged stays: docks are only fitted anew where they stand as they were put.
    """

    def __init__(self, main: QMainWindow, docks: Callable[[], Docks]) -> None:
        super().__init__(main)
        self._docks = docks
        self._arrangement: Arrangement | None = None
        self._left: dict[str, tuple[int, ...]] | None = None
        self._spared: set[str] = set()
        self._size: QSize | None = None
        self._pending, self._settling = _timer(self, 0, self._fit), _timer(self, SETTLE_MS, self._share_room)
        main.installEventFilter(self)

    def eventFilter(self, _: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """See that the window gets another size, before its docks follow, and that it closes."""
        if event.type() == QEvent.Type.Resize:
            self._on_resize()
        elif event.type() == QEvent.Type.Close:
            self._pending.stop()
            self._settling.stop()
        return False

    def keep_size(self) -> None:
        """Let the window be as large as now once the docks are fitted: it grows while they stand in one column."""
        main = self.parent()
        self._size = None if main.isMaximized() or main.isFullScreen() else main.size()

    def arrange(self, moved: Collection[str]) -> None:
        """Put some docks in their places among the others, and give all their room once they are there."""
        main, docks = self.parent(), self._docks()
        self._arrangement = arrangement_for(main.width(), main.height())
        main.setCorner(Qt.Corner.BottomLeftCorner, AREAS[LEFT])
        for side, places in self._arrangement.columns.items():
            _stand(main, AREAS[side], _present(places, docks), {docks[name] for name in moved if name in docks})
        if set(docks) >= WHOLE_ROOM:
            self._spare(set(self._arrangement.spared) & set(docks), docks)
        self._pending.start()

    def _spare(self, spared: set[str], docks: Docks) -> None:
        """Hide what there is no room for, and show again what was hidden for want of room."""
        for name in self._spared - spared:
            docks[name].show()
        for name in spared:
            docks[name].hide()
        self._spared = spared

    def restore(self, state: QByteArray) -> None:
        """Put the docks back as they were left; they stay so until they are arranged again."""
        self.parent().restoreState(state)
        self._pending.stop()
        self._settling.stop()
        self._left = None

    def _on_resize(self) -> None:
        """Fit the docks to the new size, unless they were moved since they were fitted."""
        if self._pending.isActive() or self._left is None:
            return
        if self._settling.isActive() or self._left == self._standing():
            self._pending.start()
        else:
            self._left = None

    def _fit(self) -> None:
        main, docks = self.parent(), self._docks()
        if self._size is not None:
            main.layout().activate()  # it still asks for what the docks needed one below the other
            main.resize(self._size)
            self._size = None
        wanted = arrangement_for(main.width(), main.height())
        if self._arrangement is None or wanted.columns != self._arrangement.columns:
            self.arrange(docks)
            return
        self._share_room()
        self._settling.start()

    def _share_room(self) -> None:
        """Give every dock its room; done twice, as a dock knows its least size only once it was shown."""
        main, docks = self.parent(), self._docks()
        wanted = arrangement_for(main.width(), main.height())
        for side, places in wanted.columns.items():
            _share_column(main, _present(places, docks), wanted.widths[side])
        if BELOW in docks:
            needed = docks[BELOW].height() + _missing_height(docks[BELOW])
            main.resizeDocks([docks[BELOW]], [min(needed, wanted.most_below)], Qt.Orientation.Vertical)
        self._left = self._standing()

    def _standing(self) -> dict[str, tuple[int, ...]]:
        return {name: tuple(dock.geometry().getRect()) for name, dock in self._docks().items() if _seen(dock)}


def let_scroll(dock: QDockWidget) -> None:
    """Let a dock of napari's be smaller than its content, which scrolls then."""
    content = dock.widget()
    if content is not None and not isinstance(content, ScrollBody):
        dock.setWidget(ScrollBody(content, sideways=True))
        dock.setMinimumSize(0, 0)
        dock.layout().activate()


def _stand(
    main: QMainWindow, area: Qt.DockWidgetArea, places: list[list[QDockWidget]], moved: set[QDockWidget]
) -> None:
    """Put moved docks behind those of their place, and the places of a column below each other."""
    for front, *others in places:
        if front in moved and front in main.tabifiedDockWidgets(places[0][0]):
            main.addDockWidget(area, front)
        joined = [other for other in others if {front, other} & moved]
        for other in joined:
            main.tabifyDockWidget(front, other)
        if joined:
            QTimer.singleShot(0, front.raise_)


def _share_column(main: QMainWindow, places: list[list[QDockWidget]], width: int) -> None:
    """Give a column its width, its lower place the height it needs and its upper one the rest."""
    docks = [place[0] for place in places]
    main.resizeDocks(docks, [width] * len(docks), Qt.Orientation.Horizontal)
    if len(docks) > 1:
        whole = sum(dock.height() for dock in docks)
        below = docks[-1].height() + _missing_height(docks[-1])
        main.resizeDocks(docks, [max(whole - below, below), below], Qt.Orientation.Vertical)


def _missing_height(dock: QDockWidget) -> int:
    body = dock.findChild(ScrollBody)
    return 0 if body is None else body.missing_height()


def _present(places: tuple[tuple[str, ...], ...], docks: Docks) -> list[list[QDockWidget]]:
    found = [[docks[name] for name in place if name in docks] for place in places]
    return [place for place in found if place]


def _seen(dock: QDockWidget) -> bool:
    return dock.isVisible() and not dock.isFloating() and not dock.visibleRegion().isEmpty()


def _timer(parent: QObject, milliseconds: int, slot: Callable[[], None]) -> QTimer:
    timer = QTimer(parent)
    timer.setSingleShot(True)
    timer.setInterval(milliseconds)
    timer.timeout.connect(slot)
    return timer
