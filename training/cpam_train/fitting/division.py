"""Which slices of a store train a model and which validate it: its splits, or folds dealt out of both; never test."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

from cpam_train.config import DataConfig, TrainConfig
from cpam_train.data.sampler import kind_of
from cpam_train.data.slice_split import STAMP, split_by_slice
from cpam_train.data.slices import SliceRow, collect_slices
from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.errors import InputError

SLICE_FRACTIONS = (0.875, 0.125, 0.0)
"""Training and validation shares of a split by slice: 70 to 10, as the store's splits; test patients stay untouched."""

SPARE_FOLDS = 5
"""Where the store's validation split is empty, one in so many training patients validates, or one of fewer patients."""

FEW_PATIENTS = 5
"""Validation on fewer patients chooses epoch and thresholds almost by chance."""


@dataclass(frozen=True)
class Division:
    """What trains and what validates.

    Attributes
    ----------
    rule
        How they were parted, for cards and reports.
    remarks
        Sentences on what a person should know before the run.
    """

    train: list[SliceRow]
    validation: list[SliceRow]
    rule: str
    remarks: tuple[str, ...] = ()


def divide(store: AnnotationStore, config: TrainConfig) -> Division:
    """Return the slices of a run.

    Patients of a small store are dealt so that a run can start: folds are no more than patients, and where the store's
    validation or training split holds nobody, some of the patients of the other one take its place for this run.

    Raises
    ------
    InputError
        If training or validation would be empty, or a fold is asked for that does not exist.
    """
    data = config.data
    train, validation = (
        collect_slices(store, split=split, sources=data.sources, leave_out=data.leave_out)
        for split in ("train", "validation")
    )
    division = _dealt(train, validation, data)
    if data.split_by_slice:
        train, validation, _ = split_by_slice([*train, *validation], fractions=SLICE_FRACTIONS, seed=config.seed)
        division = Division(train, validation, STAMP)
    if data.only_cases:
        kept = set(data.only_cases)
        train = [row for row in division.train if row.case.case_id in kept]
        division = Division(train, division.validation, division.rule, division.remarks)
    _require_both(division, store)
    return division


def patients_without_split(store: AnnotationStore) -> set[str]:
    """Return the patients of whom something is annotated and who are in no split yet."""
    return {case.patient_id for case in store.cases() if case.split is None and case.head is not None}


def folds_that_fit(store: AnnotationStore, config: TrainConfig, wanted: int) -> int:
    """Return how many folds the training and validation patients can be dealt into: those wanted, or fewer."""
    rows = [
        row
        for split in ("train", "validation")
        for row in collect_slices(store, split=split, sources=config.data.sources, leave_out=config.data.leave_out)
    ]
    return max(min(wanted, len({row.case.patient_id for row in rows})), 2)


def deal_fold(rows: list[SliceRow], folds: int, fold: int) -> tuple[list[SliceRow], list[SliceRow]]:
    """Return training and validation rows of one fold, dealt by patient, with sources and classes spread evenly.

    Raises
    ------
    InputError
        If there is no such fold, or there are fewer patients than folds.
    """
    patients = [row.case.patient_id for row in rows]
    if fold >= folds or folds > len(set(patients)):
        raise InputError(
            "That fold does not exist", got=f"fold {fold} of {folds}", expected=f"at most {len(set(patients))} folds"
        )
    held = {patients[i] for i in _cut(rows, patients, folds)[fold]}
    return [r for r in rows if r.case.patient_id not in held], [r for r in rows if r.case.patient_id in held]


def _dealt(train: list[SliceRow], validation: list[SliceRow], data: DataConfig) -> Division:
    rows = [*train, *validation]
    patients = len({row.case.patient_id for row in rows})
    if data.folds is not None and patients > 1:
        folds = min(data.folds, patients)
        told = (
            () if folds == data.folds else (f"{patients} patients can be dealt into {folds} folds, not {data.folds}.",)
        )
        rule = f"by patient, fold {data.fold + 1} of {folds} of the store's training and validation patients"
        return Division(*deal_fold(rows, folds, data.fold), rule, told)
    if (not train or not validation) and patients > 1:
        return _spared(rows, min(SPARE_FOLDS, patients), "validation" if train else "training")
    return Division(train, validation, "by patient, fixed in the store")


def _spared(rows: list[SliceRow], folds: int, empty: str) -> Division:
    """Return the fold that leaves training most classes, and of those the one that validates most."""
    cuts = [deal_fold(rows, folds, fold) for fold in range(folds)]
    train, validation = max(cuts, key=lambda cut: tuple(len({kind_of(row) for row in part}) for part in cut))
    few = len({row.case.patient_id for row in validation})
    told = (
        f"The store's {empty} split is empty for these settings: for this run {few} of "
        f"{len({row.case.patient_id for row in rows})} patients validate"
        f"{'; so few choose its epoch and thresholds almost by chance' if few < FEW_PATIENTS else ''}."
    )
    rule = (
        f"by patient, one of {folds} folds of the store's training and validation patients, {empty} being empty there"
    )
    return Division(train, validation, rule, (told,))


def _cut(rows: list[SliceRow], patients: list[str], folds: int) -> list[Sequence[int]]:
    """Return the held-out rows of each fold: by source and labels as evenly as so few patients allow, none empty."""
    from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

    for strata in ([f"{row.case.source}{row.labels}" for row in rows], [kind_of(row) for row in rows]):
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", message="The least populated class")
                dealer = StratifiedGroupKFold(folds, shuffle=True, random_state=0)
                cut = [held.tolist() for _, held in dealer.split(rows, strata, patients)]
        except ValueError:  # no stratum has as many slices as there are folds
            continue
        if all(cut):
            return cut
    return [held.tolist() for _, held in GroupKFold(folds).split(rows, groups=patients)]


def _require_both(division: Division, store: AnnotationStore) -> None:
    for name, rows in (("train", division.train), ("validation", division.validation)):
        if rows:
            continue
        if unassigned := patients_without_split(store):
            raise InputError(
                f"{len(unassigned)} patients of the store have no split, and one of the splits is empty",
                remedy="run cpam-train check --store ... --assign",
            )
        if name == "validation":
            raise InputError(
                "The store has annotated slices of one patient in its train and validation splits for these settings",
                expected="at least two patients, one of whom validates",
                remedy="correct or import cases of another patient, or choose other data.sources",
            )
        raise InputError(
            f"The store has no annotated slice in its {name} split for these settings",
            remedy="import data, run cpam-train check --store ... --assign, or choose other data.sources",
        )
