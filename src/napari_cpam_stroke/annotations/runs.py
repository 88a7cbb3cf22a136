"""What models found in the series of a store: kept beside the readings, one result for each version of a model."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from napari_cpam_stroke.annotations.blobs import BlobFolder
from napari_cpam_stroke.annotations.case_rows import all_of_case
from napari_cpam_stroke.annotations.checksums import TableColumns, with_one_more
from napari_cpam_stroke.annotations.database import Database
from napari_cpam_stroke.annotations.records import ModelLike, ModelRecord
from napari_cpam_stroke.annotations.rows import IDENTITY_LENGTH, utc_now
from napari_cpam_stroke.annotations.saving import require_case
from napari_cpam_stroke.annotations.schema import CaseRow, RunRow
from napari_cpam_stroke.annotations.stacks import encode_stack
from napari_cpam_stroke.core import CLASS_NAMES
from napari_cpam_stroke.core.arrays import Mask
from napari_cpam_stroke.errors import GeometryMismatchError, StoreError

RUNS = TableColumns(RunRow, first=1)


class RunLike(Protocol):
    """What a store keeps of a prediction."""

    @property
    def mask(self) -> Mask:
        """uint8 (Z, Y, X)."""

    @property
    def probabilities(self) -> NDArray[np.uint8]:
        """uint8 (2, Z, Y, X), 0..255 for 0..1, classes in the order of `CLASS_NAMES`."""

    @property
    def model(self) -> ModelLike:
        """Which model."""


@dataclass(frozen=True)
class ModelRun:
    """That a model was run on a case; what it found is read with `AnnotationStore.read_run`.

    Attributes
    ----------
    created
        UTC.
    details
        Plain values as `keep_run` was given them.
    """

    id: str
    case_id: str
    created: datetime
    model: ModelRecord
    details: dict[str, Any]


class StoredRuns:
    """Results of models in, results out."""

    def __init__(self, database: Database, blobs: BlobFolder) -> None:
        self._database, self._blobs = database, blobs

    def keep_run(self, case_id: str, run: RunLike, details: dict[str, Any]) -> ModelRun:
        """Keep what a model found beside everything that was found before; the same result is kept once.

        Parameters
        ----------
        details
            All else that is needed to show the result again, as JSON values.

        Raises
        ------
        GeometryMismatchError
            If the result has another shape than the case.
        StoreError
            If the store has no such case, or cannot be written.
        """
        with self._database.reading() as session:
            case = require_case(session, case_id)
            _check_shape(case, run)
            content_hash = case.content_hash
        row = RunRow(
            case_id=case_id,
            created=utc_now(),
            model_name=run.model.name,
            model_version=run.model.version,
            model_sha256=run.model.sha256,
            mask=self._blobs.put(encode_stack(run.mask)),
            details=json.dumps(details, sort_keys=True),
            **{
                name: self._blobs.put(encode_stack(probabilities))
                for name, probabilities in zip(CLASS_NAMES, run.probabilities, strict=True)
            },
        )
        row.id = run_identity(row, content_hash)
        with self._database.writing() as session:
            case = require_case(session, case_id, lock=True)
            there = session.get(RunRow, row.id)
            if there is None:
                add_run(session, case, row)
            return _run_record(there or row)

    def runs(self, case_id: str) -> list[ModelRun]:
        """Return what models found in a case, oldest first."""
        with self._database.reading() as session:
            return [_run_record(row) for row in runs_of(session, case_id)]

    def read_run(self, run_id: str) -> tuple[Mask, NDArray[np.uint8]]:
        """Return mask (Z, Y, X) and probabilities (2, Z, Y, X) of a run, both uint8.

        Raises
        ------
        StoreError
            If there is no such run, or a file of it is missing or damaged.
        """
        with self._database.reading() as session:
            row = session.get(RunRow, run_id)
            if row is None or row.id != run_id:
                raise StoreError(f"The store has no model run {run_id!r}", remedy="look it up in the case's runs")
            names = blobs_of_run(row)
        mask, *maps = (np.asarray(self._blobs.read(name), dtype=np.uint8) for name in names.values())
        return mask, np.stack(maps)


def add_run(session: Session, case: CaseRow, row: RunRow) -> None:
    """Add what a model found to its case."""
    row.case_id = case.case_id
    session.add(row)
    session.flush()
    case.runs_held = with_one_more(case.runs_held, row.checksum)


def runs_of(session: Session, case_id: str) -> list[Any]:
    """Return the rows of a case's runs, oldest first, their values by name.

    Raises
    ------
    StoreError
        If one is damaged or missing.
    """
    runs = RunRow.__table__.c
    return all_of_case(session, case_id, RUNS, CaseRow.__table__.c.runs_held, [runs.created, runs.id])


def blobs_of_run(row: Any) -> dict[str, str]:
    """Return the pixel files of a run by what they are: the mask, then a map for each of `CLASS_NAMES`."""
    return {"mask": row.mask, **{name: getattr(row, name) for name in CLASS_NAMES}}


def run_identity(row: RunRow, content_hash: str) -> str:
    """Return the sha256 of what a run found in which pixels; neither the moment nor the store is part of it."""
    parts = (
        content_hash,
        row.model_name,
        row.model_version,
        row.model_sha256,
        *blobs_of_run(row).values(),
        row.details,
    )
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:IDENTITY_LENGTH]


def _run_record(row: Any) -> ModelRun:
    return ModelRun(
        id=row.id,
        case_id=row.case_id,
        created=datetime.fromisoformat(row.created),
        model=ModelRecord(row.model_name, row.model_version, row.model_sha256),
        details=json.loads(row.details),
    )


def _check_shape(case: CaseRow, run: RunLike) -> None:
    shape = (case.slices, case.rows, case.columns)
    expected = (shape, (len(CLASS_NAMES), *shape))
    got = (run.mask.shape, run.probabilities.shape)
    if got != expected:
        raise GeometryMismatchError(
            f"The model's result does not belong to case {case.case_id}", got=got, expected=f"{expected}"
        )
