"""What counts as new to a model: as the trainer counts it, by class, source and split."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cpam_train.config import DataConfig
from cpam_train.data.slices import collect_slices
from cpam_train.fitting.slice_batches import is_new
from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.core import Annotation
from napari_cpam_stroke.retraining import lessons_of
from napari_cpam_stroke.review import CaseReview

from ..lesson_store import fill, head, volume  # noqa: TID252 - the tests are no installed package


def read(store, number, lesion, status="accepted"):
    """A case as the room saves it."""
    hu, mask = head(number, lesion)
    review = CaseReview(volume(number, hu), store=store, author="reader")
    review.reading[:] = mask
    review.touch()
    review.state("status", status)
    return review.save()


@pytest.fixture
def store(tmp_path):
    with AnnotationStore.open(tmp_path / "store") as opened:
        fill(opened, {"train": 2, "test": 1})
        yield opened


def test_only_what_was_saved_later_is_new_as_the_trainer_has_it(store):
    moment = datetime.now(UTC)
    read(store, 1, 1)
    read(store, 2, 2, status="in_review")
    read(store, 3, None)
    hu, _ = head(4, None)
    store.add_case(volume(4, hu), source="reader")
    found = lessons_of(store, model="m 1.0", created=moment.isoformat())
    assert (found.cases, found.new, found.accepted) == (6, 3, 2)
    assert found.by_class == {"ischemia": 1, "hemorrhage": 1, "neither": 1}
    assert found.by_source == {"reader": 3}
    assert found.by_split == {"none": 3}
    data = DataConfig(new_since=moment)
    assert {r.case.case_id for r in collect_slices(store) if is_new(r, data)} == {"head001", "head002", "head003"}


def test_a_case_put_aside_is_not_counted(store):
    read(store, 1, 1, status="rejected")
    assert lessons_of(store, model="m", created="2020-01-01").cases == 3


def test_a_correction_of_an_old_case_makes_it_new(store):
    moment = datetime.now(UTC)
    case = store.cases(split="test")[0]
    mask = head(102, 2)[1]
    store.save(case.case_id, Annotation.from_mask(mask), author="reader", parent=case.head)
    found = lessons_of(store, model="m", created=moment.isoformat())
    assert (found.new, found.by_split) == (1, {"test": 1})


def test_without_a_moment_everything_is_new(store):
    for created in ("", "long ago"):
        found = lessons_of(store, model="m", created=created)
        assert (found.new, found.since) == (3, None)


def test_a_moment_without_a_zone_is_utc_and_any_zone_is_understood(store):
    later = datetime.now(UTC) + timedelta(hours=1)
    assert lessons_of(store, model="m", created=later.replace(tzinfo=None).isoformat()).new == 0
    zone = datetime.now().astimezone() - timedelta(hours=1)
    assert lessons_of(store, model="m", created=zone.isoformat()).new == 3
