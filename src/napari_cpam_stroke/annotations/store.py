"""The annotation store: cases, immutable revisions, splits; one source for the viewer and the trainer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import wraps
from pathlib import Path
from types import TracebackType
from typing import Concatenate, ParamSpec, Self, TypeVar

from sqlalchemy import URL

from napari_cpam_stroke.annotations.backup import Copied, back_up, new_store, restore
from napari_cpam_stroke.annotations.blobs import BlobFolder
from napari_cpam_stroke.annotations.database import Database
from napari_cpam_stroke.annotations.exchange import ImportSummary, merge
from napari_cpam_stroke.annotations.integrity import Findings, look
from napari_cpam_stroke.annotations.leftovers import SETTLED_HOURS, Leftovers, clean
from napari_cpam_stroke.annotations.listing import CaseList
from napari_cpam_stroke.annotations.location import locate
from napari_cpam_stroke.annotations.migration import as_current, migrate
from napari_cpam_stroke.annotations.opening import open_database
from napari_cpam_stroke.annotations.repair import Repaired, repair
from napari_cpam_stroke.annotations.revisions import RevisionHistory
from napari_cpam_stroke.annotations.runs import StoredRuns
from napari_cpam_stroke.annotations.series import StoredSeries
from napari_cpam_stroke.annotations.worklist import Worklist
from napari_cpam_stroke.progress import Progress

Part = TypeVar("Part")
Given = ParamSpec("Given")
Result = TypeVar("Result")


def _of_part(
    part: Callable[[AnnotationStore], Part], method: Callable[Concatenate[Part, Given], Result]
) -> Callable[Concatenate[AnnotationStore, Given], Result]:
    """Return a method of the store that is a part's own, with its signature and docstring."""

    @wraps(method)
    def call(store: AnnotationStore, /, *args: Given.args, **options: Given.kwargs) -> Result:
        return method(part(store), *args, **options)

    return call


class AnnotationStore:
    """Cases with their pixels, and everything readers and models said about them.

    Open one with `open`; it may be used from several threads and by several programs at once. On a network drive
    SQLite is not safe: there use PostgreSQL. No DICOM header and no patient identity is kept. Every method of the first
    four parts is also one of the store.

    Attributes
    ----------
    series
        Series in, slices out.
    worklist
        Lists of cases, their state, and their patients' splits.
    history
        Revisions in, annotations out.
    model_runs
        Results of models in, results out.
    listing
        The list of cases as a reader sees it; it stands alone, none of its methods is one of the store.
    """

    def __init__(self, database: Database, blobs: BlobFolder) -> None:
        self._database, self._blobs = database, blobs
        self.series = StoredSeries(database, blobs)
        self.worklist = Worklist(database)
        self.history = RevisionHistory(database, blobs)
        self.model_runs = StoredRuns(database, blobs)
        self.listing = CaseList(database)

    def __reduce__(self) -> tuple[Callable[..., AnnotationStore], tuple[type[AnnotationStore], URL, Path]]:
        """Reach another process as an address: it opens the store again."""
        return _open_again, (type(self), self._database.url, self._blobs.root)

    @classmethod
    def open(cls, address: str | Path, *, blobs: Path | None = None, create: bool = True) -> Self:
        """Open a store, or make a new one.

        Parameters
        ----------
        address
            A folder (SQLite), or a `postgresql://` address, which may carry the blob folder as `?blobs=/folder`.
        blobs
            Folder for the pixels; by default inside that folder.
        create
            False: refuse where there is no store yet.

        Raises
        ------
        StoreError
            If it is no store, of another version, or cannot be read; nothing was written then.
        """
        return cls(*_open(address, blobs, create=create))

    @staticmethod
    def migrate(address: str | Path, *, blobs: Path | None = None) -> Path | None:
        """Bring a store of an earlier version up to date, after a backup of its database; close other programs first.

        Returns
        -------
        The backup, an SQLite file; None where the store is of this version already.

        Raises
        ------
        StoreError
            If there is no store, or it cannot be read or written; then it is as it was.
        """
        place = locate(address, blobs, create=False)
        return migrate(place.url, place.blobs.parent)

    @staticmethod
    def back_up(address: str | Path, folder: str | Path, *, progress: Progress | None = None) -> Copied:
        """Copy a store of any version as it is into a new folder, with a list of what is damaged; see `backup`.

        Raises
        ------
        StoreError
            If it cannot be copied; then there is no such folder.
        """
        return back_up(locate(address, None, create=False), Path(folder), progress)

    @staticmethod
    def restore(backup: str | Path, folder: str | Path, *, progress: Progress | None = None) -> Copied:
        """Make a store of a backup in a new folder, and read it again.

        Raises
        ------
        StoreError
            If the backup was damaged since it was made, or cannot be copied; then there is no such folder.
        """
        locate(backup, None, create=False)
        return restore(Path(backup).expanduser(), Path(folder), progress)

    @staticmethod
    def repair(address: str | Path, *, backup: str | Path | None = None) -> Repaired:
        """Mend a store in a folder, by its own checksums and from a backup; what was replaced is put aside in it.

        Raises
        ------
        StoreError
            If another program has it open, or it cannot be written; then it is as it was.
        """
        place = locate(address, None, create=False)
        return repair(place, None if backup is None else locate(backup, None, create=False))

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
        return self.examine(progress).problems

    def examine(self, progress: Progress | None = None) -> Findings:
        """Read everything and return what is not as it was written, and what a crash left that does no harm."""
        with self._database.looking() as session:
            return look(session, self._blobs, progress)

    def clean(self, *, older_than_hours: float = SETTLED_HOURS, remove: bool = True) -> Leftovers:
        """Remove the pixel files that crashes left and nothing needs, or only count them; younger ones stay.

        Raises
        ------
        StoreError
            If anything in the store is damaged; then nothing was removed.
        """
        return clean(self._database, self._blobs, older_than_hours=older_than_hours, remove=remove)

    def export(self, folder: str | Path, *, progress: Progress | None = None) -> ImportSummary:
        """Copy everything into a new store; `progress` is told cases done and cases in all.

        Raises
        ------
        StoreError
            If the folder is not empty, or something here is damaged; then there is no copy.
        """
        with new_store(Path(folder), "The copy") as place:
            database, blobs = _open(place, None, create=True)
            with closing(database), database.writing() as target, blobs.deferred(), self._database.reading() as source:
                return merge(source, self._blobs, target, blobs, progress=progress)

    def import_from(
        self, address: str | Path, *, blobs: Path | None = None, progress: Progress | None = None
    ) -> ImportSummary:
        """Take over what another store, of this version or an earlier one, has and this one lacks.

        Work on the same case is kept as a branch.

        Raises
        ------
        StoreError
            If there is no store, or something in it is damaged; then nothing was taken over.
        """
        place = locate(address, blobs, create=False)
        with (
            as_current(place.url) as url,
            closing(open_database(url, create=False)) as database,
            self._database.writing() as target,
            self._blobs.deferred(),
            database.reading() as source,
        ):
            return merge(source, BlobFolder(place.blobs), target, self._blobs, progress=progress)

    add_case = _of_part(lambda store: store.series, StoredSeries.add_case)
    case = _of_part(lambda store: store.series, StoredSeries.case)
    find = _of_part(lambda store: store.series, StoredSeries.find)
    read_frames = _of_part(lambda store: store.series, StoredSeries.read_frames)
    read_volume = _of_part(lambda store: store.series, StoredSeries.read_volume)

    cases = _of_part(lambda store: store.worklist, Worklist.cases)
    count_cases = _of_part(lambda store: store.worklist, Worklist.count_cases)
    saved_since = _of_part(lambda store: store.worklist, Worklist.saved_since)
    counts = _of_part(lambda store: store.worklist, Worklist.counts)
    set_status = _of_part(lambda store: store.worklist, Worklist.set_status)
    set_reader = _of_part(lambda store: store.worklist, Worklist.set_reader)
    record_prediction = _of_part(lambda store: store.worklist, Worklist.record_prediction)
    assign_splits = _of_part(lambda store: store.worklist, Worklist.assign_splits)
    set_split = _of_part(lambda store: store.worklist, Worklist.set_split)
    splits = _of_part(lambda store: store.worklist, Worklist.splits)
    test_fingerprint = _of_part(lambda store: store.worklist, Worklist.test_fingerprint)

    save = _of_part(lambda store: store.history, RevisionHistory.save)
    revisions = _of_part(lambda store: store.history, RevisionHistory.revisions)
    revision = _of_part(lambda store: store.history, RevisionHistory.revision)
    head = _of_part(lambda store: store.history, RevisionHistory.head)
    read_annotation = _of_part(lambda store: store.history, RevisionHistory.read_annotation)
    read_mask = _of_part(lambda store: store.history, RevisionHistory.read_mask)
    read_prediction_mask = _of_part(lambda store: store.history, RevisionHistory.read_prediction_mask)
    read_blinded_mask = _of_part(lambda store: store.history, RevisionHistory.read_blinded_mask)

    keep_run = _of_part(lambda store: store.model_runs, StoredRuns.keep_run)
    runs = _of_part(lambda store: store.model_runs, StoredRuns.runs)
    read_run = _of_part(lambda store: store.model_runs, StoredRuns.read_run)


def _open_again(kind: type[AnnotationStore], url: URL, blobs: Path) -> AnnotationStore:
    return kind(open_database(url, create=False), BlobFolder(blobs))


def _open(address: str | Path, blobs: Path | None, *, create: bool) -> tuple[Database, BlobFolder]:
    place = locate(address, blobs, create=create)
    return open_database(place.url, create=create), BlobFolder(place.blobs)
