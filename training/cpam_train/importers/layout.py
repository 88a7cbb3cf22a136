"""Finding the files of a published layout, and saying what was expected where they are not."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from pathlib import Path

from napari_cpam_stroke.errors import InputError


def require_folder(src: Path) -> None:
    """Refuse a path that is no folder."""
    if not src.is_dir():
        raise InputError("Source is not a folder", got=src, remedy="give the folder the data set was unpacked into")


def require(paths: Iterable[Path], src: Path, expected: str) -> list[Path]:
    """Return the paths in order, or refuse a folder that holds none of what the layout promises."""
    ordered = sorted(paths)
    if not ordered:
        raise InputError("Folder does not have the expected layout", got=src, expected=expected)
    return ordered


def by_stem(folder: Path, *suffixes: str) -> dict[str, Path]:
    """Return the files of a folder by name without suffix, none that is hidden; `suffixes` are lower case with dot.

    Raises
    ------
    InputError
        For two files that differ in their suffix alone: which of them counts cannot be told.
    """
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.name.startswith(".") or not path.name.lower().endswith(suffixes):
            continue
        if (other := found.setdefault(strip(path.name), path)) is not path:
            raise InputError(
                f"Two files in {folder.name} differ in their suffix alone",
                got=f"{other.name}, {path.name}",
                expected="one file per case",
                remedy="leave only the one that counts",
            )
    return found


def strip(name: str) -> str:
    """Return a file name without its suffix; `.nii.gz` counts as one."""
    return name[: -len(".nii.gz")] if name.lower().endswith(".nii.gz") else Path(name).stem


def folded(name: str) -> str:
    """Return the letters and digits of a name without case and accents, so that copies of one release compare equal."""
    plain = unicodedata.normalize("NFKD", name.replace("\u0131", "i")).casefold()
    return "".join(c for c in plain if c.isalnum())


def child(folder: Path, name: str) -> Path | None:
    """Return the subfolder of that name, compared by `folded`."""
    return next((p for p in sorted(folder.iterdir()) if p.is_dir() and folded(p.name) == name), None)


def named(folder: Path, start: str) -> bool:
    """Return whether a folder's name starts like this, compared by `folded`."""
    return folded(folder.name).startswith(start)


def numeric(name: str) -> tuple[int, str]:
    """Return a sort key by which 2 comes before 10."""
    digits = "".join(c for c in name if c.isdigit())
    return (int(digits) if digits else -1, name)
