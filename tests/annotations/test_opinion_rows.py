"""How the last prediction of a case is to be read: kept with it, moved with it, and told of stores from before."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from sqlalchemy import event, text

from napari_cpam_stroke.annotations import AnnotationStore, Wanted
from napari_cpam_stroke.annotations.lessons import NO_RUN, SETTLED
from napari_cpam_stroke.annotations.opinion import Suspected

THRESHOLDS = {"ischemia": 0.03, "hemorrhage": 0.5}
FOUND = {"ischemia": 0.03, "hemorrhage": 0.3}
"""Hemorrhage is the more probable one, ischemia the more suspected."""


@pytest.fixture
def filled(store, volume):
    for i in range(3):
        store.add_case(volume(f"c{i}", seed=i), source="reader")
    return store


def listed(store, name="c0"):
    (found,) = [each for each in store.listing.ask(Wanted(), limit=9).cases if each.case.case_id == name]
    return found


def by(store, order):
    return [each.case.case_id for each in store.listing.ask(Wanted(order=order), limit=9).cases]


def keep_run(store, name, model, mask, details):
    run = SimpleNamespace(mask=mask(), probabilities=np.zeros((2, *mask().shape), np.uint8), model=model)
    return store.keep_run(name, run, details)


def test_the_list_stands_by_what_is_suspected_not_by_what_is_probable(filled, model):
    filled.record_prediction("c0", FOUND, model, thresholds=THRESHOLDS)
    filled.record_prediction("c1", {"ischemia": 0.01, "hemorrhage": 0.4}, model, thresholds=THRESHOLDS)
    assert listed(filled).suspected == Suspected("ischemia", pytest.approx(50))
    assert listed(filled, "c1").suspected == Suspected("hemorrhage", pytest.approx(40))
    assert listed(filled, "c2").suspected is None
    assert by(filled, "suspicion") == ["c0", "c1", "c2"]
    assert [case.case_id for case in filled.cases(order="suspicion")] == ["c0", "c1", "c2"]
    assert filled.case("c0").uncertainty == pytest.approx(1), "at the threshold of a class nothing is decided"
    assert filled.case("c0").probabilities == FOUND


def test_members_of_an_ensemble_teach_and_a_new_prediction_replaces_all(filled, model):
    members = {"ischemia": (0.001, 0.9), "hemorrhage": (0.3, 0.3)}
    filled.record_prediction("c0", {"ischemia": 1.0, "hemorrhage": 0.0}, model, thresholds=THRESHOLDS, members=members)
    assert listed(filled).lesson.reasons == ("networks disagree: ischemia 3 to 100 of 100",)
    filled.record_prediction("c0", {"ischemia": 1.0, "hemorrhage": 0.0}, model, thresholds=THRESHOLDS)
    assert listed(filled).lesson.score == 0
    filled.record_prediction("c0", FOUND, model)
    assert listed(filled).suspected is None, "thresholds of the prediction before are not those of this one"
    assert "threshold not known" in listed(filled).lesson.reasons[0]


def test_of_a_store_from_before_the_kept_run_says_how_to_read_it(filled, model, mask):
    keep_run(filled, "c0", model, mask, {"series_thresholds": dict.fromkeys(THRESHOLDS, 0.9)})
    keep_run(filled, "c0", replace(model, sha256="e" * 64), mask, {"series_thresholds": dict.fromkeys(THRESHOLDS, 0.1)})
    keep_run(filled, "c0", model, mask, {"series_thresholds": THRESHOLDS})
    keep_run(filled, "c1", replace(model, sha256="e" * 64), mask, {"series_thresholds": THRESHOLDS})
    for name in ("c0", "c1"):
        filled.record_prediction(name, FOUND, model)
    with filled._database.writing() as session:
        for table in ("case_opinions", "case_list_2", "case_kinds"):
            session.execute(text(f"DROP TABLE IF EXISTS {table}"))
        session.execute(text("UPDATE cases SET suspicion = 0.3 WHERE suspicion > 0"))
    assert filled.listing.bring_up_to_date() == 3
    assert listed(filled).suspected == Suspected("ischemia", pytest.approx(50))
    assert listed(filled, "c1").suspected is None, "the run is another model's"
    assert by(filled, "suspicion") == ["c0", "c1", "c2"]
    assert by(filled, "teaches") == ["c0", "c1", "c2"]
    assert filled.listing.bring_up_to_date() == 0
    filled.record_prediction("c1", FOUND, model, thresholds=THRESHOLDS)
    assert listed(filled, "c1").suspected == Suspected("ischemia", pytest.approx(50))


def test_others_can_write_while_a_long_list_is_made(filled, monkeypatch):
    monkeypatch.setattr("napari_cpam_stroke.annotations.listed_rows.BATCH", 1)
    with filled._database.writing() as session:
        session.execute(text("DROP TABLE case_list_2"))
    begun = []
    event.listen(filled._database._engine, "commit", lambda _: begun.append(1))
    assert filled.listing.bring_up_to_date() == 3
    assert len(begun) >= 4, "each part is a transaction of its own"
    assert by(filled, "id") == ["c2", "c1", "c0"]


def test_it_moves_with_the_store(filled, model, mask, tmp_path):
    filled.record_prediction("c0", FOUND, model, thresholds=THRESHOLDS)
    filled.record_prediction("c1", FOUND, model)
    keep_run(filled, "c1", model, mask, {"series_thresholds": THRESHOLDS})
    filled.export(tmp_path / "copy")
    with AnnotationStore.open(tmp_path / "copy", create=False) as copy:
        for name in ("c0", "c1"):
            assert listed(copy, name).suspected == Suspected("ischemia", pytest.approx(50))
        assert copy.listing.bring_up_to_date() == 0
        assert copy.check() == []


def test_status_and_split_put_a_case_below_and_say_why(filled, volume, model):
    for i in range(3):
        filled.record_prediction(f"c{i}", FOUND, model, thresholds=THRESHOLDS)
    filled.add_case(volume("c3", seed=3), source="reader")
    filled.set_status("c0", "accepted")
    filled.set_split("c1", "test")
    assert filled.listing.bring_up_to_date() == 1, "a split is the patient's, not the case's"
    assert by(filled, "teaches") == ["c2", "c3", "c1", "c0"]
    lessons = [listed(filled, name).lesson for name in ("c3", "c1", "c0")]
    assert [lesson.score for lesson in lessons] == [NO_RUN, SETTLED, SETTLED]
    assert [lesson.reasons for lesson in lessons] == [
        ("no model was run on it",),
        ("a test patient, never trained on",),
        ("accepted already",),
    ]
