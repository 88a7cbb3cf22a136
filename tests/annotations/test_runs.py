"""What models found is kept beside the readings, is never overwritten, and moves with the store."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select, text

from napari_cpam_stroke.annotations import AnnotationStore, ModelRecord
from napari_cpam_stroke.annotations.schema import RunRow
from napari_cpam_stroke.errors import GeometryMismatchError, StoreError

FIXTURES = Path(__file__).parent / "fixtures"

DETAILS = {"thresholds": {"ischemia": 0.5, "hemorrhage": 0.4}, "seconds": 1.5}


@dataclass(frozen=True)
class Found:
    mask: np.ndarray
    probabilities: np.ndarray
    model: ModelRecord


@pytest.fixture
def found(mask, model) -> Found:
    probabilities = np.random.default_rng(0).integers(0, 256, (2, *mask().shape)).astype(np.uint8)
    return Found(mask(6), probabilities, model)


@pytest.fixture
def filled(store, volume):
    store.add_case(volume("c0", patient="p0"), source="reader")
    return store


def test_a_run_comes_back_as_it_was(filled, found):
    kept = filled.keep_run("c0", found, DETAILS)
    assert filled.runs("c0") == [kept]
    assert (kept.model, kept.details, kept.case_id) == (found.model, DETAILS, "c0")
    mask, probabilities = filled.read_run(kept.id)
    np.testing.assert_array_equal(mask, found.mask)
    np.testing.assert_array_equal(probabilities, found.probabilities)
    assert filled.check() == []


def test_the_same_result_is_kept_once_and_another_version_beside_it(filled, found):
    first = filled.keep_run("c0", found, DETAILS)
    assert filled.keep_run("c0", found, DETAILS) == first
    newer = replace(found, model=ModelRecord(found.model.name, "2.0", "f" * 64))
    second = filled.keep_run("c0", newer, DETAILS)
    assert [run.id for run in filled.runs("c0")] == [first.id, second.id]
    np.testing.assert_array_equal(filled.read_run(first.id)[1], found.probabilities)


def test_a_result_of_another_shape_is_refused(filled, found):
    with pytest.raises(GeometryMismatchError, match="does not belong to case c0"):
        filled.keep_run("c0", replace(found, mask=found.mask[:-1]), DETAILS)
    with pytest.raises(GeometryMismatchError, match="does not belong to case c0"):
        filled.keep_run("c0", replace(found, probabilities=found.probabilities[:1]), DETAILS)
    assert filled.runs("c0") == []


def test_an_unknown_run_is_named(filled):
    with pytest.raises(StoreError, match="no model run 'abc'"):
        filled.read_run("abc")


def test_runs_move_with_the_store(filled, found, tmp_path):
    kept = filled.keep_run("c0", found, DETAILS)
    filled.export(tmp_path / "copy")
    with AnnotationStore.open(tmp_path / "copy", create=False) as copy:
        assert copy.runs("c0") == [kept]
        np.testing.assert_array_equal(copy.read_run(kept.id)[0], found.mask)
        assert copy.check() == []
        copy.import_from(tmp_path / "copy")
        assert copy.runs("c0") == [kept]


def test_a_changed_record_is_seen(filled, found):
    filled.keep_run("c0", found, DETAILS)
    with filled._database.writing() as session:
        session.execute(text("UPDATE model_runs SET details = '{}'"))
    whose = f"{found.model.name} {found.model.version} on case c0"
    assert filled.check() == [f"The record of {whose} was changed after it was saved."]


@pytest.mark.parametrize("what", ["mask", "ischemia", "hemorrhage"])
def test_a_damaged_file_is_seen(filled, found, what):
    kept = filled.keep_run("c0", found, DETAILS)
    with filled._database.reading() as session:
        name = session.scalar(select(getattr(RunRow, what)))
    filled._blobs.path(name).write_bytes(b"")
    (problem,) = filled.check()
    assert problem.startswith(
        f"The {what} of {found.model.name} {found.model.version} on case c0 is missing or damaged"
    )
    with pytest.raises(StoreError, match="missing or damaged"):
        filled.read_run(kept.id)


def test_a_store_from_before_has_no_runs_and_takes_them(filled, found, tmp_path):
    earlier = shutil.copytree(FIXTURES / "version-1", tmp_path / "earlier")
    AnnotationStore.migrate(earlier)
    with AnnotationStore.open(earlier) as store:
        assert store.runs("c0") == []
        assert store.check() == []
        store.export(tmp_path / "copy")
        kept = store.keep_run("c0", found, DETAILS)
        assert store.runs("c0") == [kept]
