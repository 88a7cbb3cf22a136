"""A label whose place does not change with its text."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QSize
from qtpy.QtWidgets import QLabel


class SteadyLabel(QLabel):
    """Shows one of some texts, and has room for the longest of them from the start."""

    def __init__(self, text: str, longest_of: Sequence[str]) -> None:
        super().__init__(text)
        self._texts = tuple(longest_of)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return the room of the longest text in the font it has now."""
        metrics = self.fontMetrics()
        longest = max(metrics.horizontalAdvance(text) for text in self._texts)
        return super().sizeHint().expandedTo(QSize(longest, 0))

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return the same: it is never cut."""
        return self.sizeHint()
