"""A label whose place does not change with its text."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QSize
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import QLabel


class SteadyLabel(QLabel):
    """Shows one of some texts, and has room for the longest of them from the start."""

    def __init__(self, text: str, longest_of: Sequence[str]) -> None:
        super().__init__(text)
        self._texts = tuple(longest_of)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return the room of the longest text in the font it has now."""
        metrics = self.fontMetrics()
        now, longest = (max(map(metrics.horizontalAdvance, texts)) for texts in ([self.text()], self._texts))
        own = super().sizeHint()
        return own + QSize(max(longest - now, 0), 0)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return the same: it is never cut."""
        return self.sizeHint()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        """Ask for the room again: the font of the window's style is known only now."""
        super().showEvent(event)
        self.updateGeometry()
