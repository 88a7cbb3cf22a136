"""List the regular files below a folder: links are not followed, pipes and devices are not touched."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from napari_cpam_stroke.core.notice import Notice, NoticeCode, refusal
from napari_cpam_stroke.dicom.file.limits import MAX_FILES, MAX_FOLDER_DEPTH
from napari_cpam_stroke.dicom.series.rejected_file import RejectedFile

Found = tuple[Path, tuple[int, int]]
"""A file with its size in bytes and its time of change in ns."""


def walk_files(folder: Path) -> tuple[list[Found], list[RejectedFile]]:
    """Return the regular files below `folder`, sorted by path, and everything that was passed over."""
    files: list[Found] = []
    rejected: list[RejectedFile] = []
    for item in _walk(folder, 0):
        if isinstance(item, RejectedFile):
            rejected.append(item)
        elif len(files) < MAX_FILES:
            files.append(item)
        else:
            rejected.append(_too_much(folder, f"the folder holds more than {MAX_FILES} files; the rest was left out"))
            break
    return sorted(files), rejected


def file_stamp(path: Path) -> tuple[int, int]:
    """Return size and time of change of a file."""
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def _walk(folder: Path, depth: int) -> Iterator[Found | RejectedFile]:
    if depth > MAX_FOLDER_DEPTH:
        yield _too_much(folder, f"more than {MAX_FOLDER_DEPTH} folders deep")
        return
    below = []
    try:
        with os.scandir(folder) as listing:
            for item in listing:
                path = Path(item.path)
                status = item.stat(follow_symlinks=False)
                if stat.S_ISDIR(status.st_mode):
                    below.append(path)
                elif stat.S_ISREG(status.st_mode):
                    yield path, (status.st_size, status.st_mtime_ns)
                else:
                    yield RejectedFile(path, _kind(status.st_mode))
    except OSError as error:
        yield RejectedFile(folder, refusal(NoticeCode.CANNOT_BE_OPENED, f"cannot be opened ({error.strerror})"))
    for path in below:
        yield from _walk(path, depth + 1)


def _too_much(folder: Path, sentence: str) -> RejectedFile:
    return RejectedFile(folder, refusal(NoticeCode.OVER_LIMIT, sentence))


def _kind(mode: int) -> Notice:
    if stat.S_ISLNK(mode):
        return refusal(NoticeCode.LINK_NOT_FOLLOWED, "a link; links are not followed")
    return refusal(NoticeCode.NOT_A_REGULAR_FILE, "a pipe, socket or device, not a file")
