"""What trains and what validates, in stores of a few patients too."""

from __future__ import annotations

from itertools import count

import pytest

from cpam_train.data.split_assignment import assign_splits
from cpam_train.fitting.division import deal_fold, divide, folds_that_fit
from cpam_train.presets import build_train_config
from napari_cpam_stroke.annotations.splits import share_out
from napari_cpam_stroke.core import Annotation, CTVolume
from napari_cpam_stroke.errors import InputError


@pytest.fixture
def patients(store, head):
    """Adds patients, lesions in turn: `patients(4)`, or in fixed splits."""
    number = count()

    def add(splits):
        for split in splits:
            i = next(number)
            hu, mask = head(i, lesion=i % 3)
            store.add_case(CTVolume(hu, None, f"c{i}", patient_id=f"p{i}"), source="reader", split=split)
            store.save(f"c{i}", Annotation.from_mask(mask), author="reader")
        return store

    return add


def config(*settings):
    return build_train_config("segmenter", overrides=settings)


def people(rows):
    return {row.case.patient_id for row in rows}


@pytest.mark.parametrize("number", range(3, 31))
def test_no_split_of_a_small_store_is_empty_and_the_shares_stay_near(number):
    strata = {f"p{i}": ("reader", ("none", "ischemia", "hemorrhage", "both")[i % 4]) for i in range(number)}
    placed = list(share_out(strata, {}).values())
    for split, share in (("train", 0.7), ("validation", 0.1), ("test", 0.2)):
        assert placed.count(split) >= 1
        assert abs(placed.count(split) - share * number) <= 2


@pytest.mark.parametrize("number", [3, 4, 12])
def test_a_small_store_can_be_trained_on_as_it_is_drawn(patients, number):
    store = patients([None] * number)
    assign_splits(store)
    division = divide(store, config())
    assert people(division.train)
    assert people(division.validation)
    assert not people(division.train) & people(division.validation)
    assert division.remarks == ()


@pytest.mark.parametrize("splits", [["train"] * 3 + ["test"], ["validation"] * 3 + ["test"]])
def test_an_empty_split_is_filled_for_the_run_and_test_stays_apart(patients, splits):
    store = patients(splits)
    division = divide(store, config())
    assert people(division.train) | people(division.validation) == {"p0", "p1", "p2"}
    assert len(people(division.validation)) == 1
    (told,) = division.remarks
    assert "1 of 3 patients validate" in told
    assert store.splits()["test"] == 1
    assert "one of 3 folds" in division.rule


def test_the_patient_who_validates_leaves_training_both_classes(patients):
    """Lesions in turn: none, ischemia, hemorrhage, none, ischemia, hemorrhage."""
    division = divide(patients(["train"] * 6), config())
    labels = {row.labels for row in division.train}
    assert {(1, 0), (0, 1)} <= labels


def test_one_patient_cannot_train_and_validate(patients):
    with pytest.raises(InputError, match=r"slices of one patient.*correct or import cases of another patient"):
        divide(patients(["train", "test"]), config())


def test_there_are_no_more_folds_than_patients(patients):
    store = patients(["train", "train", "validation", "test"])
    assert folds_that_fit(store, config(), 5) == 3
    held = []
    for fold in range(3):
        division = divide(store, config("data.folds=5", f"data.fold={fold}"))
        assert division.remarks == ("3 patients can be dealt into 3 folds, not 5.",)
        held += sorted(people(division.validation))
    assert sorted(held) == ["p0", "p1", "p2"]
    with pytest.raises(InputError, match="That fold does not exist"):
        divide(store, config("data.folds=5", "data.fold=3"))


def test_no_fold_of_single_slices_is_empty(patients):
    rows = divide(patients(["train"] * 11 + ["validation"]), config()).train
    for folds in (2, 5, 11):
        parts = [deal_fold(rows, folds, fold)[1] for fold in range(folds)]
        assert all(parts)
        assert sorted(row.case.case_id for part in parts for row in part) == sorted(row.case.case_id for row in rows)
