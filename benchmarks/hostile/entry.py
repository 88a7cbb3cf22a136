"""One entry of the program: a sound input, what is changed in it, and the door it goes through."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from hostile.byte_changes import Change
from hostile.doors import Answer, UndeclaredError, ask
from hostile.places import put_odd_place

Door = Callable[[Path, Random], Answer]
"""Takes a folder for what is written on the way, empty each time, and a source of chance."""

Rule = Callable[[Mapping[str, Any], Mapping[str, Any]], str]
"""Compares what was answered with what the sound input gives; returns what is wrong, or nothing."""

ODD_PLACE_SHARE = 0.02
"""Of the tries, in which no content but the file itself is exchanged."""


@dataclass(frozen=True)
class Entry:
    """What is tried.

    Attributes
    ----------
    make
        Writes the sound input into a new folder.
    change
        What is done to a file, by the pattern that finds it in the folder; several patterns are drawn alike.
    open
        Returns the door, given the folder of the input while it is sound.
    seal
        Afterwards, in half of the tries, mends the sums that the input keeps of itself.
    rule
        What must be as with the sound input.
    short
        Tries in the short form: as many as go in about two seconds.
    """

    make: Callable[[Path], None]
    change: Mapping[str, Change]
    open: Callable[[Path], Door]
    seal: Callable[[Path], None] | None = None
    rule: Rule | None = None
    short: int = 120
    odd_places: bool = True


@dataclass
class Bench:
    """An entry with its sound input on the disk, ready for tries.

    Parameters
    ----------
    folder
        Empty; input and everything that is written lie in it.
    """

    name: str
    entry: Entry
    folder: Path
    contents: dict[Path, bytes] = field(init=False)

    def __post_init__(self) -> None:
        self._input, self._aside = self.folder / "input" / "given", self.folder / "aside"
        self._input.parent.mkdir(parents=True)
        self.entry.make(self._input)
        self._door = self.entry.open(self._input)
        self.contents = {path: path.read_bytes() for path in sorted(self._input.rglob("*")) if path.is_file()}
        self._stamp = 10**18
        self._sound = self._asked(Random(0))
        if self._sound.refused:
            raise ValueError(f"the sound input of {self.name} is refused: {self._sound.said}")

    def attempt(self, seed: int, number: int) -> Answer:
        """Change the input as this number of this seed says, and ask.

        Raises
        ------
        UndeclaredError
            If the answer is none that a user should get.
        """
        random = Random(f"{self.name} {seed} {number}")
        self._restore()
        self._spoil(random)
        answer = self._asked(random)
        if self.entry.rule is not None and not answer.refused:
            wrong = self.entry.rule(answer.facts, self._sound.facts)
            if wrong:
                raise UndeclaredError(f"silently wrong: {wrong}")
        return answer

    def attempt_place(self, pattern: str, put: Callable[[Path], None]) -> Answer:
        """Put something else than a file with content where a pattern leads, and ask.

        Raises
        ------
        UndeclaredError
            As `attempt`.
        """
        self._restore()
        path = self._paths(pattern)[0]
        path.unlink()
        put(path)
        return self._asked(Random(pattern))

    def _paths(self, pattern: str) -> list[Path]:
        return [path for path in self.contents if path.relative_to(self._input).match(pattern)]

    def _asked(self, random: Random) -> Answer:
        _clear(self._aside)
        self._aside.mkdir()
        return ask(lambda: self._door(self._aside, random))

    def _restore(self) -> None:
        """Write back what differs from the sound input, and take away what is not in it."""
        for path in sorted(self._input.rglob("*"), reverse=True):
            if path.is_symlink() or (path not in self.contents and not path.is_dir()):
                path.unlink()
            elif path.is_dir() and (path in self.contents or not any(p.is_relative_to(path) for p in self.contents)):
                shutil.rmtree(path)
        for path, content in self.contents.items():
            if not path.is_file() or path.stat().st_size != len(content) or path.read_bytes() != content:
                path.unlink(missing_ok=True)
                self._write(path, content)

    def _spoil(self, random: Random) -> None:
        pattern = random.choice(list(self.entry.change))
        path = random.choice(self._paths(pattern))
        if self.entry.odd_places and random.random() < ODD_PLACE_SHARE:
            put_odd_place(path, random)
            return
        self._write(path, self.entry.change[pattern](self.contents[path], random))
        if self.entry.seal is not None and random.random() < 0.5:
            self.entry.seal(self._input)

    def _write(self, path: Path, content: bytes) -> None:
        """Write a file with a time of its own: headers are cached by size and time."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        self._stamp += 1000
        os.utime(path, ns=(self._stamp, self._stamp))


def same_slices(answered: Mapping[str, Any], sound: Mapping[str, Any]) -> str:
    """Every slice handed out lies where it was written, with its pixels, and is of the same patient."""
    for what in ("slices", "patients"):
        strange = [one for one in answered[what] if one not in sound[what]]
        if strange:
            return f"{what} that were not in the input: {strange[:3]!r:.300}"
    return ""


def same_slices_alone(answered: Mapping[str, Any], sound: Mapping[str, Any]) -> str:
    """As `same_slices`, of whomever they are."""
    return same_slices({**answered, "patients": ()}, {**sound, "patients": ()})


def same_facts(answered: Mapping[str, Any], sound: Mapping[str, Any]) -> str:
    """All is as it was."""
    return "" if answered == sound else "the answer differs, and no word was said"


def one_of(doors: Sequence[tuple[int, Door]]) -> Door:
    """Return a door that leads to one of several, drawn by weight."""
    weights = [weight for weight, _ in doors]
    return lambda aside, random: random.choices([door for _, door in doors], weights)[0](aside, random)


def _clear(folder: Path) -> None:
    with suppress(FileNotFoundError):
        shutil.rmtree(folder)
