"""One patient under two names stays on one side; what is not is reported."""

from __future__ import annotations

import numpy as np
import pytest

from cpam_train.data.near_duplicates import find_alike, fingerprints, merge
from cpam_train.data.slice_split import split_by_slice
from cpam_train.data.slices import collect_slices
from cpam_train.data.split_assignment import WITHOUT_TEST, assign_splits, hold_out
from cpam_train.data.store_check import check_store
from napari_cpam_stroke.core import Annotation, CTVolume
from napari_cpam_stroke.errors import InputError


def add(store, name, hu, mask, *, patient, source="x", split=None):
    store.add_case(CTVolume(hu, None, name, patient_id=patient), source=source, split=split)
    store.save(name, Annotation.from_mask(mask), author="test", kind="reference")


@pytest.fixture
def twins(store, head):
    """Eight patients; `again` is `p0` scanned a second time, with other noise and another position."""
    for number in range(8):
        hu, mask = head(number, lesion=1)
        add(store, f"case{number}", hu, mask, patient=f"p{number}")
    hu, mask = head(0, lesion=1)
    noise = np.random.default_rng(1).normal(0, 2, hu.shape)
    again = np.roll((hu + noise).astype(np.int16), (4, -8), axis=(1, 2))
    add(store, "again", again, np.roll(mask, (4, -8), axis=(1, 2)), patient="q")
    return store


def test_second_scan_is_found_and_others_are_not(twins):
    pairs = find_alike(fingerprints(twins))
    assert [(p.first_patient, p.second_patient) for p in pairs] == [("p0", "q")]
    assert {pairs[0].first_case, pairs[0].second_case} == {"case0", "again"}


@pytest.mark.parametrize(("sources", "found"), [(("x", "y"), 0), (("mbh", "bhsd"), 1), (("nifti", "reader"), 1)])
def test_sources_are_compared_only_where_they_share_patients(store, head, sources, found):
    for number, source in enumerate(sources):
        hu, mask = head(0)
        add(store, source, hu + np.int16(number), mask, patient=source, source=source)
    assert len(find_alike(fingerprints(store))) == found


@pytest.mark.parametrize("seed", range(4))
def test_twins_share_a_split_and_nobody_moves(twins, seed, head):
    report = assign_splits(twins, fractions=(0.5, 0.25, 0.25), seed=seed)
    split_of = {r.patient_id: r.split for r in twins.cases()}
    assert split_of["p0"] == split_of["q"]
    assert report.assigned == split_of
    assert set(split_of.values()) == {"train", "validation", "test"}
    assert check_store(twins).sound

    hu, mask = head(50)
    add(twins, "new", hu, mask, patient="new")
    assert assign_splits(twins, seed=seed + 1).assigned.keys() == {"new"}
    assert {r.patient_id: r.split for r in twins.cases()} | split_of == {r.patient_id: r.split for r in twins.cases()}


def test_a_late_twin_follows_the_one_that_is_placed(store, head):
    for number in range(6):
        add(store, f"case{number}", *head(number), patient=f"p{number}")
    assign_splits(store)
    hu, mask = head(2)
    add(store, "late", hu + np.int16(1), mask, patient="late")
    assign_splits(store, seed=9)
    assert store.case("late").split == store.case("case2").split


def test_groups_are_linked_through_others():
    assert sorted(map(sorted, merge([("a", "b"), ("c", "d"), ("b", "c"), ("x", "y")]))) == [list("abcd"), list("xy")]


def test_check_names_leaks_and_unassigned_patients(twins, head):
    for number in range(8):
        twins.set_split(f"p{number}", "train" if number else "test")
    twins.set_split("q", "train")
    add(twins, "open", *head(60, lesion=2), patient="open")
    report = check_store(twins)
    assert report.unassigned == ("open",)
    assert len(report.leaks) == 1
    assert "look like one patient" in " ".join(report.problems)
    assert not report.sound
    assert check_store(twins, compare=False).leaks == ()


def test_check_counts_by_source_and_split(filled_store):
    counts = check_store(filled_store, compare=False).counts
    assert sum(cell.cases for cell in counts) == 10
    assert sum(cell.slices for cell in counts) == 6 + 12
    assert sum(cell.labelled["ischemia"] for cell in counts) == 6
    assert sum(cell.outlined["hemorrhage"] for cell in counts if cell.source == "jpeg") == 6


def test_damage_is_told(store, head, tmp_path):
    add(store, "case", *head(1), patient="p", split="train")
    blob = max(
        (p for p in (tmp_path / "store").rglob("*") if p.is_file() and "db" not in p.name),
        key=lambda p: p.stat().st_size,
    )
    blob.write_bytes(blob.read_bytes()[:-20])
    report = check_store(store, compare=False)
    assert report.damage
    assert not report.sound


def test_slice_split_deals_every_slice_once_and_divides_patients(filled_store):
    rows = collect_slices(filled_store)
    train, validation, test = split_by_slice(rows, fractions=(0.5, 0.25, 0.25), seed=1)
    assert sorted([*train, *validation, *test], key=rows.index) == rows
    assert {r.case.patient_id for r in train} & {r.case.patient_id for r in test}
    assert split_by_slice(rows, seed=1) == split_by_slice(rows, seed=1)


@pytest.mark.parametrize("seed", range(3))
def test_named_test_patients_are_the_only_ones_but_for_their_twins(twins, seed):
    hold_out(twins, {"p0", "p3"})
    assign_splits(twins, fractions=WITHOUT_TEST, seed=seed)
    tested = {r.patient_id for r in twins.cases(split="test")}
    assert tested == {"p0", "q", "p3"}
    assert {r.split for r in twins.cases() if r.patient_id not in tested} <= {"train", "validation"}


@pytest.mark.parametrize(("named", "said"), [({"p1", "unheard"}, "not in the store"), ({"p1", "p2"}, "another split")])
def test_a_list_that_cannot_be_kept_changes_nothing(twins, named, said):
    twins.set_split("p2", "train")
    with pytest.raises(InputError, match=said):
        hold_out(twins, named)
    assert {r.patient_id: r.split for r in twins.cases() if r.split} == {"p2": "train"}
