"""Rows to records and back."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import numpy as np

from napari_cpam_stroke.annotations.records import (
    CaseRecord,
    ModelRecord,
    Rejection,
    Revision,
)
from napari_cpam_stroke.annotations.schema import RevisionRow
from napari_cpam_stroke.core import CLASS_NAMES, Annotation, LesionClass
from napari_cpam_stroke.prompting.prompt import Prompt, PromptKind
from napari_cpam_stroke.prompting.used import PromptsUsed, UsedPrompt, thinned

IDENTITY_LENGTH = 24
"""Hex digits of a revision's identity: 96 bits."""

OUTSIDE_IDENTITY = {"id", "case_id", "number", "branch", "checksum"}
"""Columns that depend on the store a revision lies in; all others are covered by its identity."""


def utc_now() -> str:
    """Return the moment as the tables keep it."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def to_time(stored: str | None) -> datetime | None:
    """Return a stored moment."""
    return None if stored is None else datetime.fromisoformat(stored)


def sentences_to_text(sentences: tuple[str, ...]) -> str:
    """Return sentences one on a line."""
    return "\n".join(" ".join(sentence.split()) for sentence in sentences)


def case_record(row: Any, split: str | None) -> CaseRecord:
    """Return the record of a case row, or of a result row with the same columns."""
    pairs = zip(CLASS_NAMES, (row.ischemia_probability, row.hemorrhage_probability), strict=True)
    return CaseRecord(
        case_id=row.case_id,
        patient_id=row.patient_id,
        source=row.source,
        content_hash=row.content_hash,
        shape=(row.slices, row.rows, row.columns),
        hu_floor=row.hu_floor,
        hu_ceiling=row.hu_ceiling,
        pixels_lossy=row.pixels_lossy,
        split=split,  # type: ignore[arg-type]
        status=row.status,
        reader=row.reader,
        comment=row.comment,
        head=row.head,
        labels=(row.ischemia_label, row.hemorrhage_label),
        probabilities={name: value for name, value in pairs if value is not None},
        suspicion=None if row.suspicion < 0 else row.suspicion,
        uncertainty=None if row.uncertainty < 0 else row.uncertainty,
        model=_model(row),
        added=row.added,
        packed_remarks=(row.facts, row.warnings),
        packed_geometry=row.geometry,
    )


def revision_record(row: Any) -> Revision:
    """Return the record of a revision row, or of anything with its values by name."""
    labels = json.loads(row.labels)
    return Revision(
        id=row.id,
        case_id=row.case_id,
        number=row.number,
        parent=row.parent,
        branch=row.branch,
        author=row.author,
        created=datetime.fromisoformat(row.created),
        kind=row.kind,
        algorithm_type=row.algorithm_type,
        model=_model(row),
        changed_voxels=row.changed_voxels,
        changed_from_prediction=row.changed_from_prediction,
        status=row.status,
        difficulty=row.difficulty,
        comment=row.comment,
        truth_source=row.truth_source,
        rejections=rejections_from_json(row.rejections),
        blinded=row.blinded,
        revealed_at=to_time(row.revealed_at),
        changed_after_reveal=row.changed_after_reveal,
        prompts=prompts_from_plain(labels.get("prompts")),  # in rows without any, as all older ones are, no key
        begun_from_prompts=labels.get("begun_from_prompts", False),
    )


def rejections_to_json(rejections: tuple[Rejection, ...]) -> str:
    """Return rejections as JSON."""
    return json.dumps([asdict(rejection) for rejection in rejections])


def rejections_from_json(stored: str) -> tuple[Rejection, ...]:
    """Return the rejections that `rejections_to_json` was given."""
    return tuple(
        Rejection(LesionClass(item["lesion_class"]), tuple(item["centroid_zyx"]), item["reason"])
        for item in json.loads(stored)
    )


def labels_to_json(
    annotation: Annotation, prompts: PromptsUsed | None = None, *, begun_from_prompts: bool = False
) -> str:
    """Return everything of an annotation but the mask, the prompts it was made with, and whether it began from them."""
    values: dict[str, Any] = {
        "mask_known": annotation.mask_known.astype(int).tolist(),
        "slice_labels": annotation.slice_labels.tolist(),
        "series_labels": annotation.series_labels.tolist(),
    }
    if prompts is not None:
        values["prompts"] = prompts_to_plain(prompts)
    if begun_from_prompts:
        values["begun_from_prompts"] = True
    return json.dumps(values)


def prompts_to_plain(prompts: PromptsUsed) -> dict[str, Any]:
    """Return prompts as JSON values."""
    return {"engine": prompts.engine, "used": [_plain_prompt(used) for used in prompts.prompts]}


def prompts_from_plain(stored: dict[str, Any] | None) -> PromptsUsed | None:
    """Return the prompts that `prompts_to_plain` was given; None for None."""
    if stored is None:
        return None
    return PromptsUsed(stored["engine"], tuple(_used_prompt(item) for item in stored["used"]))


def _plain_prompt(used: UsedPrompt) -> dict[str, Any]:
    prompt = used.prompt
    return {
        "class": int(used.lesion_class),
        "kind": prompt.kind.value,
        "slice": prompt.slice_index,
        "adds": prompt.adds,
        "path": thinned(prompt.path),
    }


def _used_prompt(item: dict[str, Any]) -> UsedPrompt:
    path = tuple((float(row), float(column)) for row, column in item["path"])
    prompt = Prompt(PromptKind(item["kind"]), int(item["slice"]), path, bool(item["adds"]))
    return UsedPrompt(LesionClass(item["class"]), prompt)


def annotation_from(mask: np.ndarray[Any, np.dtype[np.uint8]], labels: str) -> Annotation:
    """Put a mask, uint8 (Z, Y, X), and stored labels together again."""
    stored = json.loads(labels)
    return Annotation(
        mask=mask,
        mask_known=np.asarray(stored["mask_known"], dtype=bool),
        slice_labels=np.asarray(stored["slice_labels"], dtype=np.int8),
        series_labels=np.asarray(stored["series_labels"], dtype=np.int8),
    )


def revision_identity(row: RevisionRow, content_hash: str) -> str:
    """Return the sha256 of all that a revision says, its case's pixels and its parent included: a chain of proof."""
    names = sorted(set(RevisionRow.__table__.columns.keys()) - OUTSIDE_IDENTITY)
    stated = [content_hash, *(f"{name}={getattr(row, name)!r}" for name in names)]
    return hashlib.sha256("\n".join(stated).encode()).hexdigest()[:IDENTITY_LENGTH]


def _model(row: Any) -> ModelRecord | None:
    return None if row.model_name is None else ModelRecord(row.model_name, row.model_version, row.model_sha256)
