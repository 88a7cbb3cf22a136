"""What crashes left among the pixel files: found, and removed where nothing can need it any more."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from napari_cpam_stroke.annotations.blobs import BlobFolder
from napari_cpam_stroke.annotations.database import Database
from napari_cpam_stroke.annotations.integrity import look
from napari_cpam_stroke.annotations.schema import CaseRow, RevisionRow, RunRow
from napari_cpam_stroke.annotations.store_errors import plain_file_errors
from napari_cpam_stroke.core import CLASS_NAMES
from napari_cpam_stroke.errors import StoreError

SETTLED_HOURS = 24.0
"""What was written later may belong to a save or an import that is not done yet."""

SECONDS_PER_HOUR = 3600


@dataclass(frozen=True)
class Leftovers:
    """Pixel files that nothing needs.

    Attributes
    ----------
    unknown
        Of no case.
    unfinished
        Begun and never finished.
    size_bytes
        Of both together.
    """

    unknown: int
    unfinished: int
    size_bytes: int


def clean(database: Database, blobs: BlobFolder, *, older_than_hours: float, remove: bool) -> Leftovers:
    """Remove the pixel files that nothing needs, or only count them.

    Parameters
    ----------
    older_than_hours
        Younger files stay.

    Raises
    ------
    StoreError
        If anything is damaged, for then what is needed is not known; nothing was removed.
    """
    with database.looking() as session:
        problems = look(session, blobs, None).problems
    if problems:
        raise StoreError(
            "A damaged store is not cleaned, for what it needs is not known",
            got=f"{len(problems)} problems",
            remedy="run `cpam-stroke store repair` first",
        )
    with database.writing() as session:
        needed = _needed(session)
        unknown = _old((blobs.path(name) for name in blobs.names() if name not in needed), older_than_hours)
        unfinished = _old(blobs.leftovers(), older_than_hours)
        found = Leftovers(len(unknown), len(unfinished), sum(path.stat().st_size for path in (*unknown, *unfinished)))
        if remove:
            _remove([*unknown, *unfinished])
    return found


def _needed(session: Session) -> set[str]:
    """Return the names of all pixel files that a row names."""
    named = (CaseRow.pixels, RevisionRow.mask, RevisionRow.prediction_mask, RevisionRow.blinded_mask)
    runs = (RunRow.mask, *(getattr(RunRow, name) for name in CLASS_NAMES))
    return {name for column in (*named, *runs) for name in session.scalars(select(column)) if name is not None}


def _old(files: Iterable[Path], hours: float) -> list[Path]:
    latest = time.time() - hours * SECONDS_PER_HOUR
    return [file for file in files if file.stat().st_mtime <= latest]


def _remove(files: Iterable[Path]) -> None:
    with plain_file_errors("A pixel file cannot be removed"):
        for file in files:
            file.unlink(missing_ok=True)
