"""Files and folders that are there whole or not at all and, where that is asked for, survive a power cut.

Everything is written beside its target under a name that marks it as unfinished, and takes its own name at the end.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import shutil
import stat
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, Literal
from uuid import uuid4

UNFINISHED_PREFIX, UNFINISHED_SUFFIX = ".tmp-", ".part"
"""Around the name of what is not finished; left behind only by a crash."""

OLD_SUFFIX = ".old"
"""After the prefix and a folder's name, while its successor takes that name."""

AT_WORKING_FOLDER, EXCHANGE = -100, 2
"""Of Linux's `renameat2`: paths that are not absolute begin there; both names are given at once."""

SYNC_THREADS = 4
"""Waiting for the disk releases the interpreter, so a few threads help."""

SURE_FOLDERS: set[Path] = set()
"""Folders whose own name this program knows to be on the disk."""

NOT_REGULAR = "it is not a regular file"

MOST_TEXT_BYTES = 2**28
"""Of a text that is read whole; a data set's outlines may lie in one."""

Content = str | bytes | Callable[[BinaryIO], object]
"""What a file will hold: text (UTF-8), bytes, or a function that writes into the open file."""

FileExisting = Literal["replace", "keep"]
"""What to do with a file of that name: put the new one in its place, or leave it."""

FolderExisting = Literal["refuse", "fill", "keep", "replace"]
"""What to do with a folder of that name: raise `FileExistsError`, raise it unless the folder is empty, leave it, or put
the new one in its place."""


def write_whole(
    path: Path, content: Content, *, durable: bool = False, existing: FileExisting = "replace", mode: int = 0o666
) -> None:
    """Write a file so that only the old or the whole new content is ever seen; missing folders are made.

    Parameters
    ----------
    durable
        True: when this returns the file survives a power cut, with every folder that was made for it.
    mode
        Permissions before the umask.

    Raises
    ------
    OSError
        If it cannot be written; then nothing has changed.
    """
    temporary = write_beside(path, content, durable=durable, mode=mode)
    try:
        settle({path: temporary}, durable=durable, existing=existing)
    finally:
        temporary.unlink(missing_ok=True)


def write_beside(path: Path, content: Content, *, durable: bool = False, mode: int = 0o666) -> Path:
    """Write an unfinished file in the folder of `path` and return it; `settle` gives it its name."""
    make_folder(path.parent, durable=durable)
    temporary = _beside(path)
    try:
        temporary.touch(mode, exist_ok=False)
        with temporary.open("wb") as file:
            _fill(file, content)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def settle(unfinished: Mapping[Path, Path], *, durable: bool = False, existing: FileExisting = "replace") -> None:
    """Give files of `write_beside`, each under its path, their names; durable: once their content is on the disk.

    Parameters
    ----------
    existing
        With 'keep', of two programs at once the first one's file stays.
    """
    if durable:
        _each(_sync_file, unfinished.values())
    for path, temporary in unfinished.items():
        temporary.replace(path) if existing == "replace" else _link(temporary, path)
    if durable:
        _each(_sync_folder, {path.parent for path in unfinished})


def make_sure(paths: Collection[Path]) -> None:
    """Wait until files that are there are on the disk: who wrote them may have been killed before it had waited."""
    for folder in {path.parent for path in paths}:
        make_folder(folder, durable=True)
    _each(_sync_file, paths)
    _each(_sync_folder, {path.parent for path in paths})


@contextmanager
def whole_folder(target: Path, *, existing: FolderExisting = "refuse", durable: bool = False) -> Iterator[Path]:
    """Give an empty folder to write into; after the block it becomes `target`, after a failure it vanishes.

    Where the file system cannot exchange two folders, `target` is missing for a moment. A program killed then leaves
    the old folder under another name, and the next one that writes `target` puts it back first.

    Parameters
    ----------
    existing
        With 'replace' the old folder goes only after the new one is there.
    durable
        True: after the block everything in the folder survives a power cut.

    Raises
    ------
    OSError
        If nothing can be written beside `target`, or it exists and is to be refused.
    """
    _put_back(target)
    _refuse(target, existing)
    make_folder(target.parent, durable=durable)
    staging = _beside(target)
    staging.mkdir()
    try:
        yield staging
        if durable:
            _sync_tree(staging)
        rest = _swap_in(staging, target, existing)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    if durable:
        _sync_folder(target.parent)
    shutil.rmtree(rest, ignore_errors=True)


def open_regular(path: Path, *, follow: bool = False) -> int:
    """Return a file descriptor to read a regular file by; pipes and devices are refused and never waited for.

    Parameters
    ----------
    follow
        True: a link counts as what it leads to, as for a file that the user names.

    Raises
    ------
    OSError
        If it cannot be opened, or is no regular file (`errno.EINVAL`).
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    file = os.open(path, flags if follow else flags | getattr(os, "O_NOFOLLOW", 0))
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise OSError(errno.EINVAL, NOT_REGULAR, str(path))
    return file


def require_regular(path: Path) -> None:
    """Refuse what would be waited for, or never end, where a library opens files itself; links are followed.

    Raises
    ------
    OSError
        As `open_regular`.
    """
    os.close(open_regular(path, follow=True))


def read_regular(path: Path, most_bytes: int, *, follow: bool = False) -> bytes:
    """Return what a regular file holds; a larger one is not read.

    Raises
    ------
    OSError
        As `open_regular`, and if it is larger than `most_bytes` (`errno.EFBIG`).
    """
    with os.fdopen(open_regular(path, follow=follow), "rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size > most_bytes:
            raise OSError(errno.EFBIG, f"it has {size} bytes, and at most {most_bytes} are read", str(path))
        return file.read(most_bytes)


def read_text(path: Path, *, encoding: str = "utf-8") -> str:
    """Return the text of a regular file that the user or the program names.

    Raises
    ------
    OSError
        As `read_regular`.
    UnicodeDecodeError
        If it is in another encoding.
    """
    return read_regular(path, MOST_TEXT_BYTES, follow=True).decode(encoding)


def read_json(path: Path) -> Any:
    """Return the values of a JSON file that the user or the program names; a byte-order mark is passed over.

    Raises
    ------
    OSError
        As `read_regular`.
    ValueError
        If it is no JSON, or lists lie in lists deeper than can be read.
    """
    return json_values(read_text(path, encoding="utf-8-sig"))


def json_values(text: str | bytes) -> Any:
    """Return the values of a JSON text.

    Raises
    ------
    ValueError
        If it is none, or lists lie in lists deeper than can be read.
    """
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("lists lie in lists too deep to be read") from error


def make_folder(folder: Path, *, durable: bool = False) -> None:
    """Make a folder and those above it.

    Parameters
    ----------
    durable
        True: each new one is on the disk when this returns. So is each that was there, as far as that can be asked
        for: who made it may have been killed before it had waited.
    """
    chain = [place.absolute() for place in (folder, *folder.absolute().parents)]
    missing = [place for place in chain if not place.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    if durable:
        _each(_sync_folder, [place.parent for place in missing])
        _make_folders_sure(chain[len(missing) :])
        SURE_FOLDERS.update(missing)


def is_unfinished(path: Path) -> bool:
    """Whether a file or folder was never finished, by its name."""
    return path.name.startswith(UNFINISHED_PREFIX)


def _beside(path: Path) -> Path:
    return path.with_name(f"{UNFINISHED_PREFIX}{uuid4().hex}{UNFINISHED_SUFFIX}")


def _fill(file: BinaryIO, content: Content) -> None:
    if callable(content):
        content(file)
    else:
        file.write(content.encode() if isinstance(content, str) else content)


def _make_folders_sure(chain: list[Path]) -> None:
    """Wait for the names of folders, each in the next; once in a program, and not where it may not look."""
    for place in chain:
        if place in SURE_FOLDERS:
            return
        with suppress(OSError):
            _sync_folder(place.parent)
        SURE_FOLDERS.add(place)


def _link(temporary: Path, path: Path) -> None:
    """Give a file its name unless there is one."""
    try:
        path.hardlink_to(temporary)
    except FileExistsError:
        return
    except OSError:  # a file system without hard links
        if not path.exists():
            temporary.replace(path)


def _old(target: Path) -> Path:
    return target.with_name(f"{UNFINISHED_PREFIX}{target.name}{OLD_SUFFIX}")


def _put_back(target: Path) -> None:
    """Give a folder its name again that a killed program had taken from it."""
    if _old(target).is_dir() and not os.path.lexists(target):
        _old(target).rename(target)


def _refuse(target: Path, existing: FolderExisting) -> None:
    if existing in {"keep", "replace"} or not os.path.lexists(target):
        return
    if existing == "refuse" or not _is_folder(target) or any(target.iterdir()):
        raise FileExistsError(errno.EEXIST, "it exists already", str(target))


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _swap_in(staging: Path, target: Path, existing: FolderExisting) -> Path:
    """Give a folder its name, and return under which one something may be left that nobody needs."""
    _refuse(target, existing)
    if existing == "replace" and _is_folder(target):
        return _replace_folder(staging, target)
    if existing == "fill" and target.exists():
        target.rmdir()
    try:
        staging.rename(target)
    except OSError:
        if existing != "keep" or not target.is_dir():
            raise
    return staging


def _replace_folder(staging: Path, target: Path) -> Path:
    if _exchange(staging, target):
        return staging
    old = _old(target)
    shutil.rmtree(old, ignore_errors=True)
    target.rename(old)
    try:
        staging.rename(target)
    except OSError:
        old.rename(target)
        raise
    return old


def _exchange(one: Path, other: Path) -> bool:
    """Give each of two folders the other's name at once; False where that cannot be done, and nothing has changed."""
    call = getattr(ctypes.CDLL(None), "renameat2", None) if sys.platform == "linux" else None
    if call is None:
        return False
    done: int = call(AT_WORKING_FOLDER, os.fsencode(one), AT_WORKING_FOLDER, os.fsencode(other), EXCHANGE)
    return done == 0


def _sync_tree(folder: Path) -> None:
    inside = list(folder.rglob("*"))
    _each(_sync_file, [path for path in inside if path.is_file()])
    _each(_sync_folder, [folder, *(path for path in inside if path.is_dir())])


def _sync_file(path: Path) -> None:
    """Wait until a file's content is on the disk; only Windows wants the right to write for it."""
    handle = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sync_folder(folder: Path) -> None:
    """Wait until the folder's entries are on the disk; Windows does so by itself and cannot be asked."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _each(sync: Callable[[Path], None], paths: Iterable[Path]) -> None:
    """Sync several at once; a single one without the cost of threads."""
    several: Collection[Path] = list(paths)
    if len(several) == 1:
        sync(*several)
    elif several:
        with ThreadPoolExecutor(SYNC_THREADS) as pool:
            list(pool.map(sync, several))
