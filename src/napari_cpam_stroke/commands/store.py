"""`store`: check an annotation store, copy it, merge another one into it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.annotations.location import locate
from napari_cpam_stroke.commands.console import complain, print_json, progress_of, say
from napari_cpam_stroke.errors import StoreError


def check_store(address: str, *, as_json: bool) -> int:
    """Read everything in a store; return 1 if something in it is damaged, else 0."""
    with AnnotationStore.open(address, create=False) as store, progress_of("checking") as step:
        found = store.examine(lambda done, total: step("cases", done, total))
        counts, splits = _numbers(store)
    if as_json:
        print_json({"problems": found.problems, "leftovers": found.leftovers, "cases": counts, "patients": splits})
        return int(bool(found.problems))
    say(f"Cases: {sum(counts.values())} ({_counted(counts)})")
    say(f"Patients: {sum(splits.values())} ({_counted(splits)})")
    for problem in found.problems:
        complain(problem)
    if not found.problems:
        say("Everything in it is as it was written.")
    for leftover in found.leftovers:
        say(leftover)
    return int(bool(found.problems))


def export_store(address: str, folder: str) -> None:
    """Copy a store into a new folder."""
    with AnnotationStore.open(address, create=False) as store, progress_of("exporting") as step:
        copied = store.export(folder, progress=lambda done, total: step("cases", done, total))
    say(f"Copied {copied.cases} cases with {copied.revisions} revisions to {folder}")


def import_store(address: str, other: str) -> None:
    """Take over what another store has and this one lacks; this one is made where there is none."""
    locate(other, None, create=False)
    with AnnotationStore.open(address) as store, progress_of("importing") as step:
        new = store.import_from(other, progress=lambda done, total: step("cases", done, total))
    branches = f", {new.branches} of them beside the main line" if new.branches else ""
    say(f"Took over {new.cases} cases and {new.revisions} revisions{branches} from {other}")


def migrate_store(address: str) -> None:
    """Bring a store of an earlier version up to date, after a backup of its database."""
    backup = AnnotationStore.migrate(address)
    if backup is None:
        AnnotationStore.open(address, create=False).close()
        say("The store is of this program's version already; nothing was changed.")
    else:
        say(f"The store is up to date. Its database as it was: {backup}")


def _numbers(store: AnnotationStore) -> tuple[Mapping[Any, int], Mapping[Any, int]]:
    """Count cases by status and patients by split; what is too damaged to be counted is not."""
    try:
        return store.counts(), store.splits()
    except StoreError:
        return {}, {}


def _counted(counts: Mapping[Any, int]) -> str:
    return ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in counts.items() if number) or "none"
