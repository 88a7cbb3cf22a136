"""The files that a DICOMDIR lists, as far as they lie in its own folder."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from napari_cpam_stroke.core.notice import Notice, NoticeCode, refusal
from napari_cpam_stroke.dicom.file.elements import Elements, read_header
from napari_cpam_stroke.dicom.file.limits import MAX_FILES
from napari_cpam_stroke.dicom.file.sources import ByteSource, UnreadableError

MEDIA_STORAGE_DIRECTORY = "1.2.840.10008.1.3.10"
"""SOP class of a DICOMDIR."""

_SOP_CLASS, _RECORDS, _FILE_ID = 0x00020002, 0x00041220, 0x00041500
_VERSION, _SUFFIX = re.compile(r";\d{1,5}$"), re.compile(r"\.(dcm|dic|dicom|ima|img)$")


def listed_files(source: ByteSource) -> tuple[list[PurePosixPath], list[Notice]]:
    """Return the relative paths that a DICOMDIR lists, and a notice for each that is refused.

    Raises
    ------
    UnreadableError
        If the file is no DICOMDIR.
    """
    header = read_header(source, {_RECORDS, _FILE_ID})
    records = header.elements.get(_RECORDS)
    if not isinstance(records, list):
        raise UnreadableError("a DICOMDIR without a list of files")
    paths: dict[PurePosixPath, None] = {}
    refused = []
    for record in records:
        parts = _file_id(record)
        if parts and all(map(_safe, parts)):
            paths[PurePosixPath(*parts)] = None
        elif parts:
            refused.append(refusal(NoticeCode.DICOMDIR_OUTSIDE, "the DICOMDIR points to a file outside its folder"))
    return list(paths), refused


def is_dicomdir(name: str) -> bool:
    """Whether a file's name is that of a DICOMDIR, as it stands on the disc or as copying changed it."""
    return _bare(name) == "dicomdir"


class FileFinder:
    """Finds below a folder what a DICOMDIR lists, whatever the case of a name and whatever copying added to it.

    A name counts as the same with an ISO 9660 version number (``IM1;1``, ``IM1.;1``) and with or without a suffix of
    DICOM files (``IM1.dcm``). The most similar name is taken; of names alike, the first in order.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names: dict[Path, dict[str, str]] = {}

    def find(self, listed: PurePosixPath) -> Path | None:
        """Return the file that is meant; None if it is missing or behind a link."""
        place = self._folder
        for part in listed.parts:
            names = self._names_in(place)
            name = next((names[key] for key in _keys(part) if key in names), None)
            if name is None or (place / name).is_symlink():
                return None
            place /= name
        return place if place.is_file() else None

    def _names_in(self, folder: Path) -> dict[str, str]:
        """Return every name in a folder by what it may be called; an exact name goes before a similar one."""
        if folder not in self._names:
            try:
                listed = sorted(path.name for path in folder.iterdir())[:MAX_FILES]
            except OSError:
                listed = []
            names: dict[str, str] = {name: name for name in listed}
            for rank in range(1, len(_keys(""))):
                for name in listed:
                    names.setdefault(_keys(name)[rank], name)
            self._names[folder] = names
        return self._names[folder]


def _keys(name: str) -> tuple[str, str, str]:
    """Return what a name is looked for by: as it is, without case and version number, and without suffix too."""
    unversioned = _VERSION.sub("", name).rstrip(".").casefold()
    return name, unversioned, _bare(name)


def _bare(name: str) -> str:
    """Return a name without version number, suffix of a DICOM file, and case."""
    return _SUFFIX.sub("", _VERSION.sub("", name).rstrip(".").casefold())


def _file_id(record: Elements) -> tuple[str, ...]:
    value = record.get(_FILE_ID)
    if not isinstance(value, bytes):
        return ()
    text = value.decode("latin-1").strip(" \0")
    return tuple(part.strip() for part in text.split("\\")) if text else ()


def _safe(part: str) -> bool:
    return bool(part) and part not in (".", "..") and not set(part) & set("/:\0") and part.isprintable()
