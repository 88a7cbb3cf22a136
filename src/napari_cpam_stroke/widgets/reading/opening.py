"""Where a case comes from: a path, a series of it, or the worklist; slow parts in the background."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from napari_cpam_stroke.config import Window
from napari_cpam_stroke.core import CTVolume
from napari_cpam_stroke.widgets.parts.background import Cancelled, Job, Progress, Task

if TYPE_CHECKING:
    from napari_cpam_stroke.dicom import FolderReport, SeriesEntry

NO_SERIES = "No CT series found there; the Cases dock lists why each file was left out."


class Opener(QObject):
    """Finds and reads cases for one session; a later wish stops an earlier one.

    Signals
    -------
    scanned
        FolderReport of the path that was opened.
    pictured
        Thumbnails by series key.
    """

    scanned = Signal(object)
    pictured = Signal(object)

    def __init__(self, session: Any) -> None:
        super().__init__(session)
        self._session = session
        self.report: FolderReport | None = None
        self._job: Job | None = None

    def open_path(self, path: Path) -> None:
        """Scan a folder, DICOMDIR, zip or file and open the series it proposes."""

        def scan(progress: Progress, cancelled: Cancelled) -> FolderReport:
            from napari_cpam_stroke.dicom import scan_folder

            return scan_folder(path, progress=progress, cancelled=cancelled)

        self._start(f"Looking through {path.name}", scan, self._on_scanned)

    def open_entry(self, entry: SeriesEntry) -> None:
        """Open one series of the scanned path."""
        session = self._session
        if entry.verdict == "refused":
            session.warn(f"This series cannot be read: {' '.join(entry.reasons)}")
            return

        def read(progress: Progress, cancelled: Cancelled) -> tuple[CTVolume, Window | None]:
            from napari_cpam_stroke.dicom import read_series
            from napari_cpam_stroke.widgets.viewer.previews import header_window

            return read_series(entry, progress=progress, cancelled=cancelled), header_window(entry)

        if session.may_leave():
            self._start("Reading the series", read, lambda found: session.show(found[0], entry=entry, header=found[1]))

    def open_case(self, case_id: str) -> None:
        """Open a case of the worklist from the store."""
        session = self._session
        store = session.records.store()
        if store is not None and session.may_leave():
            self._start("Opening the case", lambda *_: store.read_volume(case_id), session.show)

    @property
    def running(self) -> bool:
        """Whether something is being opened, which `cancel` would stop."""
        return self._job is not None and self._job.running

    def cancel(self) -> None:
        """Stop opening."""
        if self._job is not None:
            self._job.cancel()

    def _start(self, text: str, task: Task, done: Callable[[Any], None]) -> None:
        self.cancel()
        self._job = self._session.start(text, task, done)
        self._session.job_changed.emit(text, 0, 0)

    def _on_scanned(self, report: FolderReport) -> None:
        self.report = report
        self.scanned.emit(report)
        if report.proposed is not None:
            self.open_entry(report.proposed)
        elif not report.series:
            self._session.warn(NO_SERIES)

        def fetch(_: Progress, cancelled: Cancelled) -> Any:
            from napari_cpam_stroke.widgets.viewer.previews import thumbnails

            return thumbnails(report.series, cancelled)

        Job(fetch, self._session).done.connect(self.pictured)
