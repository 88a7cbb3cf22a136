"""A list's place in a layout: it takes the height that is left, and no more is kept for it than it needs at least."""

from __future__ import annotations

from qtpy.QtCore import QSize
from qtpy.QtWidgets import QAbstractItemView, QBoxLayout, QWidgetItem


class ListItem(QWidgetItem):
    """Asks for the minimum height of a list, which scrolls by itself, instead of the height Qt gives every list."""

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return Qt's width and the least height."""
        return QSize(super().sizeHint().width(), self.minimumSize().height())


def add_list(layout: QBoxLayout, view: QAbstractItemView) -> None:
    """Put a list at the end of a layout."""
    layout.addChildWidget(view)
    layout.addItem(ListItem(view))
    layout.setStretch(layout.count() - 1, 1)
