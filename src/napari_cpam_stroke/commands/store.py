"""`store`: check an annotation store, copy it, merge another one into it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.commands.console import complain, print_json, progress_of, say


def check_store(address: str, *, as_json: bool) -> int:
    """Read everything in a store; return 1 if something in it is damaged, else 0."""
    with AnnotationStore.open(address, create=False) as store, progress_of("checking") as step:
        problems = store.check(lambda done, total: step("cases", done, total))
        counts, splits = store.counts(), store.splits()
    if as_json:
        print_json({"problems": problems, "cases": counts, "patients": splits})
        return int(bool(problems))
    say(f"Cases: {sum(counts.values())} ({_counted(counts)})")
    say(f"Patients: {sum(splits.values())} ({_counted(splits)})")
    for problem in problems:
        complain(problem)
    if not problems:
        say("Everything in it is as it was written.")
    return int(bool(problems))


def export_store(address: str, folder: str) -> None:
    """Copy a store into a new folder."""
    with AnnotationStore.open(address, create=False) as store, progress_of("exporting") as step:
        copied = store.export(folder, progress=lambda done, total: step("cases", done, total))
    say(f"Copied {copied.cases} cases with {copied.revisions} revisions to {folder}")


def import_store(address: str, other: str) -> None:
    """Take over what another store has and this one lacks; this one is made where there is none."""
    with AnnotationStore.open(other, create=False):
        pass
    with AnnotationStore.open(address) as store, progress_of("importing") as step:
        new = store.import_from(other, progress=lambda done, total: step("cases", done, total))
    branches = f", {new.branches} of them beside the main line" if new.branches else ""
    say(f"Took over {new.cases} cases and {new.revisions} revisions{branches} from {other}")


def _counted(counts: Mapping[Any, int]) -> str:
    return ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in counts.items() if number) or "none"
