"""Read the pixels of a series into one int16 volume on its native frames."""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing, nullcontext
from pathlib import Path
from threading import Event, Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_cpam_stroke.core import CTVolume, Notice, NoticeCode, SourceFrame, VolumeGeometry
from napari_cpam_stroke.core.hounsfield_check import value_notices
from napari_cpam_stroke.core.notice import warning
from napari_cpam_stroke.dicom.file.elements import DEFLATED
from napari_cpam_stroke.dicom.file.encapsulated import Encapsulated, locate_frames, read_frame
from napari_cpam_stroke.dicom.file.frame_header import FrameHeader
from napari_cpam_stroke.dicom.file.open_bytes import OpenFiles
from napari_cpam_stroke.dicom.file.sources import ByteSource, UnreadableError
from napari_cpam_stroke.dicom.file.syntaxes import UNCOMPRESSED
from napari_cpam_stroke.dicom.headers.plain import plain_text
from napari_cpam_stroke.dicom.pixels.decode import DecodeWorkers
from napari_cpam_stroke.dicom.pixels.hounsfield import stored_to_hu
from napari_cpam_stroke.dicom.series.series_entry import SeriesEntry
from napari_cpam_stroke.errors import CancelledError, SeriesError
from napari_cpam_stroke.progress import Cancelled, Progress

MAX_THREADS = 4
"""Slices read or decoded at once."""


def read_series(
    entry: SeriesEntry,
    *,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
    workers: DecodeWorkers | None = None,
) -> CTVolume:
    """Return the HU of a series, slices ascending along their normal, nothing resampled.

    Parameters
    ----------
    entry
        From `scan_folder`; ready or view_only.
    progress
        Called with slices done and slices in all, from the calling thread.
    cancelled
        Asked between slices.
    workers
        Decoding processes to use again for many compressed series; otherwise they are started and stopped here.

    Raises
    ------
    SeriesError
        If the series was refused, or a file cannot be read or decoded; the file is named.
    CancelledError
        If `cancelled` said so.
    """
    if entry.verdict == "refused":
        raise SeriesError("This series cannot be read as a volume", got=" ".join(entry.reasons).rstrip("."))
    hu = np.empty((entry.slices, *entry.matrix), dtype=np.int16)
    with OpenFiles() as files, nullcontext(workers) if workers else DecodeWorkers() as decoders:
        reading = _Reading(hu, files, decoders, cancelled or (lambda: False))
        cut = reading.run(entry.frames, progress)
    return CTVolume(
        hu=hu,
        geometry=entry.geometry,
        case_id=entry.key,
        patient_id=entry.patient_id,
        notices=(*entry.notices, *reading.notices(entry.notices), *_content_warnings(hu, entry.geometry, cut=cut)),
        acquisition=entry.acquisition,
        pixels_lossy=entry.lossy,
        source=tuple(SourceFrame(f.path, f.sop_instance_uid, f.frame_number) for f in entry.frames),
    )


class _Reading:
    """One series on its way from files into the array."""

    def __init__(self, hu: NDArray[np.int16], files: OpenFiles, workers: DecodeWorkers, cancelled: Cancelled) -> None:
        self._hu, self._files, self._workers, self._cancelled = hu, files, workers, cancelled
        self._fragments: dict[Path, Encapsulated] = {}
        self._lock, self._stop = Lock(), Event()

    def run(self, frames: Sequence[FrameHeader], progress: Progress | None) -> bool:
        """Fill the array; return whether some value did not fit 16 bits."""
        jobs = _jobs(frames)
        done, cut = 0, False
        with ThreadPoolExecutor(max_workers=min(MAX_THREADS, os.cpu_count() or 1, len(jobs))) as threads:
            waiting = [threads.submit(self._job, job) for job in jobs]
            try:
                for future in as_completed(waiting):
                    cut |= future.result()
                    done += 1
                    self._check_cancelled()
                    if progress is not None:
                        progress(done * len(frames) // len(jobs), len(frames))
            except BaseException:
                self._stop.set()
                threads.shutdown(wait=False, cancel_futures=True)
                raise
        return cut

    def notices(self, said: Sequence[Notice]) -> list[Notice]:
        """Return what reading found that the scan could not see, each once."""
        found = dict.fromkeys(notice for each in self._fragments.values() for notice in each.notices)
        return [notice for notice in found if notice not in said]

    def _check_cancelled(self) -> None:
        if self._cancelled():
            raise CancelledError("Reading the series was stopped")

    def _job(self, job: list[tuple[int, FrameHeader]]) -> bool:
        """Read frames of one file; return whether some value did not fit."""
        frame = job[0][1]
        try:
            with closing(self._files.pixels(frame, _end_of(frame))) as source:
                cut = False
                for z, each in job:
                    cut |= not self._stop.is_set() and self._frame(z, each, source)
                return cut
        except UnreadableError as error:
            raise SeriesError(
                f"The file {plain_text(frame.path.name)} of this series cannot be read",
                got=error,
                remedy="fetch the series again, or take this file away and open the rest",
            ) from error

    def _frame(self, z: int, frame: FrameHeader, source: ByteSource) -> bool:
        if frame.pixels.transfer_syntax in UNCOMPRESSED:
            _copy_plain(self._hu[z], frame, source)
        else:
            fragments = self._located(frame, source).frames[frame.frame_number - 1]
            pattern = self._workers.decode(read_frame(source, fragments), frame.pixels)
            self._hu[z] = pattern.view(np.int16)
        return stored_to_hu(self._hu[z], frame.pixels, lossy=frame.lossy)

    def _located(self, frame: FrameHeader, source: ByteSource) -> Encapsulated:
        with self._lock:
            if frame.path not in self._fragments:
                self._fragments[frame.path] = locate_frames(source, frame.pixels)
            return self._fragments[frame.path]


def _jobs(frames: Sequence[FrameHeader]) -> list[list[tuple[int, FrameHeader]]]:
    """Return (slice, frame) pairs read together: one frame, or all of a file that can only be read from its start."""
    jobs: dict[object, list[tuple[int, FrameHeader]]] = defaultdict(list)
    folders = {folder for folder in {frame.path.parent for frame in frames} if folder.is_dir()}
    for z, frame in enumerate(frames):
        streamed = frame.pixels.transfer_syntax == DEFLATED or frame.path.parent not in folders
        jobs[frame.path if streamed else z].append((z, frame))
    return list(jobs.values())


def _end_of(frame: FrameHeader) -> int:
    """Return the last byte of a file's pixels that may be asked for."""
    pixels = frame.pixels
    return pixels.offset + (pixels.frame_bytes * pixels.frames if pixels.length is None else pixels.length)


def _copy_plain(target: NDArray[np.int16], frame: FrameHeader, source: ByteSource) -> None:
    """Read uncompressed values straight into the volume, in this machine's byte order."""
    pixels = frame.pixels
    offset = pixels.offset + (frame.frame_number - 1) * pixels.frame_bytes
    narrow = pixels.allocated == 8
    values: NDArray[Any] = np.empty(target.shape, dtype=np.uint8) if narrow else target
    if source.read_into(offset, values.data.cast("B")) != pixels.frame_bytes:
        raise UnreadableError("its pixel data are cut short")
    if narrow:
        target[...] = values
    elif pixels.little_endian != (sys.byteorder == "little"):
        target.byteswap(inplace=True)


def _content_warnings(hu: NDArray[np.int16], geometry: VolumeGeometry | None, *, cut: bool) -> list[Notice]:
    """Return what is odd about the HU (Z, Y, X); `cut`: some values were beyond 16 bits."""
    beyond = "Some values were beyond 16 bits and were cut off."
    return [*([warning(NoticeCode.VALUES_CUT_OFF, beyond)] if cut else []), *value_notices(hu, geometry)]
