"""What the store hands out: frozen values that need no open store."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Literal, Protocol, TypeVar, get_args

import numpy as np
from numpy.typing import NDArray

from napari_cpam_stroke.annotations.packing import unpack_geometry
from napari_cpam_stroke.annotations.remarks import unpack_acquisition, unpack_notices
from napari_cpam_stroke.core import Acquisition, LesionClass, Notice, VolumeGeometry
from napari_cpam_stroke.core.notice import sentences
from napari_cpam_stroke.errors import InputError, nearest
from napari_cpam_stroke.prompting.used import PromptsUsed

Split = Literal["train", "validation", "test"]
Status = Literal["new", "predicted", "in_review", "accepted", "second_read", "rejected"]
Difficulty = Literal["easy", "medium", "hard"]
TruthSource = Literal["this CT", "MR", "follow-up"]
Reason = Literal["calcification", "artefact", "falx", "sinus", "old infarct", "other"]
Kind = Literal["reading", "reference"]
AlgorithmType = Literal["AUTOMATIC", "SEMIAUTOMATIC", "MANUAL"]

SPLITS: tuple[Split, ...] = get_args(Split)
STATUSES: tuple[Status, ...] = get_args(Status)
DIFFICULTIES: tuple[Difficulty, ...] = get_args(Difficulty)
TRUTH_SOURCES: tuple[TruthSource, ...] = get_args(TruthSource)
REASONS: tuple[Reason, ...] = get_args(Reason)
KINDS: tuple[Kind, ...] = get_args(Kind)
ALGORITHM_TYPES: tuple[AlgorithmType, ...] = get_args(AlgorithmType)

ValueT = TypeVar("ValueT", bound=str)


class ModelLike(Protocol):
    """Anything that says which weights it is: a prediction's model, a model card."""

    @property
    def name(self) -> str:
        """Name in the registry."""

    @property
    def version(self) -> str:
        """Version in the registry."""

    @property
    def sha256(self) -> str:
        """sha256 of the weights."""


@dataclass(frozen=True)
class ModelRecord:
    """Which model a revision or a prediction came from."""

    name: str
    version: str
    sha256: str


@dataclass(frozen=True)
class Rejection:
    """A finding that a reader turned down, and why; food for hard-negative mining."""

    lesion_class: LesionClass
    centroid_zyx: tuple[float, float, float]
    reason: Reason

    def __post_init__(self) -> None:
        """Refuse a reason that is not one of `REASONS`."""
        one_of(self.reason, REASONS, "reason for rejecting a finding")


@dataclass(frozen=True)
class CaseRecord:
    """One case of the worklist.

    Attributes
    ----------
    patient_id
        Pseudonym of the patient, or of the group that must stay in one split.
    shape
        (Z, Y, X).
    hu_floor, hu_ceiling
        The range of HU the source kept; None: all of it.
    head
        Identity of the newest revision, None before the first one.
    labels
        Series labels of that revision (ischemia, hemorrhage): -1 unknown, 0 absent, 1 present.
    probabilities
        Of the whole series by class, from the last prediction; empty before one.
    suspicion, uncertainty
        Worklist priorities of that prediction in 0..1, None before one.
    added
        ISO 8601, UTC.
    """

    case_id: str
    patient_id: str
    source: str
    content_hash: str
    shape: tuple[int, int, int]
    hu_floor: int | None
    hu_ceiling: int | None
    pixels_lossy: bool
    split: Split | None
    status: Status
    reader: str
    comment: str
    head: str | None
    labels: tuple[int, int]
    probabilities: dict[str, float]
    suspicion: float | None
    uncertainty: float | None
    model: ModelRecord | None
    added: str
    packed_remarks: tuple[str, str] = field(repr=False)
    packed_geometry: str | None = field(repr=False)

    @cached_property
    def notices(self) -> tuple[Notice, ...]:
        """What is to be said of the series; unpacked when first asked for."""
        return unpack_notices(*self.packed_remarks)

    @cached_property
    def acquisition(self) -> Acquisition:
        """How the series was made, as far as the source said; unpacked when first asked for."""
        return unpack_acquisition(self.packed_remarks[0])

    @property
    def facts(self) -> tuple[str, ...]:
        """Sentences on what is merely so (tilt, spacing, scanner)."""
        return sentences(self.notices, "info")

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences on what the reader must know."""
        return sentences(self.notices, "warning")

    @cached_property
    def geometry(self) -> VolumeGeometry | None:
        """Where the voxels lie, None where the source gave none; unpacked when first asked for."""
        return None if self.packed_geometry is None else unpack_geometry(self.packed_geometry)


@dataclass(frozen=True)
class Revision:
    """One saved state of a case's annotation; it never changes.

    Attributes
    ----------
    number
        Counts the revisions of a case from 1: "version 7".
    parent
        The revision that was edited; None for the first one.
    branch
        True where someone else had saved meanwhile and this one was kept beside the main line.
    kind
        'reading' by a person in the viewer, 'reference' that came with the data.
    model
        The model whose prediction was shown or adopted, None without one.
    changed_voxels
        Against the parent (an empty mask for the first revision).
    changed_from_prediction
        Against the model's mask, None without one.
    blinded
        True where the reader marked first without seeing the prediction.
    revealed_at, changed_after_reveal
        When a blinded reader uncovered the prediction, and the voxels changed after that.
    prompts
        The points, boxes, scribbles and lassos it was made with; None without any.
    begun_from_prompts
        True where prompts and hands made all of it and no model's mask was adopted, whichever was shown beside it.
    """

    id: str
    case_id: str
    number: int
    parent: str | None
    branch: bool
    author: str
    created: datetime
    kind: Kind
    algorithm_type: AlgorithmType
    model: ModelRecord | None
    changed_voxels: int
    changed_from_prediction: int | None
    status: Status
    difficulty: Difficulty | None
    comment: str
    truth_source: TruthSource | None
    rejections: tuple[Rejection, ...]
    blinded: bool
    revealed_at: datetime | None
    changed_after_reveal: int | None
    prompts: PromptsUsed | None = None
    begun_from_prompts: bool = False

    @property
    def begun_from_model(self) -> bool:
        """Whether its pixels came from a model's mask, adopted and then perhaps edited."""
        return self.algorithm_type != "MANUAL" and not self.begun_from_prompts


@dataclass(frozen=True, eq=False)
class BlindedRead:
    """What is kept of a read that began without the prediction.

    Attributes
    ----------
    revealed_at
        UTC; None while the prediction is still hidden.
    changed_after_reveal
        Voxels changed since then.
    mask
        The reading at that moment.
    """

    revealed_at: datetime | None = None
    changed_after_reveal: int | None = None
    mask: NDArray[np.uint8] | None = None


def one_of(value: ValueT, known: tuple[ValueT, ...], what: str) -> ValueT:
    """Return `value` if it is one of the known words, else raise `InputError` naming them."""
    if value not in known:
        raise InputError(
            f"Unknown {what}", got=f"{value!r}{nearest(str(value), known)}", expected=f"one of {', '.join(known)}"
        )
    return value


def model_record(model: ModelLike | None) -> ModelRecord | None:
    """Return the identity of a model as a plain record."""
    return None if model is None else ModelRecord(str(model.name), str(model.version), str(model.sha256))
