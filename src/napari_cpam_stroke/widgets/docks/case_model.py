"""The worklist as rows and columns for Qt: what is not there yet is blank until it is fetched."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt
from qtpy.QtGui import QFont

from napari_cpam_stroke.annotations import ListedCase
from napari_cpam_stroke.widgets.reading.case_list import Worklist
from napari_cpam_stroke.widgets.reading.case_words import COLUMNS, case_cells, cell_tip
from napari_cpam_stroke.widgets.reading.state import RoomState

NOWHERE = QModelIndex()
NUMBERS = ("slices", "uncertainty")
"""Columns that stand to the right."""

Role = Qt.ItemDataRole
SIDES = dict.fromkeys(NUMBERS, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)


class CaseModel(QAbstractTableModel):
    """All cases of the worklist, one a row, `COLUMNS` beside each other."""

    def __init__(self, state: RoomState, worklist: Worklist) -> None:
        super().__init__(worklist)
        self._state, self._worklist = state, worklist
        self._rows = worklist.total
        worklist.changed.connect(self._on_changed)
        worklist.fetched.connect(self._on_fetched)

    def rowCount(self, parent: QModelIndex = NOWHERE) -> int:  # noqa: N802 - Qt's name
        """Return how many cases there are."""
        return 0 if parent.isValid() else self._rows

    def columnCount(self, parent: QModelIndex = NOWHERE) -> int:  # noqa: N802 - Qt's name
        """Return how many columns there are, hidden ones too."""
        return 0 if parent.isValid() else len(COLUMNS)

    def data(self, index: QModelIndex, role: int = Role.DisplayRole) -> Any:
        """Return words, side, tooltip or type of a cell."""
        column = COLUMNS[index.column()].order
        if role == Role.TextAlignmentRole:
            return SIDES.get(column)
        if role not in {Role.DisplayRole, Role.ToolTipRole, Role.FontRole}:
            return None
        listed = self._worklist.row(index.row())
        if listed is None:
            return None
        if role == Role.FontRole:
            return self._type(listed)
        blinded = self._state.settings.values.blinded
        if role == Role.ToolTipRole:
            return cell_tip(listed, column, blinded=blinded)
        return case_cells(listed, blinded=blinded)[column]

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole) -> Any:  # noqa: N802
        """Return title or tooltip of a column."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        column = COLUMNS[section]
        if role == Role.ToolTipRole:
            return f"{column.tip}. A click puts the list in this order, another one turns it round."
        if role == Role.TextAlignmentRole:
            return SIDES.get(column.order, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        return column.title if role == Role.DisplayRole else None

    def _type(self, listed: ListedCase) -> QFont | None:
        """Return bold type for the case that is open."""
        review = self._state.review
        if review is None or listed.case.case_id != review.case_id:
            return None
        font = QFont()
        font.setBold(True)
        return font

    def _on_changed(self) -> None:
        """Grow or shrink at the end, so that what the reader looks at stays where it is."""
        before, now = self._rows, self._worklist.total
        if now > before:
            self.beginInsertRows(NOWHERE, before, now - 1)
            self._rows = now
            self.endInsertRows()
        elif now < before:
            self.beginRemoveRows(NOWHERE, now, before - 1)
            self._rows = now
            self.endRemoveRows()
        self._on_fetched(0, now)

    def _on_fetched(self, first: int, end: int) -> None:
        if end > first:
            self.dataChanged.emit(self.index(first, 0), self.index(end - 1, len(COLUMNS) - 1))
