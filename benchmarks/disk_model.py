"""What may be on a disk after a power cut, from the changes a program made and what it waited for.

Two models of a file system. Both keep what was synced. Of what was not,

- strict: any part is on the disk, in any order. A name is kept only by a sync of its folder, content only by a sync of
  the file, and a write may be there by half. A rename inside one folder happens or does not; across two folders each
  folder knows its own half.
- ext4-like: names change in the order of the program (a journal), and any sync puts all of them so far on the disk;
  content that was not synced lags behind them by as much as it likes, file by file, appended parts in their order.

All subsets would be too many: tried are none, all, every beginning, each alone, all but each, and some drawn at random.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

ROOT = 0
"""Number of the folder below which everything happens."""

DRAWN = 3
"""Random subsets at every moment."""

Model = Literal["strict", "ext4-like"]
MODELS: tuple[Model, ...] = ("strict", "ext4-like")


@dataclass(frozen=True)
class Named:
    """Names given (to an inode) or taken (None) in one folder at once."""

    folder: int
    names: tuple[tuple[str, int | None], ...]


@dataclass(frozen=True)
class Written:
    """Bytes put at an offset."""

    inode: int
    offset: int
    content: bytes


@dataclass(frozen=True)
class Cut:
    """A file brought to a length."""

    inode: int
    length: int


@dataclass(frozen=True)
class Synced:
    """The program waited until this file's content, or this folder's names, were on the disk."""

    inode: int


@dataclass(frozen=True)
class Acknowledged:
    """The program said that something is kept."""

    what: str


Change = Named | Written | Cut
Event = Change | Synced | Acknowledged


@dataclass
class Tree:
    """A file system: the content of files and the names in folders, by inode."""

    files: dict[int, bytes] = field(default_factory=dict)
    folders: dict[int, dict[str, int]] = field(default_factory=lambda: {ROOT: {}})

    def copy(self) -> Tree:
        """Return a tree that changes by itself."""
        return Tree(dict(self.files), {number: dict(names) for number, names in self.folders.items()})

    def apply(self, change: Change) -> None:
        """Make one change."""
        if isinstance(change, Named):
            names = self.folders.setdefault(change.folder, {})
            for name, inode in change.names:
                if inode is None:
                    names.pop(name, None)
                else:
                    names[name] = inode
        elif isinstance(change, Cut):
            self.files[change.inode] = self.files.get(change.inode, b"")[: change.length].ljust(change.length, b"\0")
        else:
            old = self.files.get(change.inode, b"").ljust(change.offset, b"\0")
            end = change.offset + len(change.content)
            self.files[change.inode] = old[: change.offset] + change.content + old[end:]

    def paths(self, folder: int = ROOT, place: str = "") -> Iterator[tuple[str, bytes | None]]:
        """Yield every path that leads from the root with its content, None for a folder."""
        for name, inode in sorted(self.folders.get(folder, {}).items()):
            path = f"{place}{name}"
            if inode in self.folders:
                yield path, None
                yield from self.paths(inode, f"{path}/")
            else:
                yield path, self.files.get(inode, b"")

    def write_to(self, place: Path) -> None:
        """Make the tree below a folder."""
        place.mkdir(parents=True)
        for path, content in self.paths():
            if content is None:
                (place / path).mkdir()
            else:
                (place / path).write_bytes(content)


@dataclass(frozen=True)
class State:
    """What a power cut may leave, and what had been acknowledged by then."""

    moment: int
    tree: Tree
    acknowledged: tuple[str, ...]


def states(before: Tree, events: Sequence[Event], model: Model, *, seed: int = 0) -> Iterator[State]:
    """Yield the states that a cut at any moment may leave, each once.

    They are built before each sync and after each acknowledgement: what is on its way only grows in between, so that
    the parts of it at an earlier moment are among those at the next.

    Parameters
    ----------
    before
        What was on the disk already; folders that are made later need not be in it.
    """
    disk, seen, draw = _Disk(before), set[bytes](), random.Random(seed)
    acknowledged: tuple[str, ...] = ()

    def cut(moment: int) -> Iterator[State]:
        for tree in disk.strict(draw) if model == "strict" else disk.journaled():
            digest = digest_of(tree, len(acknowledged))
            if digest not in seen:
                seen.add(digest)
                yield State(moment, tree, acknowledged)

    for moment, event in enumerate(events):
        if isinstance(event, Acknowledged):
            acknowledged = (*acknowledged, event.what)
            yield from cut(moment)
            continue
        if isinstance(event, Synced):
            yield from cut(moment)
        disk.take(event)
    yield from cut(len(events))


def digest_of(tree: Tree, acknowledged: int, *, unread: Callable[[str], bool] = lambda _path: False) -> bytes:
    """Return the sha256 of what a disk holds and how much had been acknowledged; of what is unread only the path."""
    digest = hashlib.sha256(str(acknowledged).encode())
    for path, content in tree.paths():
        told = None if content is None or unread(path) else content
        digest.update(f"\n{path} {content is None} {None if told is None else len(told)}\n".encode())
        digest.update(told or b"")
    return digest.digest()


class _Disk:
    """What is surely on the disk under each model, and what is still on its way."""

    def __init__(self, before: Tree) -> None:
        self._synced, self._journal = before.copy(), before.copy()
        self._strict: list[Change] = []
        self._content: list[Written | Cut] = []
        self._names: list[Named] = []

    def take(self, event: Change | Synced) -> None:
        if isinstance(event, Synced):
            self._sync(event.inode)
            return
        self._strict.append(event)
        if isinstance(event, Named):
            for _, inode in event.names:
                self._know(inode)
            self._names.append(event)
        else:
            self._content.append(event)

    def strict(self, draw: random.Random) -> Iterator[Tree]:
        """Yield trees in which any part of what is on its way has arrived."""
        for arrived in _subsets(self._strict, draw):
            yield _with(self._synced, arrived)

    def journaled(self) -> Iterator[Tree]:
        """Yield trees in which names have arrived in order, and content as it likes."""
        for length in range(len(self._names) + 1):
            named = _with(self._journal, self._names[:length])
            for content in self._contents():
                yield _with(named, content)

    def _know(self, inode: int | None) -> None:
        """Folders are told by a negative number; one is empty until its own names arrive."""
        if inode is not None and inode < 0:
            for tree in (self._synced, self._journal):
                tree.folders.setdefault(inode, {})

    def _sync(self, inode: int) -> None:
        mine = [change for change in self._strict if _owner(change) == inode]
        self._strict = [change for change in self._strict if _owner(change) != inode]
        for change in mine:
            self._synced.apply(change)
        for change in (*self._names, *(change for change in self._content if change.inode == inode)):
            self._journal.apply(change)
        self._names, self._content = [], [change for change in self._content if change.inode != inode]

    def _contents(self) -> Iterator[list[Written | Cut]]:
        by_file: dict[int, list[Written | Cut]] = {}
        for change in self._content:
            by_file.setdefault(change.inode, []).append(change)
        yield []
        yield self._content
        for inode, own in by_file.items():
            others = [change for change in self._content if change.inode != inode]
            yield others
            for length in range(1, len(own) + 1):
                yield own[:length]
            if len(own) > 1:
                yield from ([change] for change in own if isinstance(change, Written))


def _owner(change: Change) -> int:
    return change.folder if isinstance(change, Named) else change.inode


def _with(tree: Tree, changes: Iterable[Change]) -> Tree:
    after = tree.copy()
    for change in changes:
        after.apply(change)
    return after


def _subsets(changes: list[Change], draw: random.Random) -> Iterator[list[Change]]:
    yield []
    for number, change in enumerate(changes):
        yield changes[: number + 1]
        yield [change]
        yield changes[:number] + changes[number + 1 :]
        if isinstance(change, Written):
            half = Written(change.inode, change.offset, change.content[: len(change.content) // 2])
            yield [*changes[:number], half]
    for _ in range(DRAWN if len(changes) > 2 else 0):
        yield [change for change in changes if draw.random() < 0.5]
