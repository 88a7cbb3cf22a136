"""Opinions in a store: kept with every prediction, and for those of earlier programs made of the runs that are kept."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import RowMapping, delete, select
from sqlalchemy.orm import Session

from napari_cpam_stroke.annotations.checksums import TableColumns
from napari_cpam_stroke.annotations.opinion import Opinion
from napari_cpam_stroke.annotations.schema import CaseRow, OpinionRow, RunRow
from napari_cpam_stroke.annotations.tables import has_table, make_table
from napari_cpam_stroke.core import CLASS_NAMES

OPINIONS, RUNS = TableColumns(OpinionRow), TableColumns(RunRow)

THRESHOLDS, MEMBERS = "series_thresholds", "members"
"""Keys of the details, of an opinion and of a run alike."""


def keep_opinion(session: Session, case: CaseRow, opinion: Opinion) -> None:
    """Keep how a case's prediction is to be read in place of what was kept before."""
    make_table(session, OpinionRow)
    session.execute(delete(OpinionRow).where(OpinionRow.case_id == case.case_id))
    if opinion.thresholds:
        details = {THRESHOLDS: dict(opinion.thresholds), MEMBERS: {k: list(v) for k, v in opinion.members.items()}}
        session.add(OpinionRow(case_id=case.case_id, model_sha256=case.model_sha256, details=json.dumps(details)))
        session.flush()


def copy_opinion(source: Session, target: Session, case_id: str, name: str) -> None:
    """Take over what another store keeps of a case, which goes by `name` here."""
    row = source.get(OpinionRow, case_id) if has_table(source, OpinionRow) else None
    if row is not None:
        make_table(target, OpinionRow)
        target.add(OpinionRow(case_id=name, model_sha256=row.model_sha256, details=row.details))
        target.flush()


def opinions_of(session: Session, cases: Sequence[RowMapping]) -> dict[str, Opinion]:
    """Return by name what a model said last of cases; none of those without a prediction.

    Parameters
    ----------
    cases
        Rows with `case_id`, `model_sha256` and the probabilities.
    """
    predicted = [case for case in cases if case["ischemia_probability"] is not None]
    details = _details(session, OPINIONS, predicted)
    missing = [case for case in predicted if case["case_id"] not in details]
    details |= _details(session, RUNS, missing)
    return {case["case_id"]: _opinion(case, details.get(case["case_id"], {})) for case in predicted}


def _details(session: Session, table: TableColumns, cases: Iterable[RowMapping]) -> dict[str, dict[str, Any]]:
    """Return by name the details that belong to the cases' own models, the newest ones."""
    models = {case["case_id"]: case["model_sha256"] for case in cases}
    if not models or not has_table(session, table.kind):
        return {}
    columns = table.kind.__table__.c
    statement = select(*table.selected).where(columns.case_id.in_(models))
    ordered = statement.order_by(columns.created) if "created" in columns else statement
    rows = [table.of(row) for row in session.execute(ordered)]
    return {row.case_id: json.loads(row.details) for row in rows if row.model_sha256 == models[row.case_id]}


def _opinion(case: Mapping[Any, Any], details: dict[str, Any]) -> Opinion:
    return Opinion(
        probabilities={name: case[f"{name}_probability"] for name in CLASS_NAMES},
        thresholds=details.get(THRESHOLDS, {}),
        members={name: tuple(said) for name, said in details.get(MEMBERS, {}).items()},
    )
