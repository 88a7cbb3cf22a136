"""Assign train, validation and test so that what may be one patient under two names stays together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from cpam_train.data.follow_ups import name_pairs
from cpam_train.data.near_duplicates import LikePair, family_of, find_alike, fingerprints, merge
from cpam_train.data.readers_cases import nameless, same_head
from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.annotations.records import CaseRecord, Split
from napari_cpam_stroke.annotations.splits import DEFAULT_FRACTIONS, class_of, share_out
from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.progress import Progress

WITHOUT_TEST = (0.875, 0.125, 0.0)
"""Train and validation in their usual proportion, where the test patients are named."""

MOST_NAMED = 3


@dataclass(frozen=True)
class SplitReport:
    """What an assignment did.

    Attributes
    ----------
    assigned
        New patients and their split.
    alike
        Pairs of patients that were kept together because their slices look alike.
    """

    assigned: dict[str, Split]
    alike: tuple[LikePair, ...]


def assign_splits(
    store: AnnotationStore,
    *,
    fractions: tuple[float, float, float] = DEFAULT_FRACTIONS,
    seed: int = 0,
    only: Collection[str] | None = None,
    progress: Progress | None = None,
) -> SplitReport:
    """Give every patient without a split one, by patient, stratified by source and class; nobody is ever moved.

    Patients whose slices look alike, or whose names did when they were imported, share one. A reader's case of which
    nobody knows whose it is (`nameless`) is trained on and never judged on, so that the test set stays free of patients
    who may stand in training under another name; it follows a patient it looks like.

    Parameters
    ----------
    only
        These patients; None: all.
    fractions
        Of the patients: train, validation, test.
    progress
        Called while slices are compared.
    """
    records = store.cases()
    fresh = {r.patient_id for r in records if r.split is None and (only is None or r.patient_id in only)}
    if not fresh:
        return SplitReport({}, ())
    families = {family_of(record.source) for record in records if record.patient_id in fresh}
    alike = find_alike(fingerprints(store, progress, families=families))
    unknown = nameless(records) & fresh
    linked = [(p.first_patient, p.second_patient) for p in alike] + [p.patients for p in name_pairs(records)]
    groups = [group for group in merge([*linked, *same_head(records, unknown)]) if group & fresh]
    placed = sorted(patient for group in groups if group <= unknown for patient in group)
    for patient in placed:
        store.set_split(patient, "train")
    assigned: dict[str, Split] = dict.fromkeys(placed, "train")
    assigned |= _place_groups(store, records, [group for group in groups if not group <= unknown], fractions, seed)
    assigned |= store.assign_splits(fractions, seed=seed, only=only)
    return SplitReport(assigned, tuple(alike))


def hold_out(store: AnnotationStore, patients: Collection[str]) -> None:
    """Make these the test patients, whatever a draw would choose; all or none.

    Raises
    ------
    InputError
        If the store does not know one of them, or has trained on one.
    """
    known = {record.patient_id: record.split for record in store.cases()}
    _refuse(sorted(set(patients) - set(known)), "are not in the store", "import their cases first, or mend the list")
    moved = sorted(patient for patient in patients if known[patient] not in (None, "test"))
    _refuse(moved, "have another split already", "a split is never changed: begin with a new store")
    for patient in sorted(patients):
        store.set_split(patient, "test")


def _refuse(patients: Sequence[str], why: str, remedy: str) -> None:
    if patients:
        shown = ", ".join(patients[:MOST_NAMED]) + (", ..." if len(patients) > MOST_NAMED else "")
        raise InputError(f"{len(patients)} of the patients to hold out {why}", got=shown, remedy=remedy)


def _place_groups(
    store: AnnotationStore,
    records: list[CaseRecord],
    groups: list[set[str]],
    fractions: tuple[float, float, float],
    seed: int,
) -> dict[str, Split]:
    """Fix one split for each group of patients that may be one."""
    unit = {patient: min(group) for group in groups for patient in group}
    cases: dict[str, list[CaseRecord]] = defaultdict(list)
    for record in records:
        cases[unit.get(record.patient_id, record.patient_id)].append(record)
    strata = {name: (own[0].source, class_of(r.labels for r in own)) for name, own in cases.items()}
    fixed: dict[str, Split] = {name: r.split for name, own in cases.items() for r in own if r.split is not None}
    chosen = fixed | share_out(strata, fixed, fractions=fractions, seed=seed)
    open_patients = sorted({r.patient_id for r in records if r.split is None and r.patient_id in unit})
    return {patient: store.set_split(patient, chosen[unit[patient]]) for patient in open_patients}
