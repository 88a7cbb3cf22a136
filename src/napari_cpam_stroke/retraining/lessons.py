"""What there is to learn from: the cases of a store that a model has not been taught."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.annotations.records import CaseRecord
from napari_cpam_stroke.core import CLASS_NAMES

NEITHER, UNKNOWN = "neither", "not stated"
"""What a case without either class counts as, and one of which the labels are not known."""

ABSENT, PRESENT = 0, 1


@dataclass(frozen=True)
class Lessons:
    """What a retraining would learn from.

    Attributes
    ----------
    model
        Name and version of the model it begins from.
    since
        When that was made, UTC; None where its card does not say: then all cases are new.
    cases
        Annotated cases, those put aside left out.
    new
        Those of which the newest version was saved later.
    accepted
        Of the new ones, how many a reader accepted.
    by_class, by_source, by_split
        The new ones; a case with both classes counts for both. `none`: in no split yet.
    """

    model: str
    since: datetime | None
    cases: int
    new: int
    accepted: int
    by_class: Mapping[str, int]
    by_source: Mapping[str, int]
    by_split: Mapping[str, int]


def lessons_of(store: AnnotationStore, *, model: str, created: str) -> Lessons:
    """Count what a store holds for a model.

    Parameters
    ----------
    created
        The moment its card tells, ISO 8601, in UTC where it names no zone; empty: not told.
    """
    since = _moment(created)
    usable = [record for record in store.cases() if record.head is not None and record.status != "rejected"]
    later = None if since is None else store.saved_since(since)
    new = usable if later is None else [record for record in usable if record.case_id in later]
    return Lessons(
        model=model,
        since=since,
        cases=len(usable),
        new=len(new),
        accepted=sum(record.status == "accepted" for record in new),
        by_class=Counter(name for record in new for name in _classes(record)),
        by_source=Counter(record.source for record in new),
        by_split=Counter(record.split or "none" for record in new),
    )


def _classes(record: CaseRecord) -> Iterable[str]:
    present = [name for name, label in zip(CLASS_NAMES, record.labels, strict=True) if label == PRESENT]
    return present or [NEITHER if set(record.labels) == {ABSENT} else UNKNOWN]


def _moment(created: str) -> datetime | None:
    if not created:
        return None
    try:
        found = datetime.fromisoformat(created)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
