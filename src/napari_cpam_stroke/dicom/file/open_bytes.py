"""Open the file or archive member that a frame came from, if it is still the one that was scanned."""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import Self

from napari_cpam_stroke.core.notice import NoticeCode
from napari_cpam_stroke.dicom.file.archive import Archive, split_archive_path
from napari_cpam_stroke.dicom.file.elements import DEFLATED, read_header
from napari_cpam_stroke.dicom.file.frame_header import FrameHeader
from napari_cpam_stroke.dicom.file.sources import ByteSource, FileSource, UnreadableError, inflate


class OpenFiles:
    """Gives the bytes in which a frame's pixel offset counts; keeps archives open until closed."""

    def __init__(self) -> None:
        self._archives: dict[Path, Archive] = {}
        self._lock = Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for archive in self._archives.values():
            archive.close()

    def open(self, path: Path, *, limit: int, stamp: tuple[int, int] | None = None) -> ByteSource:
        """Return the bytes of a file or archive member, at most `limit` of a member.

        Raises
        ------
        UnreadableError
            If it cannot be opened or is not what it was when `stamp` was taken.
        """
        inside = split_archive_path(path)
        if inside is None:
            source = FileSource(path)
            found = (source.size, source.stamp)
            if stamp not in (None, found):
                source.close()
                raise UnreadableError("has changed since the scan", NoticeCode.CHANGED_SINCE_SCAN)
            return source
        archive = self._archive(inside[0])
        if stamp not in (None, archive.stamp(inside[1])):
            raise UnreadableError("has changed since the scan", NoticeCode.CHANGED_SINCE_SCAN)
        return archive.open(inside[1], limit)

    def pixels(self, frame: FrameHeader, end: int) -> ByteSource:
        """Return the bytes in which `frame.pixels.offset` counts, up to `end`: inflated if the data set is deflated."""
        deflated = frame.pixels.transfer_syntax == DEFLATED
        source = self.open(frame.path, limit=max(end, frame.stamp[0]), stamp=frame.stamp)
        if not deflated:
            return source
        return inflate(source, read_header(source, frozenset()).data_set_at, end)

    def _archive(self, path: Path) -> Archive:
        with self._lock:
            if path not in self._archives:
                self._archives[path] = Archive(path)
            return self._archives[path]
