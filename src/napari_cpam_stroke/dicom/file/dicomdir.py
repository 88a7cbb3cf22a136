"""The files that a DICOMDIR lists, as far as they lie in its own folder."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from napari_cpam_stroke.core.notice import Notice, NoticeCode, refusal
from napari_cpam_stroke.dicom.file.elements import Elements, read_header
from napari_cpam_stroke.dicom.file.sources import ByteSource, UnreadableError

MEDIA_STORAGE_DIRECTORY = "1.2.840.10008.1.3.10"
"""SOP class of a DICOMDIR."""

_SOP_CLASS, _RECORDS, _FILE_ID = 0x00020002, 0x00041220, 0x00041500


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


def find_below(folder: Path, listed: PurePosixPath) -> Path | None:
    """Return the file that a DICOMDIR lists, whatever the case of its name; None if it is missing or behind a link."""
    place = folder
    for part in listed.parts:
        candidates = (part, part.lower(), part.upper())
        found = next((place / name for name in candidates if (place / name).exists()), None)
        if found is None or found.is_symlink():
            return None
        place = found
    return place if place.is_file() else None


def _file_id(record: Elements) -> tuple[str, ...]:
    value = record.get(_FILE_ID)
    if not isinstance(value, bytes):
        return ()
    text = value.decode("latin-1").strip(" \0")
    return tuple(part.strip() for part in text.split("\\")) if text else ()


def _safe(part: str) -> bool:
    return bool(part) and part not in (".", "..") and not set(part) & set("/:\0") and part.isprintable()
