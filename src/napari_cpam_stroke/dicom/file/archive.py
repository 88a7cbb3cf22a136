"""Read DICOM files inside a zip archive where they are: nothing is ever unpacked to disk."""

from __future__ import annotations

import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Self

from napari_cpam_stroke.core.notice import NoticeCode
from napari_cpam_stroke.dicom.file.limits import (
    ARCHIVE_RATIO_FROM_BYTES,
    MAX_ARCHIVE_BYTES,
    MAX_ARCHIVE_DIRECTORY_BYTES,
    MAX_ARCHIVE_MEMBERS,
    MAX_ARCHIVE_RATIO,
)
from napari_cpam_stroke.dicom.file.sources import FileSource, StreamSource, UnreadableError

_END, _END_BYTES, _LONGEST_COMMENT = b"PK\x05\x06", 22, 65_535
_LOCATOR, _LOCATOR_BYTES, _END_64_BYTES = b"PK\x06\x07", 20, 56
_ENCRYPTED = 0x1
_PACKERS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2)
"""Not LZMA: a member says itself how much memory its unpacking takes, up to 4 GB."""

_DAMAGED = (zipfile.BadZipFile, OSError, EOFError, ValueError, RuntimeError, NotImplementedError, KeyError)


class MemberSource(StreamSource):
    """Bytes of one member, unpacked as they are asked for and never beyond the size the archive promises."""

    def __init__(self, archive: zipfile.ZipFile, member: zipfile.ZipInfo, limit: int) -> None:
        try:
            file = archive.open(member)
        except _DAMAGED as error:
            raise UnreadableError("cannot be unpacked", NoticeCode.ARCHIVE_DAMAGED) from error
        self.size = member.file_size

        def more(length: int) -> bytes:
            try:
                return file.read(length)
            except (*_DAMAGED, zlib.error) as error:
                raise UnreadableError("is damaged inside the archive", NoticeCode.ARCHIVE_DAMAGED) from error

        super().__init__(more, limit, file.close)

    def has(self, end: int) -> bool:
        """Whether there are at least `end` bytes, by the archive's word; reading finds out."""
        return end <= self.size


class Archive:
    """A zip archive that was checked before anything in it is read.

    Raises
    ------
    UnreadableError
        If it is damaged, encrypted, a bomb, or holds a name or link that leads out of it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._changed = _check_directory_size(path)
        try:
            self._zip = zipfile.ZipFile(path)
        except _DAMAGED as error:
            raise UnreadableError("a damaged zip archive", NoticeCode.ARCHIVE_DAMAGED) from error
        try:
            self._members = _checked(self._zip.infolist())
        except UnreadableError:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def names(self) -> list[str]:
        """Names of the files inside, sorted."""
        return sorted(self._members)

    def stamp(self, name: str) -> tuple[int, int]:
        """Return the unpacked size of a member, and a number that changes with the member and with the archive."""
        member = self._members[name]
        return member.file_size, self._changed ^ member.CRC

    def open(self, name: str, limit: int) -> MemberSource:
        """Return the bytes of a member, at most `limit` of them."""
        if name not in self._members:
            raise UnreadableError("is no longer in the archive", NoticeCode.CHANGED_SINCE_SCAN)
        return MemberSource(self._zip, self._members[name], limit)

    def close(self) -> None:
        """Close the archive."""
        self._zip.close()


def is_archive(source: FileSource) -> bool:
    """Whether a file begins like a zip archive."""
    return source.read(0, 4) in (b"PK\x03\x04", b"PK\x05\x06")


def split_archive_path(path: Path) -> tuple[Path, str] | None:
    """Return (archive, member) for a path that leads into an archive, or None for a plain file."""
    if path.parent.is_dir():
        return None
    for parent in path.parents:
        if parent.is_file():
            return parent, path.relative_to(parent).as_posix()
    return None


def _checked(members: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    """Return the files by clean name, after judging names, links, encryption and sizes."""
    if len(members) > MAX_ARCHIVE_MEMBERS:
        raise UnreadableError(f"a zip archive of more than {MAX_ARCHIVE_MEMBERS} files", NoticeCode.OVER_LIMIT)
    files: dict[str, zipfile.ZipInfo] = {}
    for member in members:
        _check_member(member)
        if not member.filename.endswith("/"):
            name = str(PurePosixPath(member.filename))
            if name in files:
                raise UnreadableError("a zip archive with two files of one name", NoticeCode.ARCHIVE_UNSAFE)
            files[name] = member
    unpacked, packed = sum(m.file_size for m in members), sum(m.compress_size for m in members)
    if unpacked > MAX_ARCHIVE_BYTES:
        raise UnreadableError(
            f"a zip archive that unpacks to more than {MAX_ARCHIVE_BYTES // 2**30} GB", NoticeCode.OVER_LIMIT
        )
    if unpacked > ARCHIVE_RATIO_FROM_BYTES and unpacked > MAX_ARCHIVE_RATIO * max(packed, 1):
        raise UnreadableError("a zip bomb: it unpacks to more than a hundred times its size", NoticeCode.ARCHIVE_UNSAFE)
    return files


def _check_member(member: zipfile.ZipInfo) -> None:
    name = member.orig_filename.replace("\\", "/")
    windows = PureWindowsPath(name)
    if "\0" in name or name.startswith("/") or windows.drive or ".." in PurePosixPath(name).parts:
        raise UnreadableError("a zip archive holding a path that leads outside it", NoticeCode.ARCHIVE_UNSAFE)
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind and not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)):
        raise UnreadableError("a zip archive holding a link or a device", NoticeCode.ARCHIVE_UNSAFE)
    if member.flag_bits & _ENCRYPTED:
        raise UnreadableError("an encrypted zip archive; unpack it first", NoticeCode.ARCHIVE_UNSUPPORTED)
    if member.compress_type not in _PACKERS:
        raise UnreadableError("a zip archive packed in a way that is not supported", NoticeCode.ARCHIVE_UNSUPPORTED)


def _check_directory_size(path: Path) -> int:
    """Refuse an archive whose table of contents is too long to parse; Python would read all of it first.

    Returns
    -------
    The archive's time of change in ns.
    """
    source = FileSource(path)
    try:
        tail_at = max(0, source.size - _END_BYTES - _LONGEST_COMMENT)
        tail = source.read(tail_at, source.size - tail_at)
        at = tail.rfind(_END)
        if at < 0 or len(tail) - at < _END_BYTES:
            raise UnreadableError("a damaged zip archive", NoticeCode.ARCHIVE_DAMAGED)
        length = int.from_bytes(tail[at + 12 : at + 16], "little")
        locator = tail[max(0, at - _LOCATOR_BYTES) : at]
        if length == 0xFFFFFFFF and locator.startswith(_LOCATOR):
            record = source.read(int.from_bytes(locator[8:16], "little"), _END_64_BYTES)
            length = int.from_bytes(record[40:48], "little")
    except OverflowError as error:
        raise UnreadableError("a damaged zip archive", NoticeCode.ARCHIVE_DAMAGED) from error
    finally:
        source.close()
    if length > MAX_ARCHIVE_DIRECTORY_BYTES:
        raise UnreadableError("a zip archive with an endless table of contents", NoticeCode.OVER_LIMIT)
    return source.stamp
