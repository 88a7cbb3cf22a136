from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.annotations.splits import class_of, share_out
from napari_cpam_stroke.core import Annotation
from napari_cpam_stroke.errors import InputError, StoreError

STRATA = st.dictionaries(
    st.text("abcdef0123456789", min_size=1, max_size=4),
    st.tuples(st.sampled_from(["teknofest", "ct-ich"]), st.sampled_from(["none", "ischemia", "both"])),
    max_size=40,
)
SPLIT = st.sampled_from(["train", "validation", "test"])


@given(STRATA, st.integers(0, 3), st.data())
def test_nobody_is_moved_and_everybody_is_placed(strata, seed, data):
    fixed = data.draw(st.dictionaries(st.sampled_from(sorted(strata)), SPLIT)) if strata else {}
    given_out = share_out(strata, fixed, seed=seed)
    assert set(given_out) == set(strata) - set(fixed)
    assert share_out(strata, {**fixed, **given_out}, seed=seed) == {}


@given(STRATA, st.integers(0, 3))
def test_the_order_of_patients_does_not_matter(strata, seed):
    reversed_order = dict(reversed(strata.items()))
    assert share_out(strata, {}, seed=seed) == share_out(reversed_order, {}, seed=seed)


@settings(max_examples=30)
@given(st.lists(st.integers(1, 60), min_size=1, max_size=6), st.integers(0, 5))
def test_shares_hold_in_every_stratum_and_over_all(sizes, seed):
    strata = {f"{k}-{i}": (f"source {k}", "none") for k, size in enumerate(sizes) for i in range(size)}
    placed = share_out(strata, {}, seed=seed)
    total = sum(sizes)
    overall = Counter(placed.values())
    for split, share in (("train", 0.7), ("validation", 0.1), ("test", 0.2)):
        assert abs(overall[split] - share * total) <= 2
        for k, size in enumerate(sizes):
            inside = sum(placed[f"{k}-{i}"] == split for i in range(size))
            assert abs(inside - share * size) <= 2


def test_another_seed_is_another_division():
    strata = {str(i): ("x", "none") for i in range(50)}
    assert share_out(strata, {}, seed=0) != share_out(strata, {}, seed=1)


def test_a_share_of_nothing_gets_nobody():
    placed = share_out({str(i): ("x", "none") for i in range(30)}, {}, fractions=(0.8, 0.0, 0.2))
    assert Counter(placed.values()) == {"train": 24, "test": 6}


@pytest.mark.parametrize("fractions", [(0.7, 0.1, 0.1), (1.2, -0.2, 0.0)])
def test_fractions_must_add_up(fractions):
    with pytest.raises(InputError, match="add up to 1"):
        share_out({}, {}, fractions=fractions)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ([(-1, -1)], "unknown"),
        ([(-1, 0), (0, -1)], "none"),
        ([(1, 0), (0, -1)], "ischemia"),
        ([(1, 0), (0, 1)], "both"),
        ([(0, 1)], "hemorrhage"),
    ],
)
def test_a_patients_class(labels, expected):
    assert class_of(labels) == expected


def test_in_the_store_patients_stay_together_and_later_ones_get_theirs(store, volume, mask):
    with store.bulk():
        for i in range(40):
            case = store.add_case(volume(f"c{i:02}", seed=i, patient=f"p{i // 2}"), source="x")
            store.save(case.case_id, Annotation.from_mask(mask(4, label=1 + i % 4 // 2)), author="r", kind="reference")
    assert len(store.assign_splits(seed=3)) == 20
    before = {case.case_id: case.split for case in store.cases()}
    assert all(before[f"c{i:02}"] == before[f"c{i + 1:02}"] for i in range(0, 40, 2))
    assert store.splits() == {"train": 14, "validation": 2, "test": 4, "none": 0}
    for split in ("train", "validation", "test"):
        classes = [case.labels for case in store.cases(split=split)]
        assert abs(classes.count((1, 0)) - classes.count((0, 1))) <= 2
    frozen = store.test_fingerprint()
    store.add_case(volume("new", seed=99, patient="p-new"), source="x")
    assert list(store.assign_splits(seed=77)) == ["p-new"]
    assert {name: store.case(name).split for name in before} == before
    if store.case("new").split != "test":
        assert store.test_fingerprint() == frozen


def test_a_patient_is_placed_by_hand_only_once(store, volume):
    store.add_case(volume(patient="p"), source="x")
    assert store.set_split("p", "test") == "test"
    assert store.set_split("p", "train") == "test"
    with pytest.raises(StoreError, match="no patient 'q'"):
        store.set_split("q", "train")


def test_the_fingerprint_is_that_of_the_test_sets_pixels(store, volume, tmp_path):
    for i, split in enumerate(("test", "train")):
        store.add_case(volume(f"c{i}", seed=i, patient=f"p{i}"), source="x", split=split)
    with AnnotationStore.open(tmp_path / "other") as other:
        other.add_case(volume("another name", seed=0, patient="q"), source="y", split="test")
        assert other.test_fingerprint() == store.test_fingerprint()
        other.add_case(volume("more", seed=2, patient="r"), source="y", split="test")
        assert other.test_fingerprint() != store.test_fingerprint()


def test_splits_that_are_fixed_count_towards_the_shares():
    strata = {str(i): ("x", "none") for i in range(40)}
    alike = Counter(share_out({str(i): ("x", "none") for i in range(12)}, {}).values())
    placed = Counter(share_out(strata, {str(i): "train" for i in range(28)}).values())
    assert placed["train"] <= alike["train"] / 2, "most of the training share is there already"
    strata = {str(i): ("x", "none") for i in range(10)}
    elsewhere = share_out({**strata, "other": ("y", "none")}, {"other": "test"})
    assert Counter(elsewhere.values()) == {"train": 7, "validation": 1, "test": 2}, "another stratum's count alone"


def test_patients_who_come_one_by_one_get_the_same_shares():
    placed = {}
    for i in range(40):
        strata = {str(k): ("x", "none") for k in range(i + 1)}
        (new,) = share_out(strata, placed)
        placed |= share_out(strata, placed)
        assert new == str(i)
    assert Counter(placed.values()) == {"train": 28, "validation": 4, "test": 8}


def test_the_first_of_a_stratum_trains_and_the_second_tests():
    assert share_out({"a": ("x", "none")}, {}) == {"a": "train"}
    assert Counter(share_out({"a": ("x", "none"), "b": ("x", "none")}, {}).values()) == {"train": 1, "test": 1}


def test_many_small_strata_do_not_all_train():
    strata = {str(i): (f"source {i}", "none") for i in range(20)}
    assert Counter(share_out(strata, {}).values()) == {"train": 14, "validation": 2, "test": 4}


def test_equal_shares_are_filled_in_turn():
    strata = {str(i): ("x", "none") for i in range(9)}
    third = 1 / 3
    assert set(Counter(share_out(strata, {}, fractions=(third, third, third)).values()).values()) == {3}


def test_the_division_is_the_same_on_every_machine_and_for_ever():
    placed = share_out({f"p{i}": ("x", "none") for i in range(10)}, {})
    assert [patient for patient, split in placed.items() if split != "train"] == ["p8", "p6", "p3"]


@pytest.mark.parametrize("fractions", [(0.5, 0.5), (0.7, 0.1, 0.1, 0.1), (0.7, 0.4, -0.1), (0.7, 0.1, 0.2 + 2e-6)])
def test_fractions_are_three_shares_of_one(fractions):
    with pytest.raises(InputError, match="three shares that add up to 1"):
        share_out({}, {}, fractions=fractions)


def test_fractions_may_be_off_by_rounding_and_may_be_zero():
    assert share_out({"a": ("x", "none")}, {}, fractions=(0.0, 0.0, 1.0 - 1e-9)) == {"a": "test"}


@pytest.mark.parametrize(
    ("labels", "expected"),
    [([(0, 0)], "none"), ([(-1, 1)], "hemorrhage"), ([(1, -1)], "ischemia"), ([(1, 1)], "both"), ([(0, -1)], "none")],
)
def test_a_patients_class_by_one_case(labels, expected):
    assert class_of(labels) == expected


def test_fixed_splits_count_in_the_shares_of_all_too():
    """Eight test patients of 40 are there already; 20 new ones share their stratum, 12 have one of their own."""
    fixed = {f"fixed {i}": "test" for i in range(8)}
    strata = dict.fromkeys(fixed, ("x", "ischemia")) | {
        f"new {i}": ("x", "ischemia") if i < 20 else ("y", "none") for i in range(32)
    }
    given_out = share_out(strata, fixed)
    assert Counter(fixed.values()) + Counter(given_out.values()) == {"train": 27, "validation": 4, "test": 9}
    own = Counter(split for patient, split in given_out.items() if strata[patient] == ("y", "none"))
    assert all(
        abs(own[split] - share * 12) <= 2 for split, share in (("train", 0.7), ("validation", 0.1), ("test", 0.2))
    )


def test_fixed_splits_spread_over_the_strata_leave_the_rest_to_the_others():
    fixed = {f"fixed {i}": "test" for i in range(8)}
    everybody = [*fixed, *(f"new {i}" for i in range(32))]
    strata = {patient: (f"source {i % 4}", "none") for i, patient in enumerate(everybody)}
    assert Counter(share_out(strata, fixed).values()) == {"train": 28, "validation": 4}
