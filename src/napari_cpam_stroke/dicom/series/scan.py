"""Find every CT series in a folder, a DICOMDIR or a zip archive, reading each header once and no pixels."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from napari_cpam_stroke.core.notice import NoticeCode, refusal
from napari_cpam_stroke.dicom.file.archive import Archive, is_archive
from napari_cpam_stroke.dicom.file.dicomdir import FileFinder, is_dicomdir, listed_files
from napari_cpam_stroke.dicom.file.frame_header import FrameHeader
from napari_cpam_stroke.dicom.file.limits import MAX_HEADER_BYTES
from napari_cpam_stroke.dicom.file.other_formats import explain
from napari_cpam_stroke.dicom.file.sources import ByteSource, FileSource, UnreadableError
from napari_cpam_stroke.dicom.headers.frames import Origin, read_frames
from napari_cpam_stroke.dicom.headers.header_cache import HeaderCache
from napari_cpam_stroke.dicom.headers.pixel_check import TruncatedError
from napari_cpam_stroke.dicom.headers.pseudonym import Pseudonyms
from napari_cpam_stroke.dicom.series.entries import describe_series
from napari_cpam_stroke.dicom.series.folder_report import FolderReport
from napari_cpam_stroke.dicom.series.folder_walk import file_stamp, walk_files
from napari_cpam_stroke.dicom.series.proposal import propose
from napari_cpam_stroke.dicom.series.rejected_file import RejectedFile
from napari_cpam_stroke.errors import CancelledError, InputError
from napari_cpam_stroke.progress import Cancelled, Progress

_CACHE = HeaderCache()


def scan_folder(
    path: Path | str, *, progress: Progress | None = None, cancelled: Cancelled | None = None
) -> FolderReport:
    """Return every series below `path` with its verdict, and every file that was set aside.

    Parameters
    ----------
    path
        A folder, one DICOM file, a DICOMDIR or a zip archive. Links inside are not followed.
    progress
        Called with files done and files in all.
    cancelled
        Asked before every file.

    Raises
    ------
    InputError
        If there is nothing at `path`.
    CancelledError
        If `cancelled` said so.
    """
    return _scan([_existing(Path(path))], progress, cancelled).report()


def scan_paths(
    paths: Sequence[Path], *, progress: Progress | None = None, cancelled: Cancelled | None = None
) -> FolderReport:
    """Return every series at several paths, as `scan_folder` does of one; a slice stands for its series.

    Parameters
    ----------
    paths
        Folders, DICOM files, DICOMDIR and zip archives. Where a DICOM file lies in a folder, the folder is read, and
        of what it holds a series with one of the named files is proposed.

    Raises
    ------
    InputError
        If there is nothing at one of the paths.
    CancelledError
        If `cancelled` said so.
    """
    there = [_existing(Path(path)) for path in paths]
    first = _scan(there, progress, cancelled)
    slices = {frame.path for frame in first.frames} & set(there)
    if not slices:
        return first.report()
    folders = [path.parent if path in slices else path for path in there]
    return _scan(folders, progress, cancelled).report(named=slices)


def _scan(paths: Sequence[Path], progress: Progress | None, cancelled: Cancelled | None) -> _Scan:
    scan = _Scan(Pseudonyms.from_home(), progress or (lambda _done, _all: None), cancelled or (lambda: False))
    for path in _outermost(paths):
        scan.folder(path) if path.is_dir() else scan.one_file(path)
    return scan


def _outermost(paths: Sequence[Path]) -> list[Path]:
    """Return the paths that lie in none of the others, each once."""
    there = dict.fromkeys(paths)
    return [path for path in there if not there.keys() & set(path.parents)]


def _existing(path: Path) -> Path:
    """Return the path itself, or what it links to: a link that the user names is meant."""
    try:
        if path.exists():
            return path.resolve() if path.is_symlink() else path
    except OSError as error:
        raise InputError("The path cannot be opened", got=error.strerror, remedy="check its permissions") from error
    raise InputError("There is no such file or folder", got=path, remedy="check the path")


@dataclass
class _Scan:
    """What one scan gathers."""

    pseudonyms: Pseudonyms
    progress: Progress
    cancelled: Cancelled
    frames: list[FrameHeader] = field(default_factory=list)
    lost: list[FrameHeader] = field(default_factory=list)
    rejected: list[RejectedFile] = field(default_factory=list)

    def report(self, *, named: Collection[Path] = ()) -> FolderReport:
        """Return what was found; with named slices, a series that holds one of them is proposed."""
        entries, duplicates = describe_series(self.frames, self.lost, self.pseudonyms)
        wanted = [entry for entry in entries if set(named) & set(entry.files)] or entries
        proposed, reason = propose(wanted)
        if named and proposed is None:
            proposed = next((entry for entry in wanted if entry.verdict != "refused"), None)
        rejected = sorted((*self.rejected, *duplicates), key=lambda each: str(each.path))
        return FolderReport(tuple(entries), tuple(rejected), proposed, reason)

    def folder(self, folder: Path) -> None:
        """Read everything below a folder."""
        files, passed_over = walk_files(folder)
        self.rejected += passed_over
        self._read_all(files)

    def one_file(self, path: Path) -> None:
        """Read one file, or what a DICOMDIR or an archive holds."""
        if is_dicomdir(path.name):
            self._dicomdir(path, follow=True)
        else:
            self._read_all([(path, file_stamp(path))])

    def _read_all(self, files: list[tuple[Path, tuple[int, int]]]) -> None:
        for done, (path, stamp) in enumerate(files):
            self._step(done, len(files))
            if is_dicomdir(path.name):
                self._dicomdir(path, follow=False)
            elif (known := _CACHE.get(path, stamp, self.pseudonyms)) is not None:
                self._keep(path, known)
            else:
                self._file(path, stamp)
        self.progress(len(files), len(files))

    def _step(self, done: int, total: int) -> None:
        if self.cancelled():
            raise CancelledError("The scan was stopped")
        self.progress(done, total)

    def _file(self, path: Path, stamp: tuple[int, int]) -> None:
        try:
            with closing(FileSource(path)) as source:
                if not is_archive(source):
                    self._read(path, stamp, source)
                    return
        except UnreadableError as error:
            self._keep(path, error)
            return
        self._archive(path)

    def _read(self, path: Path, stamp: tuple[int, int], source: ByteSource) -> None:
        result: tuple[FrameHeader, ...] | UnreadableError
        try:
            result = read_frames(source, Origin(path, stamp), self.pseudonyms)
        except UnreadableError as error:
            result = explain(source, error)
        _CACHE.put(path, stamp, self.pseudonyms, result)
        self._keep(path, result)

    def _keep(self, path: Path, result: tuple[FrameHeader, ...] | UnreadableError) -> None:
        if isinstance(result, UnreadableError):
            self.rejected.append(RejectedFile(path, result.notice))
            if isinstance(result, TruncatedError):
                self.lost += result.frames
        else:
            self.frames += result

    def _archive(self, path: Path) -> None:
        try:
            with Archive(path) as archive:
                for done, name in enumerate(archive.names):
                    self._step(done, len(archive.names))
                    self._member(archive, name)
        except UnreadableError as error:
            self.rejected.append(RejectedFile(path, error.notice))

    def _member(self, archive: Archive, name: str) -> None:
        path = archive.path / name
        if is_dicomdir(PurePosixPath(name).name):
            return
        stamp = archive.stamp(name)
        known = _CACHE.get(path, stamp, self.pseudonyms)
        if known is not None:
            self._keep(path, known)
            return
        try:
            with closing(archive.open(name, MAX_HEADER_BYTES)) as source:
                self._read(path, stamp, source)
        except UnreadableError as error:
            self._keep(path, error)

    def _dicomdir(self, path: Path, *, follow: bool) -> None:
        """Check what a DICOMDIR lists; read it too unless the whole folder is read anyway."""
        try:
            with closing(FileSource(path)) as source:
                listed, refused = listed_files(source)
        except UnreadableError as error:
            self.rejected.append(RejectedFile(path, error.notice))
            return
        self.rejected += [RejectedFile(path, notice) for notice in refused]
        finder = FileFinder(path.parent)
        found = [(item, finder.find(item)) for item in listed]
        if listed and not any(file for _, file in found):
            self._look_around(path, len(listed), follow=follow)
            return
        missing = refusal(NoticeCode.DICOMDIR_MISSING_FILE, "listed in the DICOMDIR, but not there")
        self.rejected += [RejectedFile(path.parent / i, missing) for i, f in found if not f]
        if follow:
            self._read_all([(f, file_stamp(f)) for _, f in found if f])

    def _look_around(self, path: Path, listed: int, *, follow: bool) -> None:
        """Read the folder of a DICOMDIR of whose files none is there, and say so."""
        sentence = f"none of the {listed} files that it lists is there; what lies in its folder was read instead"
        self.rejected.append(RejectedFile(path, refusal(NoticeCode.DICOMDIR_LEADS_NOWHERE, sentence)))
        if follow:
            files, passed_over = walk_files(path.parent)
            self.rejected += passed_over
            self._read_all([file for file in files if not is_dicomdir(file[0].name)])
