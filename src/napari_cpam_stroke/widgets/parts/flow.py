"""Parts side by side that go on in a further line where the width ends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from qtpy.QtCore import QPoint, QRect, QSize, Qt
from qtpy.QtWidgets import QLayout, QLayoutItem, QWidget

GAP = 4
"""Pixels between two parts, and between two lines."""


class Flow(QLayout):
    """A layout that folds; the parts of a line share its middle, and those that want more take what is left of it."""

    def __init__(self, *parts: QWidget | QLayout, gap: int = GAP) -> None:
        super().__init__()
        self._items: list[QLayoutItem] = []
        self.setSpacing(gap)
        self.setContentsMargins(0, 0, 0, 0)
        for part in parts:
            self.addWidget(_held(part) if isinstance(part, QLayout) else part)

    def addItem(self, item: QLayoutItem | None) -> None:  # noqa: N802 - Qt's name
        """Take a part in, at the end."""
        if item is not None:
            self._items.append(item)

    def count(self) -> int:
        """Return the number of parts."""
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:  # noqa: N802 - Qt's name
        """Return a part, or None where there is none."""
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:  # noqa: N802 - Qt's name
        """Let go of a part."""
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:  # noqa: N802 - Qt's name
        """Return that only more width is of use."""
        return Qt.Orientation.Horizontal

    def hasHeightForWidth(self) -> bool:  # noqa: N802 - Qt's name
        """Return that a narrow flow is high."""
        return True

    def heightForWidth(self, width: int) -> int:  # noqa: N802 - Qt's name
        """Return the height of all lines, in pixels."""
        lines = self._lines(width)
        return sum(map(_height, lines)) + self.spacing() * max(len(lines) - 1, 0)

    def minimumSize(self) -> QSize:  # noqa: N802 - Qt's name
        """Return the room of the widest part: every part on a line of its own is the worst that can be."""
        least = QSize()
        for item in self._shown():
            least = least.expandedTo(item.minimumSize())
        return least

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return the room of all parts in one line."""
        shown = list(self._shown())
        width = sum(item.sizeHint().width() for item in shown) + self.spacing() * max(len(shown) - 1, 0)
        return QSize(width, _height(shown))

    def setGeometry(self, rect: QRect) -> None:  # noqa: N802 - Qt's name
        """Lay the parts out, line by line."""
        super().setGeometry(rect)
        top = rect.y()
        for line in self._lines(rect.width()):
            self._set_line(line, QRect(rect.x(), top, rect.width(), _height(line)))
            top += _height(line) + self.spacing()

    def _set_line(self, line: Sequence[QLayoutItem], rect: QRect) -> None:
        widths = [min(item.sizeHint().width(), rect.width()) for item in line]
        growing = [place for place, item in enumerate(line) if item.expandingDirections() & Qt.Orientation.Horizontal]
        left = rect.width() - sum(widths) - self.spacing() * (len(line) - 1)
        for place in growing:
            widths[place] += left // len(growing)
        x = rect.x()
        for item, width in zip(line, widths, strict=True):
            height = item.sizeHint().height()
            item.setGeometry(QRect(QPoint(x, rect.y() + (rect.height() - height) // 2), QSize(width, height)))
            x += width + self.spacing()

    def _lines(self, width: int) -> list[list[QLayoutItem]]:
        lines: list[list[QLayoutItem]] = []
        end = 0
        for item in self._shown():
            needed = item.sizeHint().width()
            if not lines or end + self.spacing() + needed > width:
                lines.append([])
                end = -self.spacing()
            lines[-1].append(item)
            end += self.spacing() + needed
        return lines

    def _shown(self) -> Iterator[QLayoutItem]:
        return (item for item in self._items if not item.isEmpty())


def _height(line: Sequence[QLayoutItem]) -> int:
    return max((item.sizeHint().height() for item in line), default=0)


def _held(layout: QLayout) -> QWidget:
    """Return a widget that keeps the parts of a layout together in one line."""
    holder = QWidget()
    holder.setLayout(layout)
    return holder
