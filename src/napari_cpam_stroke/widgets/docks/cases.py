"""The Cases dock: open a folder, its series with verdict and reasons, and the worklist of the store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QIcon
from qtpy.QtWidgets import (
    QDockWidget,
    QFileDialog,
    QListWidget,
    QListWidgetItem,
    QProgressBar,
    QSizePolicy,
    QWidget,
)

from napari_cpam_stroke.dicom import is_mask
from napari_cpam_stroke.widgets.docks.case_search import CaseSearch
from napari_cpam_stroke.widgets.docks.draft_list import DraftList
from napari_cpam_stroke.widgets.parts.controls import button, grey_pixmap, keep_place, row, scroll_column, wrapped
from napari_cpam_stroke.widgets.parts.key_return import KeyReturn
from napari_cpam_stroke.widgets.reading.case_words import report_sentence, series_facts, series_line
from napari_cpam_stroke.widgets.reading.session import ReviewSession

if TYPE_CHECKING:
    from napari_cpam_stroke.dicom import FolderReport, SeriesEntry

MOST_REJECTED = 50
"""Files left out that are listed one by one."""

FILE_TIP = "A zip, a DICOMDIR or one DICOM file; with a case open also a mask of it, SEG or NIfTI"
NOTHING_OPENED = "Open a folder, or drop one on the window."
ENTRY = int(Qt.ItemDataRole.UserRole)


class CasesDock(QWidget):
    """Where a case comes from."""

    def __init__(self, session: ReviewSession) -> None:
        super().__init__()
        self._session = session
        self.open_folder = button("Open folder...", "A folder with DICOM files", self.ask_for_folder, key="Shift+O")
        self.open_file = button("File...", FILE_TIP, self.ask_for_file)
        self.drafts = DraftList(session.left_drafts)
        self.list = CaseSearch(session, session.worklist)
        self.series = _series_list()
        self._standing = NOTHING_OPENED
        self.message = wrapped(self._standing, name="message")
        self.progress = QProgressBar()
        self.cancel = button("Cancel", "Stop opening", session.opener.cancel)
        for part in (self.progress, self.cancel):
            keep_place(part)
        scroll_column(
            self, row(self.open_folder, self.open_file), self.drafts, self.list, self.series, self.message,
            row(self.progress, self.cancel),
        )  # fmt: skip
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        KeyReturn(self, session.picture)
        self._connect()
        self._show_job("", 0, 0)
        self._show_series(session.opener.report)
        session.worklist.refresh()
        session.left_drafts.look()

    def ask_for_folder(self) -> None:
        """Let the reader choose a folder."""
        start = self._session.settings.values.last_folder
        chosen = QFileDialog.getExistingDirectory(self, "Open folder as head CT", start)
        if chosen:
            self._open(chosen)

    def ask_for_file(self) -> None:
        """Let the reader choose a zip, DICOMDIR or file; a mask is offered for the open case."""
        start = self._session.settings.values.last_folder
        chosen, _ = QFileDialog.getOpenFileName(self, "Open as head CT, or a mask of the open case", start)
        if chosen and is_mask(Path(chosen)):
            self._session.mask_wanted.emit(Path(chosen))
        elif chosen:
            self._open(chosen)

    def _connect(self) -> None:
        session = self._session
        self.list.opened.connect(session.open_case)
        self.series.itemActivated.connect(self._open_series)
        session.opener.scanned.connect(self._show_series)
        session.opener.pictured.connect(self._show_thumbnails)
        session.job_changed.connect(self._show_job)
        session.said.connect(self._say)
        session.case_opened.connect(self._mark_open)
        session.case_closed.connect(self._mark_open)
        session.folder_wanted.connect(self.ask_for_folder)
        session.list_wanted.connect(self._begin_search)

    def _say(self, text: str) -> None:
        self.message.setText(text or self._standing)

    def _open(self, path: str) -> None:
        self._session.settings.change(last_folder=str(Path(path).parent))
        self._session.open_path(path)

    def _begin_search(self) -> None:
        """Bring the dock to the front and put the keys into its search line."""
        dock = self.parentWidget()
        if isinstance(dock, QDockWidget):
            dock.show()
            dock.raise_()
        self.list.begin_search()

    def _open_series(self, item: QListWidgetItem) -> None:
        entry = item.data(ENTRY)
        if entry is not None:
            self._session.opener.open_entry(entry)

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
        self.series.setVisible(self.series.count() > 0)
        self._mark_open()

    def _show_thumbnails(self, pictures: dict[str, NDArray[np.uint8]]) -> None:
        for place in range(self.series.count()):
            item = self.series.item(place)
            entry = item.data(ENTRY)
            if entry is not None and entry.key in pictures:
                item.setIcon(QIcon(grey_pixmap(pictures[entry.key])))

    def _mark_open(self) -> None:
        entry = self._session.entry
        self.series.setCurrentItem(None)
        for place in range(self.series.count()):
            item = self.series.item(place)
            self.series.setCurrentItem(item) if entry is not None and item.data(ENTRY) is entry else None

    def _show_job(self, text: str, done: int, total: int) -> None:
        busy = bool(text)
        self.progress.setVisible(busy)
        self.cancel.setVisible(busy and self._session.opener.running)
        self.progress.setRange(0, total)
        self.progress.setValue(done)
        self.progress.setFormat(text)


def _series_list() -> QListWidget:
    found = QListWidget()
    found.setAccessibleName("series of the folder")
    found.setToolTip("Series of the opened folder; double-click opens one")
    found.setMinimumHeight(50)
    found.setMaximumHeight(130)
    found.setWordWrap(True)
    found.setIconSize(QSize(40, 40))
    return found


def _series_item(entry: SeriesEntry) -> QListWidgetItem:
    item = QListWidgetItem(series_line(entry))
    item.setData(ENTRY, entry)
    item.setToolTip(series_facts(entry))
    return item
