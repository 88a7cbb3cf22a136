"""Headers of files already read in this program: a second scan of the same files reads none of them again."""

from __future__ import annotations

import time
from collections import OrderedDict
from pathlib import Path
from threading import Lock

from napari_cpam_stroke.dicom.file.frame_header import FrameHeader
from napari_cpam_stroke.dicom.file.sources import UnreadableError
from napari_cpam_stroke.dicom.headers.pseudonym import Pseudonyms

MAX_CACHED_FILES = 20_000
"""Files remembered; the oldest are forgotten first. In memory only, and without any patient field."""

FRESH_NS = 100_000_000
"""A file changed within this time may change again without a new time of change (clocks of file systems are coarse)."""

Result = tuple[FrameHeader, ...] | UnreadableError
_Key = tuple[str, tuple[int, int], str]


class HeaderCache:
    """Results by path, size, time of change and pseudonym key."""

    def __init__(self, size: int = MAX_CACHED_FILES) -> None:
        self._size = size
        self._known: OrderedDict[_Key, Result] = OrderedDict()
        self._lock = Lock()

    def get(self, path: Path, stamp: tuple[int, int], pseudonyms: Pseudonyms) -> Result | None:
        """Return what was read of a file that has not changed since, or None."""
        with self._lock:
            return self._known.get((str(path), stamp, pseudonyms.fingerprint))

    def put(self, path: Path, stamp: tuple[int, int], pseudonyms: Pseudonyms, result: Result) -> None:
        """Remember what was read of a file, unless it was written so recently that its time may stay the same."""
        with self._lock:
            if stamp[1] > time.time_ns() - FRESH_NS:
                return
            self._known[str(path), stamp, pseudonyms.fingerprint] = result
            while len(self._known) > self._size:
                self._known.popitem(last=False)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._known.clear()
