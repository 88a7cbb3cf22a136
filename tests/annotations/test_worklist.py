from datetime import UTC, datetime, timedelta, timezone

import pytest

from napari_cpam_stroke.core import Annotation
from napari_cpam_stroke.errors import InputError


@pytest.fixture
def filled(store, volume, model):
    for i, (name, source) in enumerate([("a", "reader"), ("b_1", "reader"), ("b%2", "ct-ich"), ("c", "ct-ich")]):
        store.add_case(volume(name, seed=i), source=source)
    store.record_prediction("a", {"ischemia": 0.9, "hemorrhage": 0.1}, model)
    store.record_prediction("b_1", {"ischemia": 0.5, "hemorrhage": 0.2}, model)
    store.record_prediction("c", {"ischemia": 0.05, "hemorrhage": 0.95}, model)
    return store


def names(cases):
    return [case.case_id for case in cases]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("id", [{"a"}, {"b_1", "b%2"}, {"b_1", "b%2"}, {"c"}]),
        ("newest", [{"c"}, {"b%2"}, {"b_1"}, {"a"}]),
        ("suspicion", [{"c"}, {"a"}, {"b_1"}, {"b%2"}]),
        ("uncertainty", [{"b_1"}, {"a"}, {"c"}, {"b%2"}]),
    ],
)
def test_orders(filled, order, expected):
    found = names(filled.cases(order=order))
    assert sorted(found) == sorted(["a", "b_1", "b%2", "c"])
    assert all(name in allowed for name, allowed in zip(found, expected, strict=True))


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("B_", {"b_1"}),
        ("b%", {"b%2"}),
        ("ct-ich c", {"c", "b%2"}),
        ("tilt 18.5", {"a", "b_1", "b%2", "c"}),
        ("zz", set()),
    ],
)
def test_searching_takes_signs_as_they_are(filled, search, expected):
    assert set(names(filled.cases(search=search))) == expected


def test_authors_and_comments_are_found(filled, mask):
    filled.save("a", Annotation.from_mask(mask()), author="Dr Ada", comment="Basal ganglia?")
    assert names(filled.cases(search="ada ganglia?")) == ["a"]


def test_filters_and_pages(filled):
    assert set(names(filled.cases(source="ct-ich"))) == {"b%2", "c"}
    assert names(filled.cases(status="new")) == ["b%2"]
    assert len(filled.cases(status=("new", "predicted"))) == 4
    assert names(filled.cases(order="suspicion", limit=2, offset=1)) == ["a", "b_1"]
    assert filled.counts()["predicted"] == 3
    assert len(filled.cases(split="none")) == 4


def test_status_and_reader(filled):
    filled.set_status("a", "second_read")
    filled.set_reader("a", "Bo")
    assert filled.case("a").status == "second_read"
    assert names(filled.cases(reader="Bo")) == ["a"]
    with pytest.raises(InputError, match="did you mean 'accepted'"):
        filled.set_status("a", "accept")
    with pytest.raises(InputError, match="Unknown order"):
        filled.cases(order="mood")


def test_a_prediction_is_noted_with_its_model_and_moves_only_new_cases(filled, model):
    case = filled.case("a")
    assert case.probabilities == {"ischemia": 0.9, "hemorrhage": 0.1}
    assert (case.suspicion, case.model, case.status) == (0.9, model, "predicted")
    assert case.uncertainty == pytest.approx(0.2)
    filled.set_status("a", "accepted")
    filled.record_prediction("a", {"ischemia": 0.2, "hemorrhage": 0.1}, model, uncertainty=0.77)
    assert filled.case("a").status == "accepted"
    assert filled.case("a").uncertainty == 0.77
    assert filled.case("b%2").suspicion is None


@pytest.mark.parametrize("wrong", [{"ischemia": 0.5}, {"ischemia": 2, "hemorrhage": 0}])
def test_a_prediction_must_be_two_probabilities(filled, model, wrong):
    with pytest.raises(InputError, match="one probability per class"):
        filled.record_prediction("a", wrong, model)


def test_cases_are_counted_as_they_are_listed(store, volume):
    for number in range(4):
        store.add_case(volume(f"c{number}", seed=number, patient=f"p{number}"), source="a" if number else "b")
    store.set_status("c1", "accepted")
    store.set_reader("c2", "Ada")
    for wanted in ({}, {"status": "new"}, {"source": "a"}, {"reader": "Ada"}, {"search": "c3"}, {"split": "none"}):
        assert store.count_cases(**wanted) == len(store.cases(**wanted)), wanted


def test_saved_since_counts_newest_versions_of_the_main_line(filled, mask):
    before = datetime.now(UTC)
    first = filled.save("a", Annotation.from_mask(mask()), author="Ada")
    filled.save("a", Annotation.from_mask(mask(6)), author="Ada", parent=first.id)
    between = datetime.now(UTC)
    filled.save("b%2", Annotation.from_mask(mask()), author="Ada")
    filled.save("a", Annotation.from_mask(mask(5)), author="Bo", parent=first.id, branch=True)
    assert filled.saved_since(before) == {"a", "b%2"}
    assert filled.saved_since(between) == {"b%2"}
    assert filled.saved_since(between.astimezone(timezone(timedelta(hours=5)))) == {"b%2"}
    assert filled.saved_since(datetime.now(UTC)) == set()
