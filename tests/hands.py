"""A reader's hands: keys, clicks and strokes in a real window, sent as Qt sends them."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QWidget

NO_MODIFIER = Qt.KeyboardModifier.NoModifier


class Hands:
    """A reader's hands on the canvas and the docks of a room, in a window that has the focus."""

    SCREEN = (1366, 768)

    def __init__(self, viewer: Any, session: Any) -> None:
        self.viewer, self.session = viewer, session
        self.canvas = viewer.window._qt_viewer.canvas.native

    @property
    def window(self) -> QWidget:
        """napari's main window; never kept, for napari counts who holds it."""
        return self.viewer.window._qt_window

    def dock(self, title: str) -> Any:
        """The content of a dock, in front."""
        content = self.viewer.window.dock_widgets[title]
        content.parent().raise_()
        return content

    def at(self, dx: int = 0, dy: int = 0) -> QPoint:
        """A point of the canvas, from its middle."""
        return self.canvas.rect().center() + QPoint(dx, dy)

    def press(self, key: Any, modifier: Any = NO_MODIFIER) -> None:
        """A key on the picture, wherever the focus was."""
        QTest.keyClick(self.canvas, key, modifier)

    def key(self, key: Any, modifier: Any = NO_MODIFIER) -> None:
        """A key as a person presses it: it goes where the focus is."""
        QTest.keyClick(self.focused(), key, modifier)

    def focused(self) -> QWidget:
        """What gets the keys."""
        found = QApplication.focusWidget()
        return self.window if found is None else found  # an empty list is false

    def type(self, text: str) -> None:
        """Letters, where the focus is."""
        QTest.keyClicks(self.focused(), text)

    def click(self, widget: QWidget, at: QPoint | None = None) -> None:
        """The left button on a widget; a list gets it on its surface."""
        target = widget.viewport() if hasattr(widget, "viewport") else widget
        QTest.mouseClick(target, Qt.MouseButton.LeftButton, NO_MODIFIER, at or target.rect().center())

    def double_click(self, tree: Any, item: Any) -> None:
        """A double click on an item of a list."""
        tree.scrollToItem(item)
        place = tree.visualItemRect(item).center()
        self.click(tree, place)
        QTest.mouseDClick(tree.viewport(), Qt.MouseButton.LeftButton, NO_MODIFIER, place)

    def open_listed(self, name: str) -> None:
        """A double click on a case of the worklist, by the end of its name."""
        table = self.dock("Cases").list.table
        places = [table.model().index(row, 0) for row in range(table.model().rowCount())]
        found = next(place for place in places if place.data().endswith(name))
        table.scrollTo(found)
        at = table.visualRect(found).center()
        self.click(table, at)
        QTest.mouseDClick(table.viewport(), Qt.MouseButton.LeftButton, NO_MODIFIER, at)

    def move(self, dx: int, dy: int, held: Any = Qt.MouseButton.NoButton) -> None:
        """The mouse to a point of the canvas."""
        here = self.at(dx, dy)
        where = QPointF(here), QPointF(self.canvas.mapToGlobal(here))
        event = QMouseEvent(QEvent.Type.MouseMove, *where, Qt.MouseButton.NoButton, held, NO_MODIFIER)
        QApplication.sendEvent(self.canvas, event)
        QTest.qWait(20)

    def drag(self, button: Any, start: tuple[int, int], end: tuple[int, int]) -> None:
        """A stroke with a button held."""
        self.move(*start)
        QTest.mousePress(self.canvas, button, NO_MODIFIER, self.at(*start))
        self.move((start[0] + end[0]) // 2, (start[1] + end[1]) // 2, button)
        self.move(*end, button)
        QTest.qWait(60)  # napari hands on the last of quick moves a little later
        QTest.mouseRelease(self.canvas, button, NO_MODIFIER, self.at(*end))
