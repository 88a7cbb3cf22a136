"""`store`: back it up, restore it, mend it, clean it."""

from __future__ import annotations

from collections.abc import Iterable

from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.commands.console import complain, progress_of, say

MEGABYTE = 1e6


def back_up_store(address: str, folder: str) -> int:
    """Copy a store as it is into a new folder; return 1 if something in it is damaged, else 0."""
    with progress_of("copying") as step:
        copied = AnnotationStore.back_up(address, folder, progress=lambda done, total: step("files", done, total))
    say(f"The backup is whole: the database and {copied.files} pixel files, read again at {folder}")
    return _told("It holds what was damaged in the store already:", copied.problems)


def restore_store(backup: str, folder: str) -> int:
    """Make a store of a backup in a new folder; return 1 if something in it was damaged already, else 0."""
    with progress_of("restoring") as step:
        copied = AnnotationStore.restore(backup, folder, progress=lambda done, total: step("files", done, total))
    say(f"The store is restored: the database and {copied.files} pixel files, read again at {folder}")
    return _told("Damaged when the backup was made:", copied.problems)


def repair_store(address: str, backup: str | None) -> int:
    """Mend a store; return 1 if something is still damaged, else 0."""
    done = AnnotationStore.repair(address, backup=backup)
    say(f"Records set right: {done.mended}; taken from the backup: {done.taken} records, {done.files} pixel files")
    say(f"What was replaced is kept: {done.aside}")
    return _told("Still damaged:", done.problems)


def clean_store(address: str, *, older_than_hours: float, remove: bool) -> None:
    """Remove what crashes left, or say what would be removed."""
    with AnnotationStore.open(address, create=False) as store:
        found = store.clean(older_than_hours=older_than_hours, remove=remove)
    done = "Removed" if remove else "Would be removed"
    say(
        f"{done}: {found.unknown} pixel files of no case and {found.unfinished} unfinished ones, "
        f"{found.size_bytes / MEGABYTE:.1f} MB"
    )


def _told(heading: str, problems: Iterable[str]) -> int:
    """Say what is damaged; return the exit code."""
    several = list(problems)
    if several:
        complain(heading)
    for problem in several:
        complain(problem)
    return int(bool(several))
