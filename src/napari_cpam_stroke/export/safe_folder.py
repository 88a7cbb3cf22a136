"""The folder of results: whole or not at all, and never in the place of files that are not ours."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.files import whole_folder


@contextmanager
def result_folder(target: Path, *, replaceable: Collection[str]) -> Iterator[Path]:
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
    with ExitStack() as stack:
        try:
            staging = stack.enter_context(whole_folder(target, existing="replace", durable=True))
        except OSError as error:
            raise InputError(
                f"Nothing can be written in {target.parent}", got=error.strerror, remedy="choose another folder"
            ) from error
        yield staging
        _refuse_foreign(target, replaceable)


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
