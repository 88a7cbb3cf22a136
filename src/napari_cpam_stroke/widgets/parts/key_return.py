"""Keys go back to the picture once a field of a dock is done with, and letters never stay in a list."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import QEvent, QObject, Qt, QTimer
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import QAbstractItemView, QAbstractSlider, QAbstractSpinBox, QComboBox, QLineEdit, QWidget

FIELDS = (QLineEdit, QAbstractSpinBox, QComboBox, QAbstractSlider, QAbstractItemView)
"""Parts that take the focus when a hand is on them."""

DONE = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Escape)
"""Keys that end the work in a field."""

CHORD = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier


class KeyReturn(QObject):
    """Watches the fields of a dock.

    Return and Esc give the focus back to the picture, after the field has taken Return its own way; so does a word that
    was chosen. A letter pressed in a list is a key of the room, not a search in the list.

    Parameters
    ----------
    dock
        With its fields in it.
    picture
        Returns what takes the keys then; None without a window.
    """

    def __init__(self, dock: QWidget, picture: Callable[[], QWidget | None]) -> None:
        super().__init__(dock)
        self._picture = picture
        for kind in FIELDS:
            for field in dock.findChildren(kind):
                field.installEventFilter(self)
        for choice in dock.findChildren(QComboBox):
            choice.activated.connect(lambda _: self.give_back())

    def give_back(self) -> None:
        """Give the focus to the picture."""
        picture = self._picture()
        if picture is not None:
            picture.setFocus()
            return
        focused = self.parent().focusWidget()
        if focused is not None:
            focused.clearFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """End the work in a field, or pass a letter on; nothing else is touched."""
        if event.type() != QEvent.Type.KeyPress:
            return False
        if event.key() in DONE:
            return self._end(watched, event)
        if isinstance(watched, QAbstractItemView) and _is_letter(event):
            event.ignore()
            return True
        return False

    def _end(self, field: QObject, event: QKeyEvent) -> bool:
        """Give the focus back; a list and a choice still see Return, which opens what is marked."""
        entered = event.key() != Qt.Key.Key_Escape
        if entered and isinstance(field, QAbstractItemView | QComboBox):
            QTimer.singleShot(0, self.give_back)
            return False
        if entered and isinstance(field, QLineEdit):
            field.returnPressed.emit()
        self.give_back()
        return True


def _is_letter(event: QKeyEvent) -> bool:
    """Whether a key is a printable sign without Ctrl, Alt or Meta; the space bar marks an item and stays."""
    return event.text().isprintable() and bool(event.text().strip()) and not event.modifiers() & CHORD
