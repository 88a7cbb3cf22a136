"""What a damaged store lacks, taken from a backup: rows that are damaged or missing, and what belongs to them."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

from napari_cpam_stroke.annotations.checksums import checksum_of, sum_of
from napari_cpam_stroke.annotations.salvage import Salvaged
from napari_cpam_stroke.annotations.schema import Base, CaseRow, OpinionRow, PatientRow, RevisionRow, RunRow


def fill_gaps(here: dict[type[Base], Salvaged], there: dict[type[Base], Salvaged]) -> int:
    """Take from a backup what is damaged or missing here; return how many rows that were."""
    taken = sum(_fill_up(here[kind], there[kind]) for kind in (PatientRow, CaseRow))
    return taken + _fill_up_opinions(here, there) + _fill_up_histories(here, there)


def _fill_up(here: Salvaged, there: Salvaged) -> int:
    """Take rows that are damaged or missing from a backup; return how many.

    A damaged patient without a split in the backup may have been given one later: which one is not guessed.
    """
    damaged = {values[0] for values in here.damaged}
    missing = [
        key
        for key, row in there.whole.items()
        if key not in here.whole and not (key in damaged and getattr(row, "split", "needs none") is None)
    ]
    for key in missing:
        here.whole[key] = there.whole[key]
        here.whole[key].from_backup = True
    here.damaged = [values for values in here.damaged if values[0] not in set(missing)]
    return len(missing)


def _fill_up_opinions(here: dict[type[Base], Salvaged], there: dict[type[Base], Salvaged]) -> int:
    """Take what was damaged, and what belongs to the records of cases that were taken; others may be gone rightly."""
    cases, damaged = here[CaseRow].whole, {values[0] for values in here[OpinionRow].damaged}
    wanted = {name for name, case in cases.items() if getattr(case, "from_backup", False)} | damaged
    there[OpinionRow].whole = {name: row for name, row in there[OpinionRow].whole.items() if name in wanted}
    return _fill_up(here[OpinionRow], there[OpinionRow])


def _fill_up_histories(here: dict[type[Base], Salvaged], there: dict[type[Base], Salvaged]) -> int:
    """Take the revisions and runs that cases lack from a backup, and make the record of a case taken from there fit."""
    taken = 0
    for kind, held in ((RevisionRow, "revisions_held"), (RunRow, "runs_held")):
        now, before = _by_case(here[kind]), _by_case(there[kind])
        for name, case in here[CaseRow].whole.items():
            taken_over = getattr(case, "from_backup", False)
            if taken_over or sum_of(row.checksum for row in now[name]) != getattr(case, held):
                taken += _add_missing(here[kind], now[name], before[name])
            if taken_over:
                setattr(case, held, sum_of(row.checksum for row in now[name]))
                if kind is RevisionRow:
                    _point_at_newest(case, now[name])
    for case in here[CaseRow].whole.values():
        case.checksum = checksum_of(CaseRow, case)
    return taken


def _by_case(rows: Salvaged) -> dict[str, list[Any]]:
    of_case: dict[str, list[Any]] = defaultdict(list)
    for row in rows.whole.values():
        of_case[row.case_id].append(row)
    return of_case


def _add_missing(rows: Salvaged, now: list[Any], before: list[Any]) -> int:
    numbers = {getattr(row, "number", row.id) for row in now}
    missing = [row for row in before if row.id not in rows.whole and getattr(row, "number", row.id) not in numbers]
    for row in missing:
        rows.whole[row.id] = row
        now.append(row)
    keys = {row.id for row in missing}
    rows.damaged = [values for values in rows.damaged if values[0] not in keys]
    return len(missing)


def _point_at_newest(case: Any, revisions: list[Any]) -> None:
    """Let a case as it was in the backup show the newest version that there is now."""
    newest = max((row for row in revisions if not row.branch), key=lambda row: row.number, default=None)
    if newest is not None and newest.id != case.head:
        case.head, case.status = newest.id, newest.status
        case.comment = newest.comment or case.comment
        case.ischemia_label, case.hemorrhage_label = json.loads(newest.labels)["series_labels"]
