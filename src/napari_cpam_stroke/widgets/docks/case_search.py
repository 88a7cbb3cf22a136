"""The worklist with what it is searched and filtered by, by mouse or by keys alone."""

from __future__ import annotations

from qtpy.QtCore import QEvent, QObject, Qt, QTimer, Signal
from qtpy.QtWidgets import QLabel, QLineEdit, QWidget

from napari_cpam_stroke.annotations.records import STATUSES
from napari_cpam_stroke.widgets.docks.case_table import CaseTable
from napari_cpam_stroke.widgets.parts.controls import button, check_box, column, drop_down, row, wrapped
from napari_cpam_stroke.widgets.reading.case_list import Worklist
from napari_cpam_stroke.widgets.reading.case_words import why_next
from napari_cpam_stroke.widgets.reading.state import RoomState

SEARCH_MS = 50
"""After the last letter, before the store is asked."""

SEARCH = "search the worklist"
SEARCH_TIP = "Words of name, source, series, reader or comment; down goes into the list"
ALL = "all"
INTO_LIST = (Qt.Key.Key_Down, Qt.Key.Key_PageDown)


class CaseSearch(QWidget):
    """Search line, filters, and the table of what they leave.

    Signals
    -------
    opened
        The store's name of the case that shall be opened.
    """

    opened = Signal(str)

    def __init__(self, state: RoomState, worklist: Worklist) -> None:
        super().__init__()
        self._state, self._worklist = state, worklist
        self.search = QLineEdit()
        self.search.setPlaceholderText(SEARCH)
        self.search.setAccessibleName("search the worklist")
        self.search.setToolTip(f"{SEARCH_TIP}  [Shift+L]")
        self.search.setClearButtonEnabled(True)
        self.search.installEventFilter(self)
        self.count = QLabel()
        self.status = drop_down([ALL, *STATUSES], "Show only this status")
        self.status.setAccessibleName("status")
        self.mine = check_box("mine", "Only cases assigned to me")
        self.take = button("take", "Assign the open case to me", self._take)
        self.table = CaseTable(state, worklist)
        self.why = wrapped("", name="why next")
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(SEARCH_MS)
        layout = column(
            self, row(self.search, self.count), row(self.status, self.mine, self.take), self.table, self.why, top=0
        )  # fmt: skip
        layout.setContentsMargins(0, 0, 0, 0)
        self._connect()
        self._show_count()
        self._show_why()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Lead from the search line down into the list."""
        if watched is self.search and event.type() == QEvent.Type.KeyPress and event.key() in INTO_LIST:
            self.table.enter()
            return True
        return False

    def begin_search(self) -> None:
        """Put the keys into the search line, over what was searched before."""
        self.search.setFocus()
        self.search.selectAll()

    def _connect(self) -> None:
        self.search.textChanged.connect(lambda _: self._typing.start())
        self._typing.timeout.connect(self._filter)
        self.status.currentTextChanged.connect(lambda _: self._filter())
        self.mine.clicked.connect(lambda _: self._filter())
        self.table.opened.connect(self.opened)
        self._worklist.changed.connect(self._show_count)
        for signal in (self._worklist.changed, self._worklist.fetched, self.table.selectionModel().currentRowChanged):
            signal.connect(self._show_why)

    def _filter(self) -> None:
        status = self.status.currentText()
        self._worklist.refresh(
            status=None if status == ALL else status,
            search=self.search.text(),
            reader=self._state.settings.values.author if self.mine.isChecked() else None,
        )

    def _take(self) -> None:
        self._worklist.assign(self._state.settings.values.author)

    def _show_why(self, *_: object) -> None:
        """In the order of what teaches most, say why of the current case, or of the first."""
        wanted = self._worklist.order[0] == "teaches"
        listed = self._worklist.row(max(self.table.currentIndex().row(), 0)) if wanted else None
        self.why.setVisible(listed is not None)
        if listed is not None:
            self.why.setText(why_next(listed, blinded=self._state.settings.values.blinded))

    def _show_count(self) -> None:
        number = self._worklist.total
        self.count.setText(f"{number:,} case{'' if number == 1 else 's'}" if self._worklist.known else "")
