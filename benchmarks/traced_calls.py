"""What a program does to the files below a folder, from its system calls as `strace` writes them down.

SQLite's own writes and syncs are among them. A mapped file is not followed (SQLite's shared memory, made anew after a
crash), nor is a program that the traced one starts.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from disk_model import ROOT, Acknowledged, Cut, Event, Named, Synced, Tree, Written

CALLS = (
    "open", "openat", "close", "read", "lseek", "write", "writev", "pwrite64", "pwritev", "sendfile",
    "ftruncate", "truncate", "fsync", "fdatasync", "rename", "renameat", "renameat2", "link", "linkat", "unlink",
    "unlinkat", "mkdir", "mkdirat", "rmdir", "copy_file_range", "fallocate",
)  # fmt: skip

ACKNOWLEDGEMENT = b"ACKNOWLEDGED "
"""What is written to anything outside the folder after this says that something is kept."""

LONGEST = 1 << 26
"""Bytes of one call."""

WHOLE = re.compile(r"^(\d+) +(\w+)\((.*)\) += (-?\d+|0x[0-9a-f]+)\b")
BEGUN = re.compile(r"^(\d+) +(\w+)\((.*) <unfinished \.\.\.>$")
ENDED = re.compile(r"^(\d+) +<\.\.\. (\w+) resumed>(.*)\) += (-?\d+|0x[0-9a-f]+)\b")
TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


@dataclass
class _Handle:
    """An open file of the program."""

    inode: int | None
    place: str
    offset: int = 0
    appending: bool = False


def can_trace() -> bool:
    """Whether `strace` is here and may look at a program."""
    return (
        shutil.which("strace") is not None
        and subprocess.run(["strace", "-o/dev/null", "true"], check=False).returncode == 0
    )


def traced(command: Sequence[str], log: Path) -> int:
    """Run a program, write its calls into a file, and return its exit status."""
    how = [
        "-f",
        "-qq",
        "-xx",
        f"-s{LONGEST}",
        "--seccomp-bpf",
        "-eraw=read",
        "-esignal=none",
        f"-etrace={','.join(CALLS)}",
    ]
    return subprocess.run(["strace", *how, "-o", str(log), *command], check=False).returncode


def calls(log: Path) -> Iterator[tuple[str, list[str], int]]:
    """Yield the name, arguments and result of each call that succeeded, in the order in which they ended."""
    begun: dict[str, str] = {}
    with log.open(encoding="ascii") as lines:
        for line in lines:
            if unfinished := BEGUN.match(line):
                begun[unfinished[1]] = unfinished[3]
                continue
            whole, ended = WHOLE.match(line), ENDED.match(line)
            if ended:
                name, given, result = ended[2], begun.pop(ended[1], "") + ended[3], int(ended[4], 0)
            elif whole:
                name, given, result = whole[2], whole[3], int(whole[4], 0)
            else:
                continue
            if result >= 0:
                yield name, [part.strip() for part in given.split(", ")], result


class Recorder:
    """Follows the calls of one program after another on one folder, and gives what they change there."""

    def __init__(self, root: Path, before: Tree) -> None:
        self._root, self._tree = str(root.resolve()), before.copy()
        self._handles: dict[int, _Handle] = {}
        self._numbers = count(1 + max([0, *before.files, *(-number for number in before.folders)]))

    def events(self, log: Path) -> Iterator[Event]:
        """Yield what one traced program changed, waited for and acknowledged."""
        self._handles = {}
        for name, given, result in calls(log):
            follow: Callable[[list[str], int], Iterator[Event]] | None = getattr(self, f"_{name}", None)
            if follow is None:
                raise ValueError(f"the call {name} is not followed: {given}")
            for event in follow(given, result):
                if not isinstance(event, Synced | Acknowledged):
                    self._tree.apply(event)
                yield event

    def _openat(self, given: list[str], result: int) -> Iterator[Event]:
        place = self._place(given[0], given[1])
        folder, name, inode = self._look_up(place)
        flags = given[2].split("|")
        if inode is None and folder is not None and "O_CREAT" in flags:
            inode = next(self._numbers)
            yield Cut(inode, 0)
            yield Named(folder, ((name, inode),))
        elif inode is not None and "O_TRUNC" in flags:
            yield Cut(inode, 0)
        self._handles[result] = _Handle(inode, place, appending="O_APPEND" in flags)

    def _open(self, given: list[str], result: int) -> Iterator[Event]:
        yield from self._openat(["AT_FDCWD", *given], result)

    def _close(self, given: list[str], _result: int) -> Iterator[Event]:
        self._handles.pop(int(given[0]), None)
        yield from ()

    def _read(self, given: list[str], result: int) -> Iterator[Event]:
        if file := self._handles.get(int(given[0], 0)):
            file.offset += result
        yield from ()

    def _lseek(self, given: list[str], result: int) -> Iterator[Event]:
        if file := self._handles.get(int(given[0])):
            file.offset = result
        yield from ()

    def _write(self, given: list[str], result: int) -> Iterator[Event]:
        content = _bytes(" ".join(given[1:]))[:result]
        file = self._handles.get(int(given[0]))
        if file is not None and file.inode is not None:
            yield from self._put(file, content)
        elif content.startswith(ACKNOWLEDGEMENT):
            yield Acknowledged(content.removeprefix(ACKNOWLEDGEMENT).decode().strip())

    _writev = _write

    def _pwrite64(self, given: list[str], result: int) -> Iterator[Event]:
        file = self._handles.get(int(given[0]))
        if file is not None and file.inode is not None:
            yield Written(file.inode, int(given[-1]), _bytes(" ".join(given[1:-1]))[:result])

    _pwritev = _pwrite64

    def _sendfile(self, given: list[str], result: int) -> Iterator[Event]:
        file, source = self._handles[int(given[0])], self._handles[int(given[1])]
        if file.inode is None:
            return
        if source.inode is None:
            raise ValueError("a copy from outside the folder is not followed")
        start = int(given[2].strip("[]").partition("]")[0])
        yield from self._put(file, self._tree.files[source.inode][start : start + result])

    def _ftruncate(self, given: list[str], _result: int) -> Iterator[Event]:
        file = self._handles.get(int(given[0]))
        if file is not None and file.inode is not None:
            yield Cut(file.inode, int(given[1]))

    def _fsync(self, given: list[str], _result: int) -> Iterator[Event]:
        file = self._handles.get(int(given[0]))
        if file is not None and file.inode is not None:
            yield Synced(file.inode)

    _fdatasync = _fsync

    def _mkdirat(self, given: list[str], _result: int) -> Iterator[Event]:
        yield from self._made(self._place(given[0], given[1]))

    def _mkdir(self, given: list[str], _result: int) -> Iterator[Event]:
        yield from self._made(self._place("AT_FDCWD", given[0]))

    def _unlinkat(self, given: list[str], _result: int) -> Iterator[Event]:
        yield from self._removed(self._place(given[0], given[1]))

    def _unlink(self, given: list[str], _result: int) -> Iterator[Event]:
        yield from self._removed(self._place("AT_FDCWD", given[0]))

    _rmdir = _unlink

    def _rename(self, given: list[str], _result: int) -> Iterator[Event]:
        yield from self._moved(*(self._place("AT_FDCWD", path) for path in given[:2]))

    def _renameat(self, given: list[str], _result: int) -> Iterator[Event]:
        yield from self._moved(self._place(given[0], given[1]), self._place(given[2], given[3]))

    def _renameat2(self, given: list[str], result: int) -> Iterator[Event]:
        if given[4] != "RENAME_EXCHANGE":
            yield from self._renameat(given, result)
            return
        (folder, name, inode), (onto, new, other) = (self._look_up(self._place(*given[at : at + 2])) for at in (0, 2))
        if folder is None and onto is None:
            return
        if folder is None or folder != onto:
            raise ValueError(f"an exchange between two folders is not followed: {name} {new}")
        yield Named(folder, ((new, inode), (name, other)))

    def _linkat(self, given: list[str], _result: int) -> Iterator[Event]:
        yield from self._linked(self._place(given[0], given[1]), self._place(given[2], given[3]))

    def _link(self, given: list[str], _result: int) -> Iterator[Event]:
        yield from self._linked(*(self._place("AT_FDCWD", path) for path in given[:2]))

    def _put(self, file: _Handle, content: bytes) -> Iterator[Event]:
        assert file.inode is not None
        if file.appending:
            file.offset = len(self._tree.files[file.inode])
        yield Written(file.inode, file.offset, content)
        file.offset += len(content)

    def _made(self, place: str) -> Iterator[Event]:
        folder, name, _ = self._look_up(place)
        if folder is not None:
            inode = -next(self._numbers)
            self._tree.folders[inode] = {}
            yield Named(folder, ((name, inode),))

    def _removed(self, place: str) -> Iterator[Event]:
        folder, name, inode = self._look_up(place)
        if folder is not None and inode is not None:
            yield Named(folder, ((name, None),))

    def _moved(self, source: str, target: str) -> Iterator[Event]:
        folder, name, inode = self._look_up(source)
        onto, new, _ = self._look_up(target)
        if folder is None or onto is None:
            if (folder is None) != (onto is None):
                raise ValueError(f"a rename across the edge of the folder is not followed: {source} {target}")
            return
        if folder == onto:
            yield Named(folder, ((new, inode), (name, None)))
        else:
            yield Named(onto, ((new, inode),))
            yield Named(folder, ((name, None),))

    def _linked(self, source: str, target: str) -> Iterator[Event]:
        (folder, name, _), inode = self._look_up(target), self._look_up(source)[2]
        if folder is not None:
            yield Named(folder, ((name, inode),))

    def _place(self, start: str, path: str) -> str:
        """Return an absolute path, empty where it starts from a folder that is not followed."""
        named = _bytes(path).decode()
        if named.startswith("/"):
            return named
        opened = None if start == "AT_FDCWD" else self._handles.get(int(start))
        return "" if opened is None else f"{opened.place}/{named}"

    def _look_up(self, place: str) -> tuple[int | None, str, int | None]:
        """Return folder, name and inode of a path; no folder for one that is not below the root."""
        if place.rstrip("/") == self._root:
            return None, "", ROOT
        if not place.startswith(f"{self._root}/"):
            return None, "", None
        *above, name = [part for part in place[len(self._root) :].split("/") if part not in {"", "."}]
        folder: int = ROOT
        for part in above:
            found = self._tree.folders[folder].get(part)
            if found is None or found not in self._tree.folders:
                return None, name, None
            folder = found
        return folder, name, self._tree.folders[folder].get(name)


def tree_of(root: Path) -> Tree:
    """Return what is below a folder, all of it on the disk."""
    tree, numbers = Tree(), count(1)

    def take(folder: Path, inode: int) -> None:
        for path in sorted(folder.iterdir()):
            number = next(numbers)
            if path.is_dir():
                tree.folders[-number] = {}
                tree.folders[inode][path.name] = -number
                take(path, -number)
            else:
                tree.files[number] = path.read_bytes()
                tree.folders[inode][path.name] = number

    take(root, ROOT)
    return tree


def _bytes(text: str) -> bytes:
    return b"".join(bytes.fromhex(found.replace("\\x", "")) for found in TEXT.findall(text))
