"""Bytes by offset: from a regular file, from a member of a zip archive, or from a deflated data set."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from napari_cpam_stroke.core.notice import Notice, NoticeCode, refusal
from napari_cpam_stroke.dicom.file.limits import HEADER_BLOCK_BYTES
from napari_cpam_stroke.files import NOT_REGULAR, open_regular
from napari_cpam_stroke.plain_line import plain_line


class UnreadableError(Exception):
    """A file that is set aside; the text says why in plain words, the code for programs."""

    def __init__(self, reason: str, code: NoticeCode = NoticeCode.FILE_DAMAGED) -> None:
        super().__init__(plain_line(reason))
        self.code = code

    @property
    def notice(self) -> Notice:
        """Why the file is set aside."""
        return refusal(self.code, str(self))


class ByteSource(Protocol):
    """Something that gives bytes by offset; a read beyond the end gives fewer."""

    def read(self, offset: int, length: int) -> bytes:
        """Return up to `length` bytes from `offset`."""

    def read_into(self, offset: int, target: memoryview) -> int:
        """Fill `target` from `offset` and return how many bytes there were."""

    def has(self, end: int) -> bool:
        """Whether there are at least `end` bytes."""

    def close(self) -> None:
        """Let go of the file."""


class FileSource:
    """A regular file; links, pipes and devices are refused and never waited for."""

    def __init__(self, path: Path) -> None:
        try:
            self._file = open_regular(path)
        except OSError as error:
            if error.strerror == NOT_REGULAR:
                raise UnreadableError("not a regular file", NoticeCode.NOT_A_REGULAR_FILE) from error
            raise UnreadableError(f"cannot be opened ({error.strerror})", NoticeCode.CANNOT_BE_OPENED) from error
        status = os.fstat(self._file)
        self.size = status.st_size
        self.stamp = status.st_mtime_ns
        self._head: bytes | None = None

    def read(self, offset: int, length: int) -> bytes:
        """Return up to `length` bytes from `offset`; the beginning of the file is read once and kept."""
        if offset + length <= HEADER_BLOCK_BYTES:
            if self._head is None:
                os.lseek(self._file, 0, os.SEEK_SET)
                self._head = os.read(self._file, HEADER_BLOCK_BYTES)
            return self._head[offset : offset + length]
        os.lseek(self._file, offset, os.SEEK_SET)
        return os.read(self._file, length)

    def read_into(self, offset: int, target: memoryview) -> int:
        """Fill `target` from `offset` and return how many bytes there were."""
        done = 0
        with os.fdopen(self._file, "rb", buffering=0, closefd=False) as file:
            file.seek(offset)
            while done < len(target) and (got := file.readinto(target[done:])):
                done += got
        return done

    def has(self, end: int) -> bool:
        """Whether there are at least `end` bytes."""
        return end <= self.size

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)


class StreamSource:
    """Bytes that only come in order, kept as far as they were read; never more than `limit`.

    Parameters
    ----------
    more
        Returns up to n more bytes; empty at the end.
    limit
        Bytes that may be taken; beyond, `UnreadableError` is raised.
    """

    def __init__(self, more: Callable[[int], bytes], limit: int, close: Callable[[], None] | None = None) -> None:
        self._more, self._limit, self._close = more, limit, close
        self._kept = bytearray()
        self._ended = False

    def read(self, offset: int, length: int) -> bytes:
        """Return up to `length` bytes from `offset`."""
        self._fill(offset + length)
        return bytes(self._kept[offset : offset + length])

    def read_into(self, offset: int, target: memoryview) -> int:
        """Fill `target` from `offset` and return how many bytes there were."""
        self._fill(offset + len(target))
        part = memoryview(self._kept)[offset : offset + len(target)]
        target[: len(part)] = part
        return len(part)

    def has(self, end: int) -> bool:
        """Whether there are at least `end` bytes; reads up to there."""
        return self._fill(end)

    def close(self) -> None:
        """Let go of what is behind the stream."""
        if self._close is not None:
            self._close()

    def _fill(self, end: int) -> bool:
        while len(self._kept) < end and not self._ended:
            if len(self._kept) >= self._limit:
                raise UnreadableError(f"holds more than the {self._limit // 2**20} MB it may", NoticeCode.OVER_LIMIT)
            part = self._more(min(max(end - len(self._kept), HEADER_BLOCK_BYTES), self._limit - len(self._kept)))
            self._ended = not part
            self._kept += part
        return len(self._kept) >= end


def inflate(source: ByteSource, start: int, limit: int) -> StreamSource:
    """Return the bytes of a deflated data set that begins at `start`, inflated only as far as they are asked for."""
    engine = zlib.decompressobj(-zlib.MAX_WBITS)
    place = start

    def more(length: int) -> bytes:
        nonlocal place
        while not engine.eof:
            packed = engine.unconsumed_tail
            if not packed:
                packed = source.read(place, HEADER_BLOCK_BYTES)
                place += len(packed)
            if not packed:
                return b""
            try:
                part = engine.decompress(packed, length)
            except zlib.error as error:
                raise UnreadableError("the deflated data set is damaged") from error
            if part:
                return part
        return b""

    return StreamSource(more, limit, source.close)
