"""The Cases dock: open a folder, its series with verdict and reasons, and the worklist of the store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QSize, Qt, QTimer
from qtpy.QtGui import QIcon
from qtpy.QtWidgets import (
    QAbstractItemView,
    QFileDialog,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QProgressBar,
    QSizePolicy,
    QTreeWidget,
    QTreeWidgetItem,
    QWidget,
)

from napari_cpam_stroke.annotations import CaseRecord
from napari_cpam_stroke.annotations.queries import ORDERS
from napari_cpam_stroke.annotations.records import STATUSES
from napari_cpam_stroke.widgets.parts.controls import (
    button,
    check_box,
    drop_down,
    grey_pixmap,
    keep_place,
    row,
    scroll_column,
    wrapped,
)
from napari_cpam_stroke.widgets.parts.key_return import KeyReturn
from napari_cpam_stroke.widgets.reading.case_words import (
    case_cells,
    case_facts,
    report_sentence,
    series_facts,
    series_line,
)
from napari_cpam_stroke.widgets.reading.session import ReviewSession

if TYPE_CHECKING:
    from napari_cpam_stroke.dicom import FolderReport, SeriesEntry

MOST_REJECTED = 50
"""Files left out that are listed one by one."""

SEARCH_MS = 250
SEARCH = "search the worklist"
ALL = "all"
NOTHING_OPENED = "Open a folder, or drop one on the window."
ENTRY = int(Qt.ItemDataRole.UserRole)


class CasesDock(QWidget):
    """Where a case comes from."""

    def __init__(self, session: ReviewSession) -> None:
        super().__init__()
        self._session = session
        self.open_folder = button("Open folder...", "A folder with DICOM files", self.ask_for_folder, key="Shift+O")
        self.open_file = button("File...", "A zip, a DICOMDIR or one DICOM file", self.ask_for_file)
        self.search = QLineEdit()
        self.search.setPlaceholderText(SEARCH)
        self.search.setClearButtonEnabled(True)
        self.mine = check_box("mine", "Only cases assigned to me")
        self.take = button("take", "Assign the open case to me", self._take)
        self.status, self.order = drop_down([ALL, *STATUSES], "Show only this status"), drop_down(ORDERS, "Order")
        self.order.setCurrentText("newest")
        self.worklist = _worklist()
        self.series = _series_list()
        self._standing = NOTHING_OPENED
        self.message = wrapped(self._standing, name="message")
        self.progress = QProgressBar()
        self.cancel = button("Cancel", "Stop opening", session.opener.cancel)
        for part in (self.progress, self.cancel):
            keep_place(part)
        scroll_column(
            self, row(self.open_folder, self.open_file), row(self.search, self.mine, self.take),
            row(self.status, self.order), self.worklist, self.series, self.message, row(self.progress, self.cancel),
        )  # fmt: skip
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(SEARCH_MS)
        KeyReturn(self, session.picture)
        self._connect()
        self._show_job("", 0, 0)
        self._show_cases(session.worklist.cases)
        if session.opener.report is not None:
            self._show_series(session.opener.report)
        session.worklist.refresh()

    def ask_for_folder(self) -> None:
        """Let the reader choose a folder."""
        start = self._session.settings.values.last_folder
        chosen = QFileDialog.getExistingDirectory(self, "Open folder as head CT", start)
        if chosen:
            self._open(chosen)

    def ask_for_file(self) -> None:
        """Let the reader choose a zip, DICOMDIR or file."""
        start = self._session.settings.values.last_folder
        chosen, _ = QFileDialog.getOpenFileName(self, "Open as head CT", start)
        if chosen:
            self._open(chosen)

    def _connect(self) -> None:
        session = self._session
        self.search.textChanged.connect(lambda _: self._typing.start())
        self._typing.timeout.connect(self._filter)
        self.status.currentTextChanged.connect(lambda _: self._filter())
        self.order.currentTextChanged.connect(lambda _: self._filter())
        self.mine.clicked.connect(lambda _: self._filter())
        self.worklist.itemActivated.connect(self._open_case)
        self.series.itemActivated.connect(self._open_series)
        session.opener.scanned.connect(self._show_series)
        session.opener.pictured.connect(self._show_thumbnails)
        session.worklist.changed.connect(self._show_cases)
        session.job_changed.connect(self._show_job)
        session.said.connect(self._say)
        session.case_opened.connect(self._mark_open)
        session.case_closed.connect(self._mark_open)
        session.folder_wanted.connect(self.ask_for_folder)

    def _say(self, text: str) -> None:
        self.message.setText(text or self._standing)

    def _open(self, path: str) -> None:
        self._session.settings.change(last_folder=str(Path(path).parent))
        self._session.open_path(path)

    def _filter(self) -> None:
        status = self.status.currentText()
        self._session.worklist.refresh(
            status=None if status == ALL else status,
            search=self.search.text(),
            order=self.order.currentText(),
            reader=self._session.settings.values.author if self.mine.isChecked() else None,
        )

    def _take(self) -> None:
        self._session.worklist.assign(self._session.settings.values.author)

    def _open_case(self, item: QTreeWidgetItem, _: int = 0) -> None:
        self._session.open_case(item.data(0, ENTRY))

    def _open_series(self, item: QListWidgetItem) -> None:
        entry = item.data(ENTRY)
        if entry is not None:
            self._session.opener.open_entry(entry)

    def _show_cases(self, cases: list[CaseRecord]) -> None:
        self.worklist.clear()
        blinded = self._session.settings.values.blinded
        for case in cases:
            self.worklist.addTopLevelItem(_case_item(case, blinded=blinded))
        listed = self._session.worklist
        self.search.setPlaceholderText(SEARCH if listed.whole else f"{listed.shown}; search for others")
        self._mark_open()

    def _show_series(self, report: FolderReport | None) -> None:
        self.series.clear()
        self._standing = NOTHING_OPENED if report is None else report_sentence(report)
        self.message.setText(self._standing)
        for entry in () if report is None else report.series:
            self.series.addItem(_series_item(entry))
        for file in () if report is None else report.rejected[:MOST_REJECTED]:
            item = QListWidgetItem(f"\u2715 {Path(str(file.path)).name}: {file.reason}")
            item.setFlags(Qt.ItemFlag.NoItemFlags)
            self.series.addItem(item)
        self._mark_open()

    def _show_thumbnails(self, pictures: dict[str, NDArray[np.uint8]]) -> None:
        for place in range(self.series.count()):
            item = self.series.item(place)
            entry = item.data(ENTRY)
            if entry is not None and entry.key in pictures:
                item.setIcon(QIcon(grey_pixmap(pictures[entry.key])))

    def _mark_open(self) -> None:
        review, entry = self._session.review, self._session.entry
        for found in (self.series, self.worklist):
            found.setCurrentItem(None)
        for place in range(self.series.count()):
            item = self.series.item(place)
            self.series.setCurrentItem(item) if entry is not None and item.data(ENTRY) is entry else None
        for place in range(self.worklist.topLevelItemCount()):
            item = self.worklist.topLevelItem(place)
            if review is not None and item.data(0, ENTRY) == review.volume.case_id:
                self.worklist.setCurrentItem(item)

    def _show_job(self, text: str, done: int, total: int) -> None:
        busy = bool(text)
        self.progress.setVisible(busy)
        self.cancel.setVisible(busy and self._session.opener.running)
        self.progress.setRange(0, total)
        self.progress.setValue(done)
        self.progress.setFormat(text)


def _worklist() -> QTreeWidget:
    tree = QTreeWidget()
    tree.setHeaderLabels(["case", "suspicion", "status"])
    tree.setRootIsDecorated(False)
    tree.setUniformRowHeights(True)
    tree.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    tree.setToolTip("Worklist; double-click opens a case, N opens the next unread one")
    tree.setColumnWidth(0, 128)
    tree.setColumnWidth(1, 76)
    tree.setMinimumHeight(60)
    return tree


def _series_list() -> QListWidget:
    found = QListWidget()
    found.setToolTip("Series of the opened folder; double-click opens one")
    found.setMinimumHeight(50)
    found.setMaximumHeight(130)
    found.setWordWrap(True)
    found.setIconSize(QSize(40, 40))
    return found


def _case_item(case: CaseRecord, *, blinded: bool) -> QTreeWidgetItem:
    item = QTreeWidgetItem(list(case_cells(case, blinded=blinded)))
    item.setData(0, ENTRY, case.case_id)
    item.setToolTip(0, case_facts(case))
    return item


def _series_item(entry: SeriesEntry) -> QListWidgetItem:
    item = QListWidgetItem(series_line(entry))
    item.setData(ENTRY, entry)
    item.setToolTip(series_facts(entry))
    return item
