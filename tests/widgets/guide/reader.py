"""Hands that follow the guide: menus, drops, dialogs, questions, the wheel, and what stands on the screen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from qtpy.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QTimer, QUrl
from qtpy.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent, QWheelEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QDialog, QFileDialog, QLineEdit, QMenu, QMessageBox, QPushButton, QWidget

from napari_cpam_stroke.widgets.viewer import compat

from ...hands import Hands  # noqa: TID252 - the tests are no installed package

LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
NONE, SHIFT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier
CTRL = Qt.KeyboardModifier.ControlModifier
OURS = "CPAM stroke"
EXPORT = "Export the case"
LOOK_MS = 50
NOTCH = 120
"""Of a wheel, in Qt's eighths of a degree."""
IN_BOX = QPoint(8, 8)
"""Where a check box has its box."""


class Reader(Hands):
    """A reader with the guide beside the keyboard."""

    def settle(self) -> None:
        """Let what runs in the background end, and its result come on the screen."""
        for _ in range(3):
            QTest.qWait(LOOK_MS)
            self.session.wait()

    def come_back(self) -> None:
        """To the main window, from one that has gone; a window manager does this by itself."""
        self.window.activateWindow()
        self.settle()

    def tick(self, box: QWidget) -> None:
        """A click on a check box, where its box is."""
        self.click(box, IN_BOX)

    def menu(self, *path: str) -> None:
        """An entry of napari's menu bar; our entries may leave their plugin's name out."""
        found = next((entry for here, entry in menu_entries(self.viewer).items() if _same(here, path)), None)
        assert found is not None, path
        assert found.isEnabled(), path
        found.trigger()
        QTest.qWait(2 * LOOK_MS)
        self.settle()

    def pick(self, words: str) -> None:
        """An entry of the menu that has just come up, by a click."""
        menu = QApplication.activePopupWidget()
        assert isinstance(menu, QMenu)
        entry = next(action for action in menu.actions() if action.text() == words)
        QTest.mouseClick(menu, LEFT, NONE, menu.actionGeometry(entry).center())
        self.come_back()

    def drop(self, *paths: Path, on: QWidget | None = None) -> None:
        """Files or folders dropped on a part of the window; on the picture where none is named.

        The events go to the window of the system, as those of a file manager do: Qt finds the part that takes them.
        """
        data, target, copy = QMimeData(), on or compat.canvas_part(self.viewer), Qt.DropAction.CopyAction
        data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
        at, system = (
            target.mapTo(self.window, target.visibleRegion().boundingRect().center()),
            self.window.windowHandle(),
        )
        enter, move = (kind(at, copy, data, LEFT, NONE) for kind in (QDragEnterEvent, QDragMoveEvent))
        enter.ignore()
        move.accept()  # as Qt does once the window has taken the drag
        for drag in (enter, move):
            QApplication.sendEvent(system, drag)
            assert drag.isAccepted(), f"Qt drops nowhere else: {type(drag).__name__}"
        QApplication.sendEvent(system, QDropEvent(QPointF(at), copy, data, LEFT, NONE, QEvent.Type.Drop))
        self.settle()

    def wheel(self, widget: QWidget, notches: int) -> None:
        """The wheel over the middle of a widget; positive is away from the hand."""
        at = widget.rect().center()
        for _ in range(abs(notches)):
            turn = QPoint(0, NOTCH if notches > 0 else -NOTCH)
            event = QWheelEvent(
                QPointF(at), QPointF(widget.mapToGlobal(at)), QPoint(), turn,
                Qt.MouseButton.NoButton, NONE, Qt.ScrollPhase.NoScrollPhase, False,
            )  # fmt: skip
            QApplication.sendEvent(widget, event)
        self.settle()

    def choose(self, combo: Any, words: str) -> None:
        """A line of a choice that begins with some words, by the mouse that opens it and the keys in its list."""
        wanted = next(place for place in range(combo.count()) if combo.itemText(place).startswith(words))
        self.click(combo)
        view = combo.view()
        QTest.keyClick(view, Qt.Key.Key_Home)
        for _ in range(wanted):
            QTest.keyClick(view, Qt.Key.Key_Down)
        QTest.keyClick(view, Qt.Key.Key_Return)
        self.come_back()

    def write(self, field: QLineEdit, text: str) -> None:
        """Text typed over what a field holds."""
        field.window().activateWindow()  # a window manager does this at the click
        self.click(field)
        field.setFocus()
        field.selectAll()
        QTest.keyClicks(field, text)

    @contextmanager
    def answering(self, words: str) -> Iterator[list[str]]:
        """Press a button of every question that comes up meanwhile; yields what was asked."""
        asked: list[str] = []

        def press(box: QDialog) -> None:
            if isinstance(box, QMessageBox):
                asked.append(box.text())
                QTest.mouseClick(_button(box, words), LEFT)

        with _at_dialogs(press):
            yield asked
            self.come_back()
        assert asked, "nothing was asked"

    @contextmanager
    def choosing(self, path: Path) -> Iterator[list[str]]:
        """Type a path into the file dialog that comes up meanwhile; yields what it was called."""
        called: list[str] = []

        def take(box: QDialog) -> None:
            if isinstance(box, QFileDialog):
                called.append(box.windowTitle())
                box.findChild(QLineEdit).setText(str(path))
                QTest.mouseClick(next(b for b in box.findChildren(QPushButton) if b.isDefault()), LEFT)

        with _at_dialogs(take):
            yield called
            self.come_back()
        assert called, "no dialog came up"

    @contextmanager
    def choosing_folder(self, folder: Path) -> Iterator[None]:
        """Fill in the form that exports, once it has come up."""
        yield
        QTest.qWait(LOOK_MS)
        form = next(
            each for each in QApplication.topLevelWidgets() if each.windowTitle() == EXPORT and each.isVisible()
        )
        field = form.findChild(QLineEdit)
        self.write(field, str(folder))
        self.click(next(each for each in form.findChildren(QPushButton) if each.text() == "Export"))
        self.come_back()


def menu_entries(viewer: Any) -> dict[tuple[str, ...], Any]:
    """Every entry of napari's menu bar by its path, the menus filled as when they are opened."""
    found: dict[tuple[str, ...], Any] = {}

    def walk(menu: Any, path: tuple[str, ...]) -> None:
        menu.aboutToShow.emit()
        for action in menu.actions():
            here = (*path, action.text().replace("&", ""))
            if action.menu() is None:
                found[here] = action
            else:
                walk(action.menu(), here)

    for action in viewer.window.main_menu.actions():
        walk(action.menu(), (action.text().replace("&", ""),))
    return found


def _same(here: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
    plain = tuple(words.removesuffix(f" ({OURS})").lower() for words in here)
    return plain == tuple(words.lower() for words in wanted)


def _button(box: QMessageBox, words: str) -> QPushButton:
    return next(button for button in box.buttons() if button.text().replace("&", "") == words)


@contextmanager
def _at_dialogs(does: Callable[[QDialog], None]) -> Iterator[None]:
    """Look for a dialog that waits for an answer, again and again."""

    def look() -> None:
        waiting = QApplication.activeModalWidget()
        if isinstance(waiting, QDialog):
            try:
                does(waiting)
            except Exception:
                waiting.close()  # else the test would wait for it for ever
                raise

    clock = QTimer()
    clock.timeout.connect(look)
    clock.start(LOOK_MS)
    yield
    clock.stop()
