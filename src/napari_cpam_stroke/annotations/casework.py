"""Cases: adding them, their place in the worklist, their patient's split."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from napari_cpam_stroke.annotations.checksums import damaged
from napari_cpam_stroke.annotations.listed_rows import keep_listed
from napari_cpam_stroke.annotations.opinion import Opinion
from napari_cpam_stroke.annotations.opinion_rows import keep_opinion
from napari_cpam_stroke.annotations.packing import pack_geometry
from napari_cpam_stroke.annotations.records import (
    SPLITS,
    STATUSES,
    CaseRecord,
    ModelRecord,
    Split,
    Status,
    one_of,
)
from napari_cpam_stroke.annotations.remarks import pack_remarks
from napari_cpam_stroke.annotations.rows import case_record, sentences_to_text, utc_now
from napari_cpam_stroke.annotations.saving import require_case
from napari_cpam_stroke.annotations.schema import CaseRow, PatientRow
from napari_cpam_stroke.annotations.splits import class_of, share_out
from napari_cpam_stroke.annotations.stored_text import without_unkept
from napari_cpam_stroke.core import CLASS_NAMES, CTVolume
from napari_cpam_stroke.core.suspicion_scale import TOP
from napari_cpam_stroke.errors import InputError, StoreError

HASH_IN_NAME = 6
"""Hex digits that tell apart two states of the same series."""

NAME_MARK = "~"
"""Stands between the name and those digits."""


def find_content(session: Session, content_hash: str) -> CaseRow | None:
    """Return the case with exactly these pixels and positions."""
    case = session.scalar(select(CaseRow).where(CaseRow.content_hash == content_hash))
    if case is not None and case.content_hash != content_hash:
        raise damaged("the index that leads to cases by their pixels")
    return case


def record_of(session: Session, case: CaseRow) -> CaseRecord:
    """Return a case row as a record, with its patient's split."""
    return case_record(case, require_patient(session, case.patient_id).split)


def require_patient(session: Session, patient_id: str) -> PatientRow:
    """Return a patient's row."""
    row = session.get(PatientRow, patient_id)
    if row is None:
        raise StoreError(f"The store has no patient {patient_id!r}", remedy="look it up in the list of cases")
    if row.patient_id != patient_id:
        raise damaged(f"the index that leads to patient {patient_id}")
    return row


def case_row(
    session: Session, volume: CTVolume, pixels: str, *, source: str, hu_range: tuple[int, int] | None, patient: str
) -> CaseRow:
    """Return the row of a new case, not added yet."""
    name = free_name(session, volume.case_id, volume.content_hash)
    floor, ceiling = hu_range or (None, None)
    return CaseRow(
        case_id=name,
        patient_id=patient,
        source=source,
        content_hash=volume.content_hash,
        pixels=pixels,
        slices=volume.shape[0],
        rows=volume.shape[1],
        columns=volume.shape[2],
        hu_floor=floor,
        hu_ceiling=ceiling,
        pixels_lossy=volume.pixels_lossy,
        facts=pack_remarks(volume),
        warnings=without_unkept(sentences_to_text(volume.warnings)),
        geometry=None if volume.geometry is None else pack_geometry(volume.geometry),
        added=utc_now(),
        search_text=without_unkept(" ".join([name, source, *volume.facts]).lower()),
    )


def free_name(session: Session, name: str, content_hash: str) -> str:
    """Return the name, with part of the content's hash where the store holds other pixels under it."""
    return name if session.get(CaseRow, name) is None else f"{name}{NAME_MARK}{content_hash[:HASH_IN_NAME]}"


def named_as(case_id: str, name: str) -> bool:
    """Whether `free_name` made a case's name of this one."""
    return case_id == name or case_id.rpartition(NAME_MARK)[0] == name


def place_patient(session: Session, patient: str, split: Split | None) -> None:
    """Make the patient known; a split is set once, a later one changes nothing."""
    row = session.get(PatientRow, patient)
    if row is None:
        session.add(PatientRow(patient_id=patient, split=split))
        session.flush()
    elif row.split is None:
        row.split = split


def put_prediction(
    session: Session, case_id: str, opinion: Opinion, model: ModelRecord, *, uncertainty: float | None
) -> CaseRow:
    """Note what a model says of a whole case; a new case becomes a predicted one."""
    probabilities = opinion.probabilities
    if set(probabilities) != set(CLASS_NAMES) or not all(0 <= p <= 1 for p in probabilities.values()):
        raise InputError(
            "A prediction needs one probability per class", got=dict(probabilities), expected=", ".join(CLASS_NAMES)
        )
    case = require_case(session, case_id, lock=True)
    case.ischemia_probability, case.hemorrhage_probability = (float(probabilities[name]) for name in CLASS_NAMES)
    values = [value / TOP for value in opinion.suspicions.values()] or list(probabilities.values())
    case.suspicion = max(values)
    unsure = 1 - min(abs(2 * value - 1) for value in values)
    case.uncertainty = unsure if uncertainty is None else uncertainty
    case.model_name, case.model_version, case.model_sha256 = model.name, model.version, model.sha256
    case.status = "predicted" if case.status == "new" else case.status
    keep_opinion(session, case, opinion)
    keep_listed(session, case)
    return case


def put_status(session: Session, case_id: str, status: Status) -> CaseRow:
    """Set the worklist status of a case."""
    case = require_case(session, case_id, lock=True)
    case.status = one_of(status, STATUSES, "status")
    keep_listed(session, case)
    return case


def put_reader(session: Session, case_id: str, reader: str) -> CaseRow:
    """Assign a case to a reader; empty: to nobody."""
    case = require_case(session, case_id, lock=True)
    case.reader = reader
    keep_listed(session, case)
    return case


def assign(
    session: Session, *, fractions: tuple[float, float, float], seed: int, only: Collection[str] | None
) -> dict[str, Split]:
    """Give every patient without a split one, or only these of them, and return the new ones."""
    cases = session.scalars(select(CaseRow)).all()
    sources: dict[str, str] = {}
    labels: dict[str, list[tuple[int, int]]] = {}
    for case in cases:
        sources[case.patient_id] = min(case.source, sources.get(case.patient_id, case.source))
        labels.setdefault(case.patient_id, []).append((case.ischemia_label, case.hemorrhage_label))
    rows = {row.patient_id: row for row in session.scalars(select(PatientRow).with_for_update())}
    assigned = {name: as_split(row.split) for name, row in rows.items() if row.split is not None}
    strata = {patient: (sources[patient], class_of(labels[patient])) for patient in sources}
    if only is not None:
        strata = {patient: stratum for patient, stratum in strata.items() if patient in only or patient in assigned}
    given = share_out(strata, assigned, fractions=fractions, seed=seed)
    for patient, split in given.items():
        rows[patient].split = split
    return given


def as_split(stored: str | None) -> Split:
    """Return a stored word as a split."""
    return one_of(stored, SPLITS, "split")  # type: ignore[arg-type]
