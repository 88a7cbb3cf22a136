"""What makes cases alike, and what a kind of them teaches, told without a store and without a window."""

from __future__ import annotations

from dataclasses import replace

import pytest

from napari_cpam_stroke.annotations.kinds import (
    FEW,
    NEVER_SEEN,
    OFTEN_CORRECTED,
    SELDOM_SEEN,
    Kind,
    Tally,
    kind_lessons,
    kind_of,
)
from napari_cpam_stroke.annotations.lessons import Lesson
from napari_cpam_stroke.core import Acquisition

KIND = Kind("reader", "GE Optima", "H31s", "5", "ischemia")


def test_a_kind_survives_as_text():
    kind = kind_of("reader", Acquisition('Maker, "X"', None, 0.625, None, "J\u00e9" * 80), ("ischemia", "hemorrhage"))
    assert (kind.thickness, kind.classes, len(kind.kernel)) == ("1", "ischemia and hemorrhage", 60)
    assert Kind.of_key(kind.key) == kind
    assert kind_of("x", Acquisition(), ()) == Kind("x", "", "", "", "")


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
