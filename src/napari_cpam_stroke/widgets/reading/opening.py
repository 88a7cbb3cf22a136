"""Where a case comes from: a path, a series of it, or the worklist; slow parts in the background."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QObject, QTimer, Signal

from napari_cpam_stroke.core import CTVolume
from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.progress import Cancelled, Progress
from napari_cpam_stroke.widgets.parts.background import Job
from napari_cpam_stroke.widgets.reading.room_store import RoomStore
from napari_cpam_stroke.widgets.reading.state import RoomState
from napari_cpam_stroke.widgets.viewer.three_layers import ThreeLayers

if TYPE_CHECKING:
    from napari_cpam_stroke.dicom import FolderReport, SeriesEntry

NO_SERIES = "No CT series found there; the Cases dock lists why each file was left out"
NONE_FIT = "No series there is proposed for reading; the Cases dock lists each with its reason"

JOIN_MS = 300
"""Paths that follow each other faster belong together: no hand names two things so soon, and napari lets the window
live between two of many files."""

Result = TypeVar("Result")


@dataclass(frozen=True, eq=False)
class OpenedCase:
    """A volume, the series it was read from (None: the store), and its layers.

    The layers are in no viewer yet; None where those of the case before can show it.
    """

    volume: CTVolume
    entry: SeriesEntry | None = None
    layers: ThreeLayers | None = None


class Opener(QObject):
    """Finds and reads cases; a later wish stops an earlier one.

    Parameters
    ----------
    may_leave
        Asked before a case is read; False where the reader wants to stay with the open one.
    ahead
        Asked then for what shall be made of the volume in the background, after it was read.

    Attributes
    ----------
    report
        Of the path that was opened last.

    Signals
    -------
    scanned
        FolderReport of the path that was opened; None where it could not be looked through.
    pictured
        Thumbnails by series key: uint8 (Y, X).
    opened
        OpenedCase.
    failed
        Nothing could be opened: no case shall be open.
    """

    scanned = Signal(object)
    pictured = Signal(object)
    opened = Signal(object)
    failed = Signal()

    def __init__(
        self,
        state: RoomState,
        *,
        store: RoomStore,
        may_leave: Callable[[], bool],
        ahead: Callable[[], Callable[[CTVolume], ThreeLayers | None]] = lambda: lambda _: None,
    ) -> None:
        super().__init__(state)
        self._state, self._store, self._may_leave, self._ahead = state, store, may_leave, ahead
        self.report: FolderReport | None = None
        self._job: Job | None = None
        self._joined: list[Path] = []
        self._together = QTimer(self)
        self._together.setSingleShot(True)
        self._together.setInterval(JOIN_MS)
        self._together.timeout.connect(self._joined.clear)

    def open_path(self, path: Path) -> None:
        """Scan a folder, DICOMDIR, zip or file and open the series it proposes."""
        self.open_paths([path])

    def open_paths(self, paths: Sequence[Path]) -> None:
        """Scan several paths together and open the series they propose; a slice stands for its series."""
        named = list(paths)

        def scan(progress: Progress, cancelled: Cancelled) -> FolderReport:
            from napari_cpam_stroke.dicom import scan_paths

            return scan_paths(named, progress=progress, cancelled=cancelled)

        self._start(
            f"Looking through {named[0].name}", scan, self._on_scanned, lambda error: self._give_up(error, forget=True)
        )

    def join_paths(self, paths: Sequence[Path]) -> None:
        """Open paths together with those named just before: what is opened at once, napari hands on one by one."""
        self._joined += paths
        self._together.start()
        self.open_paths(self._joined)

    def open_entry(self, entry: SeriesEntry) -> None:
        """Open one series of the scanned path."""
        if entry.verdict == "refused":
            self._give_up(InputError(f"This series cannot be read: {' '.join(entry.reasons).rstrip('.')}"))
            return
        ahead = self._ahead()

        def read(progress: Progress, cancelled: Cancelled) -> OpenedCase:
            from napari_cpam_stroke.dicom import read_series

            volume = read_series(entry, progress=progress, cancelled=cancelled)
            return OpenedCase(volume, entry, ahead(volume))

        if self._may_leave():
            self._start("Reading the series", read, self.opened.emit, self._give_up)

    def open_case(self, case_id: str) -> None:
        """Open a case of the worklist from the store."""
        store = self._store.open()
        if store is None or not self._may_leave():
            return
        ahead = self._ahead()

        def read(*_: object) -> OpenedCase:
            volume = store.read_volume(case_id)
            return OpenedCase(volume, layers=ahead(volume))

        def failed(error: Exception) -> None:
            self._give_up(error)
            if self._state.review is None:
                self._state.case_id = case_id  # the worklist goes on from here, not to the same case again

        self._start("Opening the case", read, self.opened.emit, failed)

    @property
    def running(self) -> bool:
        """Whether something is being opened, which `cancel` would stop."""
        return self._job is not None and self._job.running

    def cancel(self) -> None:
        """Stop opening."""
        if self._job is not None:
            self._job.cancel()

    def _start(
        self,
        text: str,
        task: Callable[[Progress, Cancelled], Result],
        done: Callable[[Result], object],
        failed: Callable[[Exception], object],
    ) -> None:
        self.cancel()
        self._job = self._state.start(text, task, done, failed)
        self._state.job_changed.emit(text, 0, 0)

    def _give_up(self, error: Exception, *, forget: bool = False) -> None:
        """Empty the room, unless the reader stays with unsaved work, and say why nothing could be opened."""
        if self._may_leave():
            if forget:
                self.report = None
                self.scanned.emit(None)
            self.failed.emit()
        self._state.fail(error)

    def _on_scanned(self, report: FolderReport) -> None:
        self.report = report
        self.scanned.emit(report)
        if report.proposed is not None:
            self.open_entry(report.proposed)
        else:
            self._give_up(InputError(NONE_FIT if report.series else NO_SERIES))

        def fetch(_: Progress, cancelled: Cancelled) -> dict[str, NDArray[np.uint8]]:
            from napari_cpam_stroke.widgets.viewer.previews import thumbnails

            return thumbnails(report.series, cancelled)

        Job(fetch, self._state).done.connect(self.pictured)
