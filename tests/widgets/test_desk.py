"""The room at the sizes that screens of a desk leave it, in points: laptops with scaling, and larger ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from qtpy.QtCore import QPoint, QRect
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QAbstractButton, QDockWidget, QLabel, QScrollArea, QScrollBar, QWidget

from napari_cpam_stroke.widgets.room import DOCKS, open_room

pytestmark = pytest.mark.window

DESKS = {
    "1366x768 at 150 %": (910, 512),
    "1920x1080 at 200 %": (960, 540),
    "1280x720": (1280, 720),
    "1920x1080": (1920, 1080),
}
"""Points of a maximised window by what the screen is."""

SETTLE_MS = 500
UID = "1.2.840.113619.2.408.14196467.2245681.18914.1548083110.613"
ERROR = f"Series {UID} cannot be read: 3 slices are missing in /home/reader/studies/{UID}; ask for a complete export"


@pytest.fixture(params=list(DESKS.values()), ids=list(DESKS))
def desk(request: Any, make_napari_viewer: Callable[..., Any], predictor: Any) -> Any:
    """An empty room in a window of a desk's size, and the slow model beside it."""
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(*request.param)  # napari alone may not be as low as that
    QTest.qWait(SETTLE_MS)
    session = open_room(viewer)
    session.wait()
    QTest.qWait(SETTLE_MS)
    opened = window(viewer).width()
    viewer.window.resize(*request.param)
    QTest.qWait(SETTLE_MS)
    found = (opened, window(viewer).width(), window(viewer).height())
    predictor.pause_s = 0.3
    yield viewer, session, found, request.param
    session.ask = lambda _question, answers: answers[-1]
    session.close_case(ask=False)
    session.wait()


def window(viewer: Any) -> QWidget:
    return viewer.window._qt_window


def test_nothing_is_cut_moved_or_off_the_screen(desk: Any, phantom_volume: Any) -> None:
    viewer, session, found, (width, height) = desk
    assert found == (width, width, height), "the window has grown with its docks"
    places = dock_places(viewer)
    look(viewer, "empty")
    session.show(phantom_volume)
    session.wait()
    look(viewer, "case open")
    assert dock_places(viewer) == places, "opening a case moves docks"
    session.models.run()
    QTest.qWait(SETTLE_MS)
    assert session.models.running
    look(viewer, "running")
    session.wait()
    session.said.emit(ERROR)
    look(viewer, "error beside a result")
    assert dock_places(viewer) == places, "running or an error moves docks"
    look_at_every_dock(viewer)


def look(viewer: Any, state: str) -> None:
    """Assert that what ends a case is to be seen, and that nothing of the docks in front is cut."""
    QTest.qWait(SETTLE_MS)
    correct = viewer.window.dock_widgets["Correct and save"]
    for part in (correct.accept, correct.refuse, correct.second, correct.save):
        assert wholly_seen(part), f"{state}: {part.text()} is not on the screen"
    for title, dock in docks(viewer).items():
        if not dock.visibleRegion().isEmpty():
            assert cut_parts(dock) == [], f"{state}: {title}"


def look_at_every_dock(viewer: Any) -> None:
    for dock in docks(viewer).values():
        dock.raise_()
        QTest.qWait(SETTLE_MS)
        look(viewer, f"{dock.objectName()} in front")


def docks(viewer: Any) -> dict[str, QDockWidget]:
    return {title: viewer.window.dock_widgets[title].parent() for _, title, _ in DOCKS.values()}


def dock_places(viewer: Any) -> dict[str, tuple[int, ...]]:
    found = window(viewer).findChildren(QDockWidget)
    return {dock.objectName(): dock.geometry().getRect() for dock in found if not dock.visibleRegion().isEmpty()}


def wholly_seen(part: QWidget) -> bool:
    main = part.window()
    place = QRect(part.mapTo(main, QPoint(0, 0)), part.size())
    return part.visibleRegion().boundingRect() == part.rect() and main.rect().contains(place)


def cut_parts(dock: QDockWidget) -> list[str]:
    """Name what of a dock shows less than it has to say, or lies where no scroll bar leads."""
    parts = [part for part in dock.findChildren(QWidget) if part.isVisibleTo(dock) and not in_scroll_bar(part)]
    found = [name(part) for part in parts if isinstance(part, QAbstractButton | QLabel) and is_cut(part)]
    found += [name(part) for part in parts if part.parent() is not dock and lies_outside(part)]
    return found


def is_cut(part: QAbstractButton | QLabel) -> bool:
    if isinstance(part, QLabel) and part.wordWrap():
        metrics, shown = part.fontMetrics(), QLabel.text(part)
        widest = max((metrics.horizontalAdvance(word) for word in shown.split()), default=0)
        return widest > part.width() or part.heightForWidth(part.width()) > part.height()
    return part.minimumSizeHint().width() > part.width() or part.minimumSizeHint().height() > part.height()


def lies_outside(part: QWidget) -> bool:
    """Whether a part reaches over the edge of what holds it; the content of a scroll area may, where it scrolls."""
    area = part.parent().parent()
    if isinstance(area, QScrollArea) and area.widget() is part:
        wide, high = part.width() > area.viewport().width(), part.height() > area.viewport().height()
        return (wide and not area.horizontalScrollBar().isVisible()) or (
            high and not area.verticalScrollBar().isVisible()
        )
    return isinstance(part, QAbstractButton | QLabel) and not part.parent().rect().contains(part.geometry())


def in_scroll_bar(part: QWidget) -> bool:
    return isinstance(part, QScrollBar) or isinstance(part.parent(), QScrollBar)


def name(part: QWidget) -> str:
    least, words = part.minimumSizeHint(), getattr(part, "text", str)()
    return f"{type(part).__name__} {words!r} at {part.geometry().getRect()} needs {least.width()} x {least.height()}"
