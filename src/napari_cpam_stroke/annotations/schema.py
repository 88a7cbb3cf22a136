"""The tables: small rows that point at blobs. Times are ISO 8601 text in UTC: every database sorts them alike."""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy import Boolean, Float, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

SCHEMA_VERSION = 3
"""Raised by every change of a table; a store of another version is never altered in silence, see `migration`."""

CHECKSUM_LENGTH = 32
"""Hex digits of a row's checksum: 128 bits."""

AFTER_CHECKSUM = 2
"""Place among the columns of one that the checksum leaves out, for many rows of it change at once."""

UNKNOWN_PRIORITY = -1.0
"""Suspicion and uncertainty of a case without a prediction: sorts last on every database."""


class Base(DeclarativeBase):
    """Parent of all tables; every row has a checksum, see `checksums`."""

    WHAT: ClassVar[str]
    """What a row is, in words."""
    SEVERAL: ClassVar[str] = "rows"
    """What rows that belong to a case are called."""
    checksum: Mapped[str] = mapped_column(String(CHECKSUM_LENGTH), sort_order=AFTER_CHECKSUM - 1)


class InfoRow(Base):
    """What is so of the store itself; `schema_version` is written last, so a half-made store is never taken for one."""

    __tablename__ = "store_info"
    WHAT = "note"
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[str] = mapped_column(Text)


class PatientRow(Base):
    """A patient, or a group of cases that must stay together, and its split: set once."""

    __tablename__ = "patients"
    WHAT = "patient"
    patient_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    split: Mapped[str | None] = mapped_column(String(16), index=True)


class CaseRow(Base):
    """One series: pixels by sha256, notices and acquisition packed, geometry packed, worklist columns."""

    __tablename__ = "cases"
    WHAT = "record of case"
    case_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    patient_id: Mapped[str] = mapped_column(ForeignKey("patients.patient_id"), index=True)
    source: Mapped[str] = mapped_column(String(64), index=True)
    content_hash: Mapped[str] = mapped_column(String(64), unique=True)
    pixels: Mapped[str] = mapped_column(String(64))
    slices: Mapped[int] = mapped_column(Integer)
    rows: Mapped[int] = mapped_column(Integer)
    columns: Mapped[int] = mapped_column(Integer)
    hu_floor: Mapped[int | None] = mapped_column(Integer)
    hu_ceiling: Mapped[int | None] = mapped_column(Integer)
    pixels_lossy: Mapped[bool] = mapped_column(Boolean)
    facts: Mapped[str] = mapped_column(Text)
    """All that is said of the series and how it was made, see `remarks`; in rows from before codes (`earlier_rows`)
    sentences, one on a line."""
    warnings: Mapped[str] = mapped_column(Text)
    """The sentences of its warnings, one on a line, for programs from before codes; read here in their rows only."""
    added: Mapped[str] = mapped_column(String(40))
    status: Mapped[str] = mapped_column(String(16), default="new")
    reader: Mapped[str] = mapped_column(String(200), default="")
    comment: Mapped[str] = mapped_column(Text, default="")
    search_text: Mapped[str] = mapped_column(Text, default="")
    head: Mapped[str | None] = mapped_column(String(64))
    ischemia_label: Mapped[int] = mapped_column(Integer, default=-1)
    hemorrhage_label: Mapped[int] = mapped_column(Integer, default=-1)
    ischemia_probability: Mapped[float | None] = mapped_column(Float)
    hemorrhage_probability: Mapped[float | None] = mapped_column(Float)
    suspicion: Mapped[float] = mapped_column(Float, default=UNKNOWN_PRIORITY)
    uncertainty: Mapped[float] = mapped_column(Float, default=UNKNOWN_PRIORITY)
    model_name: Mapped[str | None] = mapped_column(String(200))
    model_version: Mapped[str | None] = mapped_column(String(64))
    model_sha256: Mapped[str | None] = mapped_column(String(64))
    revisions_held: Mapped[str] = mapped_column(String(CHECKSUM_LENGTH), default="0" * CHECKSUM_LENGTH)
    """Sum over the checksums of its revisions: one that is gone shows."""
    runs_held: Mapped[str] = mapped_column(String(CHECKSUM_LENGTH), default="0" * CHECKSUM_LENGTH)
    geometry: Mapped[str | None] = mapped_column(Text)
    """Last, for it is the longest: SQLite reads a row only as far as it must."""
    __table_args__ = (
        Index("ix_cases_newest", "added", "case_id"),
        Index("ix_cases_suspicion", "suspicion", "case_id"),
        Index("ix_cases_uncertainty", "uncertainty", "case_id"),
        Index("ix_cases_status", "status", "case_id"),
    )


class OpinionRow(Base):
    """How the last prediction of a case is to be read, see `opinion_rows`; a case of an earlier program has none."""

    __tablename__ = "case_opinions"
    WHAT = "opinion on case"
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.case_id"), primary_key=True)
    model_sha256: Mapped[str] = mapped_column(String(64))
    """Whose prediction it was; of another model than the case's it is out of date."""
    details: Mapped[str] = mapped_column(Text)
    """JSON: series thresholds by class; where an ensemble answered, what each network says by class."""


class KindRow(Base):
    """What cases of a kind teach for being of it, see `kind_rows`; made anew from the list at any time."""

    __tablename__ = "case_kinds"
    WHAT = "lesson of kind"
    kind: Mapped[str] = mapped_column(String(300), primary_key=True)
    score: Mapped[float] = mapped_column(Float)
    reasons: Mapped[str] = mapped_column(Text)
    """One on a line."""


class ListedRow(Base):
    """What the list of cases is filtered and put in order by: one narrow row for each case, see `listed_rows`.

    Every order has an index that also holds what is filtered by, so that neither counting nor a page far down reads
    the rows between.
    """

    __tablename__ = "case_list_2"
    WHAT = "list entry of case"
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.case_id"), primary_key=True)
    head: Mapped[str | None] = mapped_column(String(64))
    added: Mapped[str] = mapped_column(String(40))
    slices: Mapped[int] = mapped_column(Integer)
    series: Mapped[str] = mapped_column(String(100))
    """Thickness and kernel in words."""
    stage: Mapped[int] = mapped_column(Integer)
    """Place of the status in `STATUSES`: the way a case goes."""
    priority: Mapped[float] = mapped_column(Float)
    """Suspicion as the case's row has it."""
    suspicion: Mapped[float] = mapped_column(Float)
    """0..1, one half at the model's own threshold where that is known, else the probability."""
    suspected: Mapped[str] = mapped_column(String(16))
    """Class it is the suspicion of; empty where the threshold is not known."""
    uncertainty: Mapped[float] = mapped_column(Float)
    split: Mapped[str | None] = mapped_column(String(16))
    kind: Mapped[str] = mapped_column(String(300))
    corrections: Mapped[int] = mapped_column(Integer)
    """Findings rejected and prompts needed in the newest version; -1 where no reader made one."""
    own: Mapped[float] = mapped_column(Float)
    """What it teaches by itself, without its kind."""
    own_reasons: Mapped[str] = mapped_column(Text)
    """One on a line."""
    assigned: Mapped[str] = mapped_column(String(200))
    reader: Mapped[str] = mapped_column(String(200))
    """Who wrote the newest version; where there is none, who it is assigned to."""
    version: Mapped[int] = mapped_column(Integer)
    """Number of the newest version of the main line, 0 without one."""
    readings: Mapped[str] = mapped_column(Text)
    """JSON: number and author of the newest version of the main line, then of each line beside it."""
    words: Mapped[str] = mapped_column(Text)
    """What is searched, in small letters."""
    teaches: Mapped[float] = mapped_column(Float, sort_order=AFTER_CHECKSUM)
    """Of `own` and of its kind; kept for the order alone, and compared with them wherever it is read."""
    __table_args__ = (
        Index("ix_case_list_2_kind", "kind", "stage", "split", "corrections"),
        *(
            Index(f"ix_case_list_2_{order}", *dict.fromkeys((order, "case_id", "stage", "assigned")))
            for order in (
                "case_id", "added", "slices", "series", "stage", "suspicion", "uncertainty", "teaches", "reader",
                "version",
            )
        ),
    )  # fmt: skip


class RevisionRow(Base):
    """One immutable revision; `id` is the sha256 of everything in it that matters."""

    __tablename__ = "revisions"
    WHAT, SEVERAL = "record of revision", "revisions"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.case_id"), index=True)
    number: Mapped[int] = mapped_column(Integer)
    parent: Mapped[str | None] = mapped_column(ForeignKey("revisions.id"))
    branch: Mapped[bool] = mapped_column(Boolean)
    author: Mapped[str] = mapped_column(String(200))
    created: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(16))
    algorithm_type: Mapped[str] = mapped_column(String(16))
    model_name: Mapped[str | None] = mapped_column(String(200))
    model_version: Mapped[str | None] = mapped_column(String(64))
    model_sha256: Mapped[str | None] = mapped_column(String(64))
    changed_voxels: Mapped[int] = mapped_column(Integer)
    changed_from_prediction: Mapped[int | None] = mapped_column(Integer)
    status: Mapped[str] = mapped_column(String(16))
    difficulty: Mapped[str | None] = mapped_column(String(16))
    comment: Mapped[str] = mapped_column(Text)
    truth_source: Mapped[str | None] = mapped_column(String(16))
    rejections: Mapped[str] = mapped_column(Text)
    blinded: Mapped[bool] = mapped_column(Boolean)
    revealed_at: Mapped[str | None] = mapped_column(String(40))
    changed_after_reveal: Mapped[int | None] = mapped_column(Integer)
    blinded_mask: Mapped[str | None] = mapped_column(String(64))
    mask: Mapped[str] = mapped_column(String(64))
    prediction_mask: Mapped[str | None] = mapped_column(String(64))
    labels: Mapped[str] = mapped_column(Text)
    """JSON: mask_known, slice_labels, series_labels; prompts where the reading was made with any."""
    __table_args__ = (UniqueConstraint("case_id", "number"),)


class RunRow(Base):
    """What one model found in one case; `id` is the sha256 of everything in it but the moment."""

    __tablename__ = "model_runs"
    WHAT, SEVERAL = "record of model run", "model runs"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.case_id"), index=True)
    created: Mapped[str] = mapped_column(String(40))
    model_name: Mapped[str] = mapped_column(String(200))
    model_version: Mapped[str] = mapped_column(String(64))
    model_sha256: Mapped[str] = mapped_column(String(64))
    mask: Mapped[str] = mapped_column(String(64))
    ischemia: Mapped[str] = mapped_column(String(64))
    """Probability map of the class, 0..255 for 0..1; so is the next one."""
    hemorrhage: Mapped[str] = mapped_column(String(64))
    details: Mapped[str] = mapped_column(Text)
    """JSON: slice and series probabilities, thresholds, smallest lesions, refer band, where and how long it ran."""
