"""A folder that is there whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from napari_cpam_stroke.errors import InputError


@contextmanager
def whole_folder(target: Path, *, replaceable: Collection[str]) -> Iterator[Path]:
    """Give an empty folder to write into; on success it becomes `target`, on failure it vanishes.

    Parameters
    ----------
    replaceable
        Names that an earlier run may have left in `target`; a target with anything else in it is not replaced.

    Raises
    ------
    InputError
        If `target` is a file or holds files of someone else, or its parent cannot be made.
    """
    _refuse_foreign(target, replaceable)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}-"))
    except OSError as error:
        raise InputError(
            f"Nothing can be written in {target.parent}", got=error.strerror, remedy="choose another folder"
        ) from error
    try:
        staging.chmod(0o755)
        yield staging
        _refuse_foreign(target, replaceable)
        _swap(staging, target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _refuse_foreign(target: Path, replaceable: Collection[str]) -> None:
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise InputError(f"{target} is not a folder", remedy="choose another output folder")
    foreign = sorted(p.name for p in target.iterdir() if p.name not in replaceable) if target.exists() else []
    if foreign:
        raise InputError(
            f"{target} holds files that this program did not write",
            got=foreign[0],
            remedy="choose another output folder",
        )


def _swap(staging: Path, target: Path) -> None:
    """Put `staging` in the place of `target`; the old one goes only after the new one is there."""
    old = staging.with_name(f"{staging.name}.old")
    if target.exists():
        target.rename(old)
    try:
        staging.rename(target)
    except OSError:
        if old.exists():
            old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)
