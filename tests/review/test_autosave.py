import numpy as np
import pytest

from napari_cpam_stroke.annotations import program_lock
from napari_cpam_stroke.annotations.recovery import Journal
from napari_cpam_stroke.core import LesionClass
from napari_cpam_stroke.errors import GeometryMismatchError, StoreError
from napari_cpam_stroke.prompting import Prompt, PromptKind, PromptsUsed, UsedPrompt
from napari_cpam_stroke.review import Autosave, CaseReview


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "recovery"


def pointed(*slices):
    prompts = [Prompt(PromptKind.POINT, z, ((3.0, 4.0),)) for z in slices]
    return PromptsUsed("random walker", tuple(UsedPrompt(LesionClass.ISCHEMIA, prompt) for prompt in prompts))


@pytest.fixture
def crash(monkeypatch):
    """From now on the program that wrote the journals has ended and another one runs."""

    def end():
        monkeypatch.setattr(program_lock, "PROGRAM", "another")
        program_lock._let_go()

    return end


def test_a_crash_loses_nothing_that_was_autosaved(review, draw, store, prediction, folder, crash):
    draw(review, 1)
    review.save()
    autosave = Autosave(review, folder=folder)
    review.set_prediction(prediction(4))
    review.adopt_prediction()
    draw(review, 2, label=2)
    review.overrule_slice(7, LesionClass.ISCHEMIA, 1)
    review.comment, review.difficulty = "half way", "hard"
    review.reject_finding(review.table.lesions[0], "sinus")
    assert autosave.run()
    crash()
    after = CaseReview(review.volume, store=store, author="Ada")
    after.show(after.fetch())
    fresh = Autosave(after, folder=folder)
    (pending,) = fresh.pending()
    assert (pending.case_id, pending.author, pending.slices) == ("case", "Ada", (2, 4))
    assert fresh.recover(pending) == (2, 4)
    np.testing.assert_array_equal(after.reading, review.reading)
    np.testing.assert_array_equal(after.slice_labels, review.slice_labels)
    assert (after.statement, after.dirty, after.changed_voxels) == (review.statement, True, review.changed_voxels)
    assert after.algorithm_type == "SEMIAUTOMATIC", "it began from a model, and the record must say so"
    assert after.save().model.name == "default"
    assert fresh.pending() == []


def test_the_prompts_behind_unsaved_work_come_back_once(review, draw, store, folder, crash):
    draw(review, 1)
    review.note_prompts(pointed(1))
    review.save()
    draw(review, 2)
    review.note_prompts(pointed(1, 2))
    Autosave(review, folder=folder).run()
    crash()
    after = CaseReview(review.volume, store=store, author="Ada")
    after.show(after.fetch())
    fresh = Autosave(after, folder=folder)
    fresh.recover(fresh.pending()[0])
    crash()
    again = CaseReview(review.volume, store=store, author="Ada")
    twice = Autosave(again, folder=folder)
    twice.recover(twice.pending()[0])
    saved = again.save()
    assert (saved.algorithm_type, saved.prompts) == ("SEMIAUTOMATIC", pointed(1, 2))
    assert saved.prompts.counts == {"point": 2}


def test_recovered_work_is_kept_again_before_the_old_journal_goes(review, draw, folder, crash):
    draw(review, 2)
    Autosave(review, folder=folder).run()
    crash()
    after = CaseReview(review.volume, author="Ada")
    fresh = Autosave(after, folder=folder)
    fresh.recover(fresh.pending()[0])
    assert fresh.pending() == []
    crash()
    (kept,) = fresh.pending()
    np.testing.assert_array_equal(kept.restore(None), review.reading)


def test_work_on_an_older_version_is_recovered_onto_that_version(review, draw, store, folder, crash):
    draw(review, 1)
    first = review.save()
    draw(review, 2)
    Autosave(review, folder=folder).run()
    other = CaseReview(review.volume, store=store, author="Bo")
    other.show(other.fetch())
    draw(other, 6)
    other.save()
    crash()
    after = CaseReview(review.volume, store=store, author="Ada")
    after.show(after.fetch())
    fresh = Autosave(after, folder=folder)
    fresh.recover(fresh.pending()[0])
    assert after.revision == first
    assert not after.reading[6].any()
    assert after.reading[2].any()


def test_only_what_is_new_is_written_and_not_too_often(review, draw, folder):
    now = [0.0]
    journal = Journal(folder, review.volume.content_hash, interval_s=5, clock=lambda: now[0])
    autosave = Autosave(review, folder=folder, journal=journal)
    assert not autosave.run()
    draw(review, 2)
    assert autosave.run()
    assert not autosave.run(force=True), "nothing new"
    draw(review, 3)
    assert not autosave.run(), "too soon"
    now[0] = 5.1
    assert autosave.run()


def test_saving_ends_the_journal_and_a_late_write_does_not_bring_it_back(review, draw, folder):
    autosave = Autosave(review, folder=folder)
    draw(review, 2)
    autosave.run()
    assert len(list(folder.glob("*.journal"))) == 1
    draw(review, 3)
    late = autosave.job(force=True)
    review.save()
    assert list(folder.glob("*.journal")) == []
    late()
    assert list(folder.glob("*.journal")) == []


def test_strokes_made_while_saving_are_written_soon(review, draw, folder):
    autosave = Autosave(review, folder=folder)
    draw(review, 2)
    draft = review.draft()
    draw(review, 3)
    review.finish(review.commit(draft))
    assert autosave.run()
    assert len(list(folder.glob("*.journal"))) == 1


def test_the_journal_holds_the_strokes_of_the_moment(review, draw, folder, crash):
    autosave = Autosave(review, folder=folder)
    draw(review, 2)
    job = autosave.job()
    draw(review, 2, label=0)
    draw(review, 4)
    job()
    crash()
    restored = autosave.pending()[0].restore(None)
    assert restored[2].any()
    assert not restored[4].any()


def test_strokes_of_another_series_are_refused(review, draw, folder, crash, volume):
    draw(review, 2)
    Autosave(review, folder=folder).run()
    crash()
    (pending,) = Journal.pending(folder)
    other = CaseReview(type(volume)(volume.hu + np.int16(1), volume.geometry, "other"))
    with pytest.raises(GeometryMismatchError, match="another series"):
        Autosave(other, folder=folder).recover(pending)
    assert not other.reading.any()


def test_a_revealed_read_stays_revealed_after_a_crash(volume, store, prediction, draw, folder, crash):
    review = CaseReview(volume, store=store, author="Ada", blinded=True)
    review.set_prediction(prediction(2))
    draw(review, 1)
    review.reveal()
    draw(review, 2)
    Autosave(review, folder=folder).run()
    crash()
    after = CaseReview(volume, store=store, author="Ada", blinded=True)
    fresh = Autosave(after, folder=folder)
    fresh.recover(fresh.pending()[0])
    assert not after.blinded
    saved = after.save()
    assert saved.blinded
    assert saved.revealed_at is not None
    assert saved.changed_after_reveal is None, "not known any more, so not claimed"


@pytest.mark.parametrize("spoil", [lambda stated: stated.pop("status"), lambda stated: stated.update(ai=7, slices=[1])])
def test_a_draft_whose_statements_cannot_be_read_is_told_and_kept(review, draw, folder, crash, monkeypatch, spoil):
    autosave = Autosave(review, folder=folder)
    draw(review, 2)
    assert autosave.run(force=True)
    crash()
    fresh = Autosave(CaseReview(review.volume, author="Ada"), folder=folder)
    (pending,) = fresh.pending()
    spoil(pending.stated)
    with pytest.raises(StoreError, match="cannot be read"):
        fresh.recover(pending)
    assert pending.path.exists()
