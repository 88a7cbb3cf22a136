"""Whether a dock's content is to be seen: a tab behind others counts as shown for Qt, only the dock knows better."""

from __future__ import annotations

from qtpy.QtCore import QEvent, QObject, Signal
from qtpy.QtWidgets import QDockWidget, QWidget


class InFront(QObject):
    """Follows the dock that holds a widget, whichever that is.

    Attributes
    ----------
    seen
        Whether the dock is in front of those it shares its place with.

    Signals
    -------
    changed
        `seen` is told anew.
    """

    changed = Signal(bool)

    def __init__(self, content: QWidget) -> None:
        super().__init__(content)
        self._dock: QDockWidget | None = None
        self.seen = False
        content.installEventFilter(self)

    def eventFilter(self, content: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Find the dock when the content is shown in it."""
        if event.type() == QEvent.Type.Show:
            dock = content.parent()
            if isinstance(dock, QDockWidget) and dock is not self._dock:
                self._dock = dock
                dock.visibilityChanged.connect(self._tell)
        return False

    def _tell(self, seen: bool) -> None:
        self.seen = seen
        self.changed.emit(seen)

    def stop(self) -> None:
        """Tell nothing any more: what would be told is going."""
        self.blockSignals(True)
