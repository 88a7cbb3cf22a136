"""The annotation store: cases, immutable revisions, splits; one source for the viewer and the trainer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from napari_cpam_stroke.annotations.blobs import BlobFolder
from napari_cpam_stroke.annotations.database import Database, open_database
from napari_cpam_stroke.annotations.exchange import ImportSummary, merge
from napari_cpam_stroke.annotations.integrity import Progress, problems
from napari_cpam_stroke.annotations.location import DATABASE_FILE, locate
from napari_cpam_stroke.annotations.revisions import RevisionsPart
from napari_cpam_stroke.annotations.series import SeriesPart
from napari_cpam_stroke.annotations.worklist import WorklistPart
from napari_cpam_stroke.errors import StoreError


class AnnotationStore(SeriesPart, WorklistPart, RevisionsPart):
    """Cases with their pixels, and everything readers and models said about them.

    Open one with `open`; it may be used from several threads and by several programs at once. On a network drive
    SQLite is not safe: there use PostgreSQL. No DICOM header and no patient identity is kept.
    """

    @classmethod
    def open(cls, where: str | Path, *, blobs: Path | None = None, create: bool = True) -> Self:
        """Open a store, or make a new one.

        Parameters
        ----------
        where
            A folder (SQLite), or a `postgresql://` address, which may carry the blob folder as `?blobs=/folder`.
        blobs
            Folder for the pixels; by default inside `where`.
        create
            False: refuse where there is no store yet.

        Raises
        ------
        StoreError
            If it is no store, of another version, or cannot be read; nothing was written then.
        """
        return cls(*_open(where, blobs, create=create))

    def close(self) -> None:
        """Give back all connections; needed only to free the files at once."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def bulk(self) -> Iterator[None]:
        """Do everything this thread does inside as one: all of it is kept, or after a failure none; far faster."""
        with self._database.bulk(), self._blobs.deferred():
            yield

    def check(self, progress: Progress | None = None) -> list[str]:
        """Read everything and return one sentence per problem; empty when all is as it was written."""
        with self._database.reading() as session:
            return problems(session, self._blobs, progress)

    def export(self, folder: str | Path, *, progress: Progress | None = None) -> ImportSummary:
        """Copy everything into a new store; `progress` is told cases done and cases in all.

        Raises
        ------
        StoreError
            If the folder is not empty, or something here is damaged.
        """
        if (Path(folder) / DATABASE_FILE).exists():
            raise StoreError(f"There is a store at {folder} already", remedy="export into a new folder")
        database, blobs = _open(folder, None, create=True)
        with closing(database), database.writing() as target, blobs.deferred(), self._database.reading() as source:
            return merge(source, self._blobs, target, blobs, progress=progress)

    def import_from(
        self, where: str | Path, *, blobs: Path | None = None, progress: Progress | None = None
    ) -> ImportSummary:
        """Take over what another store has and this one lacks; work on the same case is kept as a branch.

        Raises
        ------
        StoreError
            If there is no store, or something in it is damaged; then nothing was taken over.
        """
        database, pixels = _open(where, blobs, create=False)
        with (
            closing(database),
            self._database.writing() as target,
            self._blobs.deferred(),
            database.reading() as source,
        ):
            return merge(source, pixels, target, self._blobs, progress=progress)


def _open(where: str | Path, blobs: Path | None, *, create: bool) -> tuple[Database, BlobFolder]:
    place = locate(where, blobs, create=create)
    return open_database(place.url, create=create), BlobFolder(place.blobs)
