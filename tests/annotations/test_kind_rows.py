"""What cases teach for being of their kind follows what is read, and costs a save nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sqlalchemy import event, select

from napari_cpam_stroke.annotations import Rejection, Wanted
from napari_cpam_stroke.annotations.kinds import FEW, NEVER_SEEN, OFTEN_CORRECTED, SELDOM_SEEN
from napari_cpam_stroke.annotations.lessons import Lesson
from napari_cpam_stroke.annotations.schema import KindRow, ListedRow
from napari_cpam_stroke.core import Acquisition, Annotation, LesionClass
from napari_cpam_stroke.prompting.prompt import Prompt, PromptKind
from napari_cpam_stroke.prompting.used import PromptsUsed, UsedPrompt

SURE = {"ischemia": 1.0, "hemorrhage": 0.0}
THRESHOLDS = {"ischemia": 0.5, "hemorrhage": 0.5}
READ = 2 * FEW


@pytest.fixture
def filled(store, volume, model):
    """Ten cases of one kernel, and one of another; a model is sure of all."""
    for i in range(READ + 1):
        made = Acquisition("GE LightSpeed VCT", slice_thickness_mm=5.0, kernel="SOFT" if i < READ else "BONE")
        store.add_case(replace(volume(f"c{i:02d}", seed=i), acquisition=made), source="reader")
        store.record_prediction(f"c{i:02d}", SURE, model, thresholds=THRESHOLDS)
    return store


def accept(store, i, mask, **more):
    return store.save(f"c{i:02d}", Annotation.from_mask(mask()), author="Ada", status="accepted", **more)


def lesson(store, name):
    return next(each.lesson for each in store.listing.ask(Wanted(), limit=99).cases if each.case.case_id == name)


def stored_equal_shown(store):
    with store._database.reading() as session:
        scores = dict(session.execute(select(ListedRow.case_id, ListedRow.teaches)).all())
    shown = {each.case.case_id: each.lesson.score for each in store.listing.ask(Wanted(), limit=99).cases}
    return scores == pytest.approx(shown)


def test_a_kernel_is_new_until_enough_cases_of_it_are_accepted(filled, volume, mask):
    assert filled.listing.weigh() == 0
    assert lesson(filled, "c10").score == 0
    for i in range(FEW):
        accept(filled, i, mask)
    assert lesson(filled, "c10").score == 0, "a save does not weigh"
    assert filled.listing.weigh() == 1
    assert lesson(filled, "c10") == Lesson(pytest.approx(NEVER_SEEN), ("the first of kernel BONE",))
    assert lesson(filled, "c09").score == 0
    assert filled.listing.ask(Wanted(order="teaches"), limit=1).cases[0].case.case_id == "c10"
    assert stored_equal_shown(filled)
    assert filled.listing.weigh() == 0
    filled.set_status("c10", "in_review")
    assert lesson(filled, "c10").score == pytest.approx(NEVER_SEEN), "listed again it is as new as before"
    assert stored_equal_shown(filled)
    accept(filled, READ, mask)
    bone = replace(volume("late", seed=99), acquisition=Acquisition("GE LightSpeed VCT", None, 5.0, None, "BONE"))
    filled.add_case(bone, source="reader")
    filled.record_prediction("late", SURE, filled.case("c00").model, thresholds=THRESHOLDS)
    filled.listing.weigh()
    assert lesson(filled, "late") == Lesson(pytest.approx(SELDOM_SEEN), (f"fewer than {FEW} of kernel BONE so far",))


def test_cases_of_test_patients_were_not_learnt_from(filled, mask):
    for i in range(FEW):
        accept(filled, i, mask)
        filled.set_split(f"c{i:02d}", "test")
    filled.listing.bring_up_to_date()
    filled.listing.weigh()
    assert lesson(filled, "c10").score == 0


def test_rejected_findings_and_prompts_count_for_the_case_and_for_its_kind(filled, mask):
    rejected = (Rejection(LesionClass.ISCHEMIA, (1.0, 2.0, 3.0), "falx"),)
    point = UsedPrompt(LesionClass.ISCHEMIA, Prompt(PromptKind.POINT, 1, ((2.0, 3.0),), True))
    prompts = PromptsUsed("by hand", (point, point))
    for i in range(FEW):
        accept(filled, i, mask, rejections=rejected if i else (), prompts=prompts)
    filled.save(
        "c05", Annotation.from_mask(mask()), author="Bo", status="second_read", rejections=rejected, prompts=prompts
    )
    filled.listing.weigh()
    own = lesson(filled, "c05")
    assert own.reasons == ("1 finding rejected, 2 prompts needed", "cases made alike are often corrected")
    assert own.score == pytest.approx(1 - (1 - 3 / 5) * (1 - OFTEN_CORRECTED))
    assert lesson(filled, "c06") == Lesson(pytest.approx(OFTEN_CORRECTED), ("cases made alike are often corrected",))
    assert lesson(filled, "c10").reasons == ("the first of kernel BONE",)
    assert stored_equal_shown(filled)


def test_references_that_came_with_data_are_learnt_from_but_nobody_corrected_them(filled, mask):
    for i in range(FEW):
        filled.save(f"c{i:02d}", Annotation.from_mask(mask()), author="data", kind="reference")
    filled.listing.weigh()
    assert lesson(filled, "c10").reasons == ("the first of kernel BONE",)
    with filled._database.reading() as session:
        assert set(session.scalars(select(ListedRow.corrections))) == {-1}


def test_what_is_told_already_is_not_written_again(filled, mask):
    for i in range(FEW):
        accept(filled, i, mask)
    filled.listing.weigh()
    seen = []
    event.listen(
        filled._database._engine, "before_cursor_execute", lambda _c, _k, statement, *_: seen.append(statement)
    )
    accept(filled, FEW, mask)
    assert filled.listing.weigh() == 0
    assert not [each for each in seen if each.startswith("UPDATE") and ListedRow.__tablename__ in each]
    with filled._database.reading() as session:
        assert np.isclose(max(session.scalars(select(KindRow.score))), NEVER_SEEN)
