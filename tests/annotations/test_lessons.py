"""What reading a case next would teach the model, told without a store and without a window."""

from __future__ import annotations

import pytest

from napari_cpam_stroke.annotations.lessons import NO_RUN, SETTLED, Lesson, own_lesson, suspected_classes, together
from napari_cpam_stroke.annotations.opinion import Opinion

THRESHOLDS = {"ischemia": 0.03, "hemorrhage": 0.5}


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


def test_a_model_suspects_what_is_at_its_own_threshold_or_above():
    assert suspected_classes(opinion(0.031, 0.49)) == ("ischemia",)
    assert suspected_classes(None) == ()


def test_parts_add_up_and_the_strongest_is_told_first():
    both = together([Lesson(0.4, ("weak",)), Lesson(0.7, ("strong",)), Lesson(0.1, ("hardly",))])
    assert both == Lesson(pytest.approx(1 - 0.6 * 0.3 * 0.9), ("strong", "weak"))
    assert together([Lesson(0.9, ("x",)), Lesson(NO_RUN, ("no run",))]) == Lesson(NO_RUN, ("no run",))
    assert together([]) == Lesson(0.0)
