"""The table of cases: in order by a click or a key, with the columns there is room for or those the reader chose."""

from __future__ import annotations

from functools import partial

from qtpy.QtCore import QEvent, QModelIndex, QPoint, Qt, Signal
from qtpy.QtGui import QKeyEvent, QResizeEvent
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QMenu,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
)

from napari_cpam_stroke.annotations.wanted import ListOrder
from napari_cpam_stroke.widgets.docks.case_model import CaseModel
from napari_cpam_stroke.widgets.reading.case_list import Worklist
from napari_cpam_stroke.widgets.reading.case_words import COLUMNS, FIRST_COLUMNS
from napari_cpam_stroke.widgets.reading.state import RoomState

NAMES = tuple(column.order for column in COLUMNS)
SIDE = 6
"""Pixels left and right of the words of a cell."""
ARROW = 14
"""Pixels for the arrow of the order in a column's head."""
ROOM = 3
"""Pixels above and below a line."""
STEPS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
AS_MANY_AS_FIT = "As many as fit"
TEACHES: ListOrder = "teaches"
"""The order that tells what to read next: in reach also where there is no room for its column otherwise."""
TEACHES_MOST = "What teaches the model most first"
TIP = "Return or a double click opens a case; left and right change the order, the space bar turns it round"


class EndsFirst(QStyledItemDelegate):
    """Cells whose end is left out where there is no room for all."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex) -> None:  # noqa: N802 - Qt's name
        """Set how the words are cut."""
        super().initStyleOption(option, index)
        option.textElideMode = Qt.TextElideMode.ElideRight


class CaseTable(QTableView):
    """The worklist.

    Signals
    -------
    opened
        The store's name of the case that shall be opened.
    """

    opened = Signal(str)

    def __init__(self, state: RoomState, worklist: Worklist) -> None:
        super().__init__()
        self._state, self._worklist = state, worklist
        self._widest: ListOrder = "id"
        self.setModel(CaseModel(state, worklist))
        self._dress()
        self._connect()
        self.show_order()
        self.fit()

    def shown_columns(self) -> tuple[ListOrder, ...]:
        """Return the names of the columns that are to be seen."""
        return tuple(name for place, name in enumerate(NAMES) if not self.isColumnHidden(place))

    def sort(self, name: ListOrder) -> None:
        """Put the list in order by a column; the one it is in order by: the other way round."""
        now, descending = self._worklist.order
        if name == now:
            self._worklist.refresh(order=name, descending=not descending)
        else:
            self._worklist.refresh(order=name)
        self.show_order()
        self.scrollToTop()

    def enter(self) -> None:
        """Put the keys into the list, on its first case where none is the current one."""
        self.setFocus()
        if not self.currentIndex().isValid():
            self.setCurrentIndex(self._at(0))

    def show_order(self) -> None:
        """Show the arrow at the column that the list is in order by."""
        name, descending = self._worklist.order
        turned = Qt.SortOrder.DescendingOrder if descending else Qt.SortOrder.AscendingOrder
        self.horizontalHeader().setSortIndicator(NAMES.index(name), turned)
        if (name == TEACHES) != (self._widest == TEACHES):
            self.fit()

    def choose(self, name: ListOrder, *, on: bool) -> None:
        """Show a column or hide it, from now on."""
        shown = set(self.shown_columns()) | {name} if on else set(self.shown_columns()) - {name}
        self._state.settings.change(worklist_columns=tuple(each for each in NAMES if each in shown))
        self.fit()

    def choose_fitting(self) -> None:
        """Show as many columns as there is room for, from now on."""
        self._state.settings.change(worklist_columns=())
        self.fit()

    def fit(self) -> None:
        """Show the columns that are wanted, each as wide as it needs.

        What is left over the name of the case takes; in the order of what teaches most, the reasons do.
        """
        widths = {column.order: self._width(column.widest, column.title) for column in COLUMNS}
        chosen = self._state.settings.values.worklist_columns
        wanted = [name for name in NAMES if name in chosen] or self._fitting(widths)
        if self._worklist.order[0] == TEACHES and TEACHES not in wanted:
            wanted.append(TEACHES)
        for place, name in enumerate(NAMES):
            self.setColumnHidden(place, name not in wanted)
            self.setColumnWidth(place, widths[name])
        self._widest = TEACHES if self._worklist.order[0] == TEACHES else "id"
        left = self.viewport().width() - sum(widths[name] for name in wanted if name != self._widest)
        self.setColumnWidth(NAMES.index(self._widest), max(left, widths[self._widest]))

    def columns_menu(self) -> QMenu:
        """Return the menu of the columns."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for column in COLUMNS:
            entry = menu.addAction(column.title)
            entry.setCheckable(True)
            entry.setChecked(column.order in self.shown_columns())
            entry.setEnabled(column.order != "id")
            entry.triggered.connect(partial(self._on_entry, column.order))
        menu.addSeparator()
        menu.addAction(AS_MANY_AS_FIT, self.choose_fitting)
        menu.addAction(TEACHES_MOST, lambda: self.sort(TEACHES))
        return menu

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        """Go to either end, change the order with left, right and the space bar; all else is Qt's."""
        orders = tuple(name for name in NAMES if name in {*self.shown_columns(), TEACHES})
        now, _ = self._worklist.order
        if event.key() == Qt.Key.Key_Space:
            self.sort(now)
        elif event.key() in STEPS:
            here = orders.index(now) if now in orders else -STEPS[event.key()]
            self.sort(orders[(here + STEPS[event.key()]) % len(orders)])
        elif event.key() in {Qt.Key.Key_Home, Qt.Key.Key_End}:
            last = self.model().rowCount() - 1
            self.setCurrentIndex(self._at(0 if event.key() == Qt.Key.Key_Home else last))
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Use the new width."""
        super().resizeEvent(event)
        self.fit()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """Measure again with another type."""
        super().changeEvent(event)
        if event.type() in {QEvent.Type.FontChange, QEvent.Type.StyleChange}:
            self._measure()

    def _dress(self) -> None:
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setItemDelegateForColumn(NAMES.index(TEACHES), EndsFirst(self))
        self.setMinimumHeight(60)
        self.setToolTip(TIP)
        self.setAccessibleName("Worklist")
        lines, head = self.verticalHeader(), self.horizontalHeader()
        lines.hide()
        lines.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        head.setSectionsClickable(True)
        head.setSortIndicatorShown(True)
        head.setHighlightSections(False)
        head.setMinimumSectionSize(20)
        head.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self._measure()

    def _measure(self) -> None:
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 2 * ROOM)

    def _connect(self) -> None:
        head = self.horizontalHeader()
        head.sectionClicked.connect(lambda place: self.sort(NAMES[place]))
        head.customContextMenuRequested.connect(self._show_menu)
        self.activated.connect(lambda index: self._open(index.row()))
        self.selectionModel().currentRowChanged.connect(lambda now, _: self._on_current(now.row()))
        self.verticalScrollBar().valueChanged.connect(lambda _: self._on_scroll())
        self._worklist.changed.connect(self._on_changed)
        self._worklist.sought.connect(lambda place: self.scrollTo(self._at(place)))
        self._worklist.fetched.connect(lambda *_: self._on_current(self.currentIndex().row()))

    def _width(self, words: str, title: str) -> int:
        metrics = self.fontMetrics()
        return max(metrics.horizontalAdvance(words) + 2 * SIDE, metrics.horizontalAdvance(title) + SIDE + ARROW)

    def _fitting(self, widths: dict[ListOrder, int]) -> list[ListOrder]:
        """Return the columns that there is room for, the first one always."""
        room, found = self.viewport().width(), FIRST_COLUMNS[:1]
        for name in FIRST_COLUMNS[1:]:
            if sum(widths[each] for each in (*found, name)) > room:
                break
            found = (*found, name)
        return list(found)

    def _open(self, place: int) -> None:
        listed = self._worklist.row(place)
        if listed is not None:
            self.opened.emit(listed.case.case_id)

    def _on_entry(self, name: ListOrder, on: bool) -> None:
        self.choose(name, on=on)

    def _show_menu(self, at: QPoint) -> None:
        self.columns_menu().popup(self.horizontalHeader().mapToGlobal(at))

    def _on_current(self, place: int) -> None:
        if place >= 0:
            self._worklist.mark(place)

    def _on_scroll(self) -> None:
        self._worklist.look_at(max(self.rowAt(0), 0))

    def _on_changed(self) -> None:
        """Keep the current case the current one, wherever it stands now, and what the reader sees where it is."""
        self.show_order()
        place = self._worklist.place
        self.setAutoScroll(False)
        if place is None:
            self.setCurrentIndex(self.model().index(-1, -1))
            self.clearSelection()
        elif place != self.currentIndex().row():
            self.setCurrentIndex(self._at(place))
        self.setAutoScroll(True)

    def _at(self, place: int) -> QModelIndex:
        return self.model().index(place, NAMES.index("id"))
