"""What reading a case next would teach the model, told without a store and without a window."""

from __future__ import annotations

from dataclasses import replace

import pytest

from napari_cpam_stroke.annotations.lessons import (
    FEW,
    NEVER_SEEN,
    NO_RUN,
    OFTEN_CORRECTED,
    SELDOM_SEEN,
    SETTLED,
    Kind,
    Lesson,
    Tally,
    kind_lessons,
    kind_of,
    own_lesson,
    suspected_classes,
    together,
)
from napari_cpam_stroke.annotations.opinion import Opinion
from napari_cpam_stroke.core import Acquisition

THRESHOLDS = {"ischemia": 0.03, "hemorrhage": 0.5}
KIND = Kind("reader", "GE Optima", "H31s", "5", "ischemia")


def opinion(ischemia: float, hemorrhage: float = 0.0, **more) -> Opinion:
    return Opinion({"ischemia": ischemia, "hemorrhage": hemorrhage}, THRESHOLDS, **more)


def of(found: Opinion | None, **more) -> Lesson:
    return own_lesson(**{"status": "predicted", "split": None, "opinion": found} | more)


def test_doubt_is_highest_at_the_models_own_threshold():
    at, near, far = (of(opinion(p)) for p in (0.03, 0.02, 0.9))
    assert at.score == pytest.approx(1)
    assert at.reasons == ("in doubt: ischemia 50 of 100, its threshold at 50",)
    assert at.score > near.score > far.score
    assert far.score < 0.02
    assert far.reasons == ("little doubt: ischemia 100 of 100, its threshold at 50",)
    assert of(opinion(0.9, 0.5)).score > 0.99, "one class in doubt is enough"


def test_without_thresholds_one_half_is_in_doubt_and_that_is_said():
    unknown = Opinion({"ischemia": 0.48, "hemorrhage": 0.1})
    assert of(unknown) == Lesson(
        pytest.approx(0.96), ("probability of ischemia 0.48, the model's threshold not known",)
    )
    assert (unknown.suspected, unknown.suspicions, unknown.ranges) == (None, {}, {})


def test_networks_that_disagree_come_before_those_that_do_not():
    agreed, apart = (
        of(opinion(0.9, members={"ischemia": said, "hemorrhage": (0.0, 0.0)})) for said in ((0.9, 0.9), (0.01, 0.9))
    )
    assert agreed.score < 0.05
    assert 0.7 < apart.score < 1
    assert apart.reasons == ("networks disagree: ischemia 25 to 100 of 100",)


@pytest.mark.parametrize(
    ("rejected", "prompts", "words"),
    [(2, 0, "2 findings rejected"), (1, 0, "1 finding rejected"), (1, 3, "1 finding rejected, 3 prompts needed")],
)
def test_corrections_count_and_are_told(rejected, prompts, words):
    sure = of(opinion(1.0, 0.0), rejected=rejected, prompts=prompts)
    assert sure.reasons == (words,)
    assert sure.score == pytest.approx((rejected + prompts) / (rejected + prompts + 2))


def test_what_stands_below_says_why():
    doubtful = opinion(0.03)
    assert of(doubtful, status="accepted") == Lesson(SETTLED, ("accepted already",))
    assert of(doubtful, status="rejected") == Lesson(SETTLED, ("kept out of training",))
    assert of(doubtful, split="test") == Lesson(SETTLED, ("a test patient, never trained on",))
    assert of(None) == Lesson(NO_RUN, ("no model was run on it",))
    for status in ("new", "in_review", "second_read"):
        assert of(doubtful, status=status, split="train").score > 0.99
    assert SETTLED < NO_RUN < 0


def test_a_kind_survives_as_text():
    kind = kind_of("reader", Acquisition('Maker, "X"', None, 0.625, None, "J\u00e9" * 80), ("ischemia", "hemorrhage"))
    assert (kind.thickness, kind.classes, len(kind.kernel)) == ("1", "ischemia and hemorrhage", 60)
    assert Kind.of_key(kind.key) == kind
    assert kind_of("x", Acquisition(), ()) == Kind("x", "", "", "", "")
    assert suspected_classes(opinion(0.031, 0.49)) == ("ischemia",)
    assert suspected_classes(None) == ()


def tally(taught: int, read: int = 0, corrections: int = 0, **kind) -> Tally:
    return Tally(replace(KIND, **kind), taught, read, corrections)


@pytest.mark.parametrize(
    ("seen", "lesson"),
    [
        (0, Lesson(pytest.approx(NEVER_SEEN), ("the first of kernel H60",))),
        (FEW - 1, Lesson(pytest.approx(SELDOM_SEEN), (f"fewer than {FEW} of kernel H60 so far",))),
        (FEW, Lesson(0.0)),
    ],
)
def test_what_few_cases_were_learnt_from_is_new(seen, lesson):
    found = kind_lessons([tally(9), tally(seen, kernel="H60", classes="hemorrhage"), tally(9, classes="hemorrhage")])
    assert found[replace(KIND, kernel="H60", classes="hemorrhage")] == lesson
    assert found[KIND] == Lesson(0.0)


def test_every_side_of_a_kind_can_be_new():
    others = {"source": "ct-ich", "scanner": "Siemens", "thickness": "1", "classes": "hemorrhage"}
    words = {"from source ct-ich", "of scanner Siemens", "with slices of 1 mm", "with hemorrhage"}
    found = kind_lessons([tally(9), *(tally(0, **{name: value}) for name, value in others.items())])
    assert {lesson.reasons[0].removeprefix("the first ") for kind, lesson in found.items() if kind != KIND} == words


def test_both_classes_together_count_for_each():
    both = "ischemia and hemorrhage"
    found = kind_lessons([tally(FEW, classes=both), tally(0, classes="hemorrhage"), tally(0, kernel="")])
    assert found[replace(KIND, classes="hemorrhage")] == Lesson(0.0)
    assert found[replace(KIND, kernel="")] == Lesson(0.0), "what is not known is not new"


def test_nothing_is_new_where_few_cases_were_learnt_from_at_all():
    for few in (0, FEW - 1):
        found = kind_lessons([tally(few), tally(0, kernel="H60")])
        assert set(found.values()) == {Lesson(0.0)}


def test_cases_made_alike_that_are_often_corrected_come_first():
    often = [
        tally(9, read=3, corrections=5),
        tally(9, read=2, classes="", corrections=0),
        tally(9, classes="hemorrhage"),
    ]
    (lesson,) = set(kind_lessons(often).values())
    assert lesson == Lesson(OFTEN_CORRECTED, ("cases made alike are often corrected",))
    seldom = [often[0], replace(often[1], corrections=-1), often[2]]
    assert set(kind_lessons(seldom).values()) == {Lesson(0.0)}
    few = [replace(often[0], read=2), *often[1:]]
    assert set(kind_lessons(few).values()) == {Lesson(0.0)}


def test_parts_add_up_and_the_strongest_is_told_first():
    both = together([Lesson(0.4, ("weak",)), Lesson(0.7, ("strong",)), Lesson(0.1, ("hardly",))])
    assert both == Lesson(pytest.approx(1 - 0.6 * 0.3 * 0.9), ("strong", "weak"))
    assert together([Lesson(0.9, ("x",)), Lesson(NO_RUN, ("no run",))]) == Lesson(NO_RUN, ("no run",))
    assert together([]) == Lesson(0.0)
