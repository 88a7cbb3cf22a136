"""Decode compressed frames in worker processes: a hostile file can end a worker, never the viewer."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event, Thread
from time import monotonic
from typing import Self

import numpy as np
import psutil
from numpy.typing import NDArray

from napari_cpam_stroke.dicom.file.codestream import check_codestream
from napari_cpam_stroke.dicom.file.frame_header import PixelFormat
from napari_cpam_stroke.dicom.file.limits import DECODE_SECONDS, WATCH_SECONDS, WORKER_MEMORY_BYTES
from napari_cpam_stroke.dicom.file.sources import UnreadableError
from napari_cpam_stroke.dicom.file.syntaxes import CODECS, Codec
from napari_cpam_stroke.dicom.pixels.decode_worker import ANSWER, MAX_MESSAGE_BYTES, REQUEST
from napari_cpam_stroke.plain_line import plain_line

WORKER_PROGRAM = Path(__file__).with_name("decode_worker.py")
"""What a worker process runs."""


class DecodeWorkers:
    """Worker processes, started as they are needed and stopped together; safe to use from several threads."""

    def __init__(self, program: Path = WORKER_PROGRAM) -> None:
        self._program = program
        self._idle: SimpleQueue[_Worker] = SimpleQueue()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        while True:
            try:
                self._idle.get_nowait().stop()
            except Empty:
                return

    def decode(self, data: bytes, pixels: PixelFormat) -> NDArray[np.uint16]:
        """Return one compressed frame as (Y, X) bit patterns.

        Raises
        ------
        UnreadableError
            If the frame is damaged, lies about its size, or its worker died or took too long.
        """
        codec = CODECS[pixels.transfer_syntax]
        check_codestream(data, pixels)
        try:
            worker = self._idle.get_nowait()
        except Empty:
            worker = _Worker(self._program)
        try:
            return worker.decode(codec, data, pixels)
        finally:
            if worker.alive:
                self._idle.put(worker)


class _Worker:
    def __init__(self, program: Path) -> None:
        paths = os.pathsep.join(path for path in sys.path if path)
        self._process = subprocess.Popen(  # noqa: S603  our own interpreter and file
            [sys.executable, "-P", str(program), str(WORKER_MEMORY_BYTES)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"},
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def decode(self, codec: Codec, data: bytes, pixels: PixelFormat) -> NDArray[np.uint16]:
        try:
            with _watched(self._process):
                return self._ask(codec, data, pixels)
        except (OSError, EOFError) as error:
            self.stop()
            raise UnreadableError("decoding it ended the decoding process; the file is damaged or hostile") from error

    def stop(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _ask(self, codec: Codec, data: bytes, pixels: PixelFormat) -> NDArray[np.uint16]:
        requests, answers = self._process.stdin, self._process.stdout
        if requests is None or answers is None:
            raise EOFError
        head = (codec.encode(), pixels.rows, pixels.columns, pixels.allocated, pixels.signed, len(data))
        requests.write(REQUEST.pack(*head) + data)
        requests.flush()
        answer = answers.read(ANSWER.size)
        if len(answer) < ANSWER.size:
            raise EOFError
        good, length = ANSWER.unpack(answer)
        size = 2 * pixels.rows * pixels.columns
        if length != size if good else length > MAX_MESSAGE_BYTES:
            raise EOFError
        payload = answers.read(length)
        if len(payload) < length:
            raise EOFError
        if not good:
            raise UnreadableError(f"it cannot be decoded ({plain_line(payload.decode(errors='replace'))})")
        return np.frombuffer(payload, dtype="<u2").reshape(pixels.rows, pixels.columns)


@contextmanager
def _watched(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """End a worker that takes too long or too much memory over what is done inside.

    Linux holds a worker to its memory by itself (`decode_worker.limit_memory`); macOS and Windows do not.
    """
    done = Event()
    watch = Thread(target=_end_when_over, args=(process, done), daemon=True)
    watch.start()
    try:
        yield
    finally:
        done.set()
        watch.join()


def _end_when_over(process: subprocess.Popen[bytes], done: Event) -> None:
    until = monotonic() + DECODE_SECONDS
    while not done.wait(WATCH_SECONDS):
        if monotonic() > until or _resident_bytes(process.pid) > WORKER_MEMORY_BYTES:
            process.kill()
            process.wait()
            return


def _resident_bytes(pid: int) -> int:
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return 0
