"""Strokes that are not saved yet, kept so that a crash loses at most ten seconds of them."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from math import prod
from pathlib import Path
from typing import Any, BinaryIO
from uuid import uuid4

import numpy as np
from pydantic import AwareDatetime, NonNegativeInt, PositiveInt, TypeAdapter
from pydantic.dataclasses import dataclass as stored

from napari_cpam_stroke.annotations.program_lock import hold, runs
from napari_cpam_stroke.annotations.stacks import encode_stack, read_stack
from napari_cpam_stroke.core.arrays import Mask
from napari_cpam_stroke.errors import GeometryMismatchError, StoreError
from napari_cpam_stroke.files import json_values, open_regular, write_whole
from napari_cpam_stroke.user_folder import application_home

LOG = logging.getLogger(__name__)

INTERVAL_S = 5.0
"""Between two writes; with a timer of a second or two and a slow disk, ten seconds are never exceeded."""

SUFFIX = ".journal"
HASH_IN_NAME = 16
FORMAT = 1
"""Of what this program writes and reads; drafts from before it was told have the same."""

MOST_VOXELS = 2**31
"""Of a mask; no series that is read has more."""

LONGEST_HEADER = 1 << 22
"""Bytes; a longer first line is no journal."""


@dataclass(frozen=True, eq=False)
class Snapshot:
    """Unsaved work at one moment.

    Attributes
    ----------
    case_id, author
        For the question whether to recover it.
    base
        Revision that was edited, None for an empty mask.
    shape
        (Z, Y, X) of the mask.
    slices
        Copies of all slices that differ from the base.
    stated
        JSON values: what was stated beside the mask.
    """

    case_id: str
    author: str
    base: str | None
    shape: tuple[int, int, int]
    slices: dict[int, Mask]
    stated: dict[str, Any]


@dataclass(frozen=True)
class Pending:
    """Unsaved work that a crash left behind.

    Attributes
    ----------
    written
        UTC.
    slices
        Slices that it changes.
    """

    path: Path
    content_hash: str
    case_id: str
    author: str
    base: str | None
    shape: tuple[int, int, int]
    written: datetime
    slices: tuple[int, ...]
    stated: dict[str, Any]

    def restore(self, base_mask: Mask | None) -> Mask:
        """Return the mask as it was when written, uint8 (Z, Y, X).

        Parameters
        ----------
        base_mask
            Mask (Z, Y, X) of revision `base`; None for an empty one.

        Raises
        ------
        StoreError
            If the file is gone or damaged.
        """
        mask = np.zeros(self.shape, dtype=np.uint8) if base_mask is None else base_mask.copy()
        if mask.shape != self.shape:
            raise GeometryMismatchError(
                "The unsaved strokes belong to another series", got=mask.shape, expected=f"{self.shape}"
            )
        try:
            with _opened(self.path) as file:
                header = _read_header(file)
                if self.slices:
                    mask[list(self.slices)] = read_stack(file, header.stack or "")
        except (OSError, ValueError, MemoryError) as error:
            raise StoreError(
                f"The unsaved strokes of case {self.case_id} cannot be read", got=f"{self.path} ({error})"
            ) from error
        return mask

    def discard(self) -> None:
        """Throw the strokes away."""
        self.path.unlink(missing_ok=True)


class Journal:
    """Where one window keeps the unsaved strokes of one series."""

    def __init__(
        self,
        folder: Path,
        content_hash: str,
        *,
        interval_s: float = INTERVAL_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._content_hash, self._interval_s, self._clock = content_hash, interval_s, clock
        self._written: float | None = None
        self.path = folder / f"{content_hash[:HASH_IN_NAME]}-{uuid4().hex[:12]}{SUFFIX}"

    @property
    def due(self) -> bool:
        """Whether enough time has passed since the last write."""
        return self._written is None or self._clock() - self._written >= self._interval_s

    def write(self, snapshot: Snapshot) -> None:
        """Keep a snapshot in place of the last one; it survives a crash once this returns (any thread)."""
        self._written = self._clock()
        order = sorted(snapshot.slices)
        stack = encode_stack(np.stack([snapshot.slices[z] for z in order])) if order else None
        header = _header_line(
            {
                "format": FORMAT,
                "content_hash": self._content_hash,
                "case_id": snapshot.case_id,
                "author": snapshot.author,
                "base": snapshot.base,
                "shape": list(snapshot.shape),
                "slices": order,
                "stated": snapshot.stated,
                "stack": stack and stack.name,
                "written": datetime.now(UTC).isoformat(),
                "program": hold(self.path.parent),
            }
        )

        def fill(file: BinaryIO) -> None:
            file.write(header)
            if stack is not None:
                stack.write_to(file)

        write_whole(self.path, fill, durable=True)

    def discard(self) -> None:
        """Forget the strokes: they are saved, or not wanted."""
        self.path.unlink(missing_ok=True)

    @staticmethod
    def pending(folder: Path, content_hash: str | None = None) -> list[Pending]:
        """Return what programs that no longer run left behind, newest first.

        Parameters
        ----------
        content_hash
            Only of this series.
        """
        found, _ = Journal.left_behind(folder)
        return [pending for pending in found if content_hash in {None, pending.content_hash}]

    @staticmethod
    def left_behind(folder: Path) -> tuple[list[Pending], list[Path]]:
        """Return what programs that no longer run left behind, newest first, and the files that cannot be read."""
        found, unreadable = [], []
        for path in sorted(folder.glob(f"*{SUFFIX}")):
            try:
                pending = _read_pending(path)
            except FileNotFoundError:
                continue  # its program has just saved
            except (OSError, ValueError) as error:
                LOG.warning("Unsaved strokes in %s cannot be read: %s", path, error)
                unreadable.append(path)
                continue
            if pending is not None:
                found.append(pending)
        return sorted(found, key=lambda pending: pending.written, reverse=True), unreadable


def recovery_folder() -> Path:
    """Return the usual folder for journals."""
    return application_home() / "recovery"


def _header_line(values: Mapping[str, Any]) -> bytes:
    text = json.dumps(values).encode()
    return hashlib.sha256(text).hexdigest().encode() + b" " + text + b"\n"


@stored(frozen=True)
class _Header:
    """The first line of a journal, checked: whoever wrote it, its values can be worked with."""

    content_hash: str
    case_id: str
    author: str
    base: str | None
    shape: tuple[PositiveInt, PositiveInt, PositiveInt]
    slices: tuple[NonNegativeInt, ...]
    stated: dict[str, Any]
    stack: str | None
    written: AwareDatetime
    program: str

    def __post_init__(self) -> None:
        if prod(self.shape) > MOST_VOXELS or any(z >= self.shape[0] for z in self.slices):
            raise ValueError(f"its slices do not fit a mask of shape {self.shape}")


def _read_header(file: BinaryIO) -> _Header:
    digest, _, text = file.readline(LONGEST_HEADER).rstrip(b"\n").partition(b" ")
    if hashlib.sha256(text).hexdigest().encode() != digest:
        raise ValueError("its first line is damaged")
    values = json_values(text)
    if not isinstance(values, dict):
        raise ValueError("its first line holds no values by name")  # noqa: TRY004 - as all that is damaged in it
    if values.get("format", FORMAT) != FORMAT:
        raise ValueError(f"it is of format {values['format']!r:.50}, and this program reads format {FORMAT}")
    return TypeAdapter(_Header).validate_python(values)


def _opened(path: Path) -> BinaryIO:
    return os.fdopen(open_regular(path), "rb")


def _read_pending(path: Path) -> Pending | None:
    """Return a draft, None where its program still runs."""
    with _opened(path) as file:
        header = _read_header(file)
    if runs(path.parent, header.program):
        return None
    return Pending(
        path=path,
        content_hash=header.content_hash,
        case_id=header.case_id,
        author=header.author,
        base=header.base,
        shape=header.shape,
        written=header.written,
        slices=header.slices,
        stated=header.stated,
    )
