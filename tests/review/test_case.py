import numpy as np
import pytest

from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.core import LesionClass, measure_lesions
from napari_cpam_stroke.core.editing import paint
from napari_cpam_stroke.errors import InputError, RevisionConflictError, StoreError
from napari_cpam_stroke.review import CaseReview


def test_strokes_are_told_once_with_labels_and_dirt(review, draw, heard):
    log = heard(review)
    draw(review, 2)
    draw(review, 2, label=2)
    assert log == [("mask", (2,)), ("labels", None), ("dirty", True), ("mask", (2,)), ("labels", None)]
    assert review.changed_slices == (2,)
    assert review.changed_voxels == 6
    assert review.series_labels.tolist() == [0, 1]


def test_undone_strokes_are_no_change(review, draw, heard):
    log = heard(review)
    draw(review, 2)
    draw(review, 2, label=0)
    assert not review.dirty
    assert [entry for entry in log if entry[0] == "dirty"] == [("dirty", True), ("dirty", False)]


def test_edits_of_the_core_are_applied_in_place(review):
    held = review.reading
    slices = review.apply(lambda mask: paint(mask, review.volume, (3, 8, 7), 1, radius_mm=2))
    assert slices == (3,)
    assert review.reading is held
    assert review.slice_labels[3].tolist() == [1, 0]
    edits = review.edits
    assert review.apply(paint(review.reading, review.volume, (3, 8, 7), 1, radius_mm=2)) == ()
    assert review.edits == edits


def test_the_table_is_that_of_the_reading(review, draw):
    assert review.table.lesions == ()
    draw(review, 2)
    table = review.table
    assert review.table is table
    assert table.volumes_ml == pytest.approx(measure_lesions(review.reading, review.volume).volumes_ml)
    draw(review, 3)
    assert review.table is not table


def test_touching_what_does_not_exist_is_refused(review):
    with pytest.raises(InputError, match="no such slice"):
        review.touch([8])
    review.touch()
    assert not review.dirty


def test_rejecting_notes_the_reason_and_leaves_erasing_to_the_view(review, draw, heard):
    draw(review, 2)
    lesion, log = review.table.lesions[0], heard(review)
    edit = review.reject_finding(lesion, "falx")
    assert (edit.voxels, review.reading.any()) == (6, True)
    assert (review.rejections[0].reason, review.rejections[0].lesion_class) == ("falx", LesionClass.ISCHEMIA)
    assert log == [("statement", None)]
    review.reject_finding(lesion, "falx")
    assert len(review.rejections) == 1
    review.apply(edit)
    assert not review.reading.any()
    review.withdraw_rejection(review.rejections[0])
    assert review.rejections == ()
    with pytest.raises(InputError, match="reason"):
        review.reject_finding(lesion, "boredom")


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [("status", "accepted", "ok"), ("difficulty", "hard", "very"), ("truth_source", "MR", "PET")],
)
def test_a_statement_has_known_words(review, heard, name, good, bad):
    log = heard(review)
    setattr(review, name, good)
    assert getattr(review, name) == good
    assert log == [("statement", None), ("dirty", True)]
    with pytest.raises(InputError, match="expected one of"):
        setattr(review, name, bad)
    assert getattr(review, name) == good


def test_everything_is_there_after_closing_and_opening(review, draw, store):
    draw(review, 2)
    draw(review, 5, label=2)
    review.overrule_slice(6, LesionClass.ISCHEMIA, 1)
    review.overrule_slice(5, LesionClass.HEMORRHAGE, 0)
    review.overrule_series(LesionClass.ISCHEMIA, 0)
    review.reject_finding(review.table.lesions[0], "artefact")
    review.status, review.difficulty, review.comment, review.truth_source = "second_read", "easy", "why", "follow-up"
    revision = review.save()
    again = CaseReview(review.volume, store=store)
    assert again.show(again.fetch()) == revision == again.revision
    np.testing.assert_array_equal(again.reading, review.reading)
    np.testing.assert_array_equal(again.slice_labels, review.slice_labels)
    np.testing.assert_array_equal(again.series_labels, review.series_labels)
    assert again.conflicts == review.conflicts
    assert len(again.conflicts) == 3
    assert again.statement == review.statement
    assert not again.dirty
    assert again.history() == [revision]


def test_saving_tells_who_when_and_how_much(review, draw, heard):
    draw(review, 2)
    log = heard(review)
    first = review.save()
    assert log == [("saved", 1), ("statement", None), ("dirty", False)]
    assert (first.author, first.changed_voxels, first.status, review.status) == ("Ada", 6, "in_review", "in_review")
    draw(review, 3)
    second = review.save()
    assert (second.parent, second.number, second.changed_voxels) == (first.id, 2, 6)


def test_an_unread_case_has_nothing_to_load(review):
    assert review.fetch() is None
    assert review.revision is None
    assert review.history() == []


def test_two_readers_never_overwrite_each_other(review, draw, store):
    other = CaseReview(review.volume, store=store, author="Bo")
    draw(other, 1)
    theirs = other.save()
    draw(review, 2)
    with pytest.raises(RevisionConflictError, match="by Bo"):
        review.save()
    assert review.dirty
    mine = review.save(branch=True)
    assert (mine.branch, store.head("case")) == (True, theirs)
    draw(review, 3)
    assert review.save().parent == mine.id


def test_edits_made_while_saving_stay_unsaved(review, draw):
    draw(review, 2)
    draft = review.draft()
    draw(review, 2, label=2)
    review.overrule_slice(7, LesionClass.ISCHEMIA, 1)
    review.comment = "later"
    done = review.commit(draft)
    assert (done.mask[2] == 1).any()
    assert not (done.mask == 2).any()
    review.finish(done)
    assert review.dirty
    assert (review.changed_voxels, review.comment) == (6, "later")
    second = review.save()
    assert (second.changed_voxels, second.comment, review.dirty) == (6, "later", False)


def test_an_older_version_comes_back_as_an_edit(review, draw):
    draw(review, 2)
    first = review.save()
    draw(review, 2, label=0)
    draw(review, 3)
    second = review.save()
    assert review.restore(review.fetch(first.id)) == (2, 3)
    assert (review.revision, review.dirty) == (second, True)
    third = review.save()
    assert (third.parent, third.changed_voxels) == (second.id, 12)


def test_without_a_store_one_can_read_but_not_keep(volume, draw):
    review = CaseReview(volume)
    draw(review, 2)
    assert review.history() == []
    with pytest.raises(StoreError, match="no store"):
        review.save()
    assert review.dirty


def test_the_stores_name_of_a_case_is_used(review, store, volume, draw):
    other = type(volume)(volume.hu + np.int16(1), volume.geometry, "case", "patient")
    store.add_case(other, source="reader")
    draw(review, 2)
    review.save()
    assert review.case_id == f"case~{volume.content_hash[:6]}"
    assert store.head("case") is None


def test_labels_of_a_reference_without_masks_are_not_lost(store, volume, draw):
    from napari_cpam_stroke.core import Annotation

    store.add_case(volume, source="ct-ich")
    z = volume.shape[0]
    labels = np.zeros((z, 2), np.int8)
    labels[3, 1] = 1
    reference = Annotation(np.zeros(volume.shape, np.uint8), np.zeros((z, 2), bool), labels, np.array([-1, 1], np.int8))
    store.save("case", reference, author="import", kind="reference", status="in_review")
    review = CaseReview(volume, store=store, author="Ada")
    review.show(review.fetch())
    assert review.slice_labels[3].tolist() == [0, 1]
    draw(review, 5)
    kept = store.read_annotation(review.save().id)
    assert kept.slice_labels[3, 1] == 1
    assert kept.mask_known.any(axis=1).tolist() == [False] * 5 + [True] + [False] * 2


def test_what_is_begun_before_a_stored_version_came_lies_over_it(review, draw, store):
    draw(review, 2)
    draw(review, 5, label=2)
    review.comment, review.difficulty = "first", "hard"
    review.overrule_slice(1, LesionClass.ISCHEMIA, 1)
    kept = review.save()
    again = CaseReview(review.volume, store=store, author="Ada")
    again.reading[2, 0, 0] = 2
    again.touch([2])
    again.comment = "second"
    again.overrule_series(LesionClass.HEMORRHAGE, 0)
    assert again.show_under(again.fetch()) == kept
    wanted = review.reading.copy()
    wanted[2, 0, 0] = 2
    np.testing.assert_array_equal(again.reading, wanted)
    assert (again.comment, again.difficulty) == ("second", "hard")
    assert again.slice_labels[1].tolist() == [1, 0]
    assert again.series_labels.tolist() == [1, 0]
    assert again.dirty
    assert again.changed_voxels == 1
    assert again.save().number == 2


def test_a_review_needs_no_torch_no_qt_and_no_napari():
    import subprocess
    import sys

    script = (
        "import sys, napari_cpam_stroke.review; print([m for m in ('torch', 'napari', 'qtpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_store_stays_usable_after_reviews_in_other_threads(review, draw, tmp_path):
    from concurrent.futures import ThreadPoolExecutor

    draw(review, 2)
    draft = review.draft()
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(review.commit, draft).result()
    review.finish(done)
    with AnnotationStore.open(tmp_path / "store") as second:
        assert second.check() == []
