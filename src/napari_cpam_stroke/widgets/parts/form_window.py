"""A form of magicgui as a window of its own, in front of the one it was asked for in."""

from __future__ import annotations

from typing import Any

from magicgui.widgets import FunctionGui
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QShortcut, QWidget


def show_form(form: FunctionGui[..., Any], parent: QWidget, *, title: str) -> None:
    """Show a form as a window that stays in front of the parent's and leaves it usable; Esc closes it."""
    native: QWidget = form.native
    if native.findChild(QShortcut) is None:
        QShortcut(Qt.Key.Key_Escape, native, native.close)
    native.setParent(parent.window(), Qt.WindowType.Dialog)
    native.setWindowTitle(title)
    native.show()
    native.raise_()
