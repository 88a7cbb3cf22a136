import numpy as np
import pytest

from napari_cpam_stroke.core import LesionClass
from napari_cpam_stroke.errors import GeometryMismatchError, InputError
from napari_cpam_stroke.prompting import Prompt, PromptKind, PromptsUsed, UsedPrompt
from napari_cpam_stroke.review import CaseReview


def test_a_prediction_never_touches_the_reading(review, prediction, draw, heard):
    draw(review, 0)
    before, log = review.reading.copy(), heard(review)
    review.set_prediction(prediction(2, 3))
    np.testing.assert_array_equal(review.reading, before)
    assert log == [("prediction", None)]
    assert review.algorithm_type == "MANUAL"
    assert review.changed_from_prediction == 6 + 32


def test_adopting_keeps_what_the_reader_drew_and_erased(review, prediction, draw):
    draw(review, 2, label=2, rows=slice(4, 6))
    review.set_prediction(prediction(2, 3))
    assert review.adopt_prediction() == (2, 3)
    assert (review.reading[2, 4:6, 0:3] == 2).all()
    assert (review.reading[2, 6:8, 4:8] == 1).all()
    review.reading[3, 4:8, 4:6] = 0
    review.touch([3])
    review.set_prediction(prediction(3, 5, label=2, name="other"))
    review.adopt_prediction()
    assert not review.reading[3, 4:8, 4:6].any(), "erased by hand, must not come back"
    assert (review.reading[3, 4:8, 6:8] == 2).all(), "untouched, follows the new model"
    assert (review.reading[2, 4:6, 0:3] == 2).all()
    assert not review.reading[2, 6:8, 4:8].any(), "untouched, the new model shows nothing here"
    review.set_prediction(prediction(name="empty"))
    review.adopt_prediction()
    assert (review.reading[2, 4:6, 0:3] == 2).all(), "drawn by hand stays through any number of models"
    assert np.count_nonzero(review.reading) == 6


def test_adopting_never_overwrites_what_lies_under_the_mask_of_the_model(review, prediction, draw):
    review.reading[2, 5:7, 5:7] = 2
    review.touch([2])
    review.set_prediction(prediction(2))
    review.adopt_prediction()
    assert (review.reading[2, 5:7, 5:7] == 2).all()
    assert np.count_nonzero(review.reading[2] == 1) == 16 - 4


def test_adopting_some_slices_leaves_the_others(review, prediction):
    review.set_prediction(prediction(2, 3))
    assert review.adopt_prediction([3]) == (3,)
    assert not review.reading[2].any()
    assert review.algorithm_type == "SEMIAUTOMATIC"
    assert review.adopt_prediction() == (2,)
    assert review.algorithm_type == "AUTOMATIC"


def test_the_algorithm_type_says_what_was_done(review, prediction, draw):
    assert review.algorithm_type == "MANUAL"
    review.set_prediction(prediction(2))
    review.adopt_prediction()
    assert (review.algorithm_type, review.changed_from_prediction) == ("AUTOMATIC", 0)
    draw(review, 2)
    assert (review.algorithm_type, review.changed_from_prediction) == ("SEMIAUTOMATIC", 6)
    review.set_prediction(prediction(5))
    assert review.changed_from_prediction == 6, "still measured against what it began from"
    review.save()
    assert (review.revision.algorithm_type, review.revision.model.name) == ("SEMIAUTOMATIC", "default")


def test_the_type_survives_closing_and_opening(review, prediction, store, draw):
    review.set_prediction(prediction(2))
    review.adopt_prediction()
    review.save()
    again = CaseReview(review.volume, store=store, author="Bo")
    again.show(again.fetch())
    assert again.algorithm_type == "AUTOMATIC"
    draw(again, 4)
    assert again.algorithm_type == "SEMIAUTOMATIC"
    again.set_prediction(prediction(3))
    again.adopt_prediction()
    assert not again.reading[2].any()
    assert again.reading[4].any()


def test_adopted_is_not_checked(review, prediction, draw):
    review.set_prediction(prediction(2, 3))
    review.adopt_prediction()
    draw(review, 3)
    known = review.draft().mask_known
    assert known[:, 0].tolist() == [False, False, False, True, False, False, False, False]
    review.status = "accepted"
    assert review.draft().mask_known.all()


def test_a_blinded_reader_sees_nothing_until_it_is_revealed(volume, store, prediction, draw, heard):
    review = CaseReview(volume, store=store, author="Ada", blinded=True)
    log = heard(review)
    review.set_prediction(prediction(2))
    assert review.prediction is None
    assert review.changed_from_prediction is None
    with pytest.raises(InputError, match="reveal the prediction first"):
        review.adopt_prediction()
    draw(review, 0)
    blind = review.save()
    assert (blind.blinded, blind.revealed_at, blind.model, blind.changed_after_reveal) == (True, None, None, None)
    at_reveal = review.reading.copy()
    review.reveal()
    assert review.prediction is not None
    assert log.count(("prediction", None)) == 2
    draw(review, 2)
    shown = review.save()
    assert shown.revealed_at >= blind.created
    assert (shown.changed_after_reveal, shown.model.name) == (6, "default")
    np.testing.assert_array_equal(store.read_blinded_mask(shown.id), at_reveal)


def test_there_must_be_something_to_adopt_that_fits(review, prediction):
    with pytest.raises(InputError, match="run a model first"):
        review.adopt_prediction()
    wrong = prediction(1)
    with pytest.raises(GeometryMismatchError, match="another series"):
        review.set_prediction(type(wrong)(wrong.mask[:4], wrong.model, {}))
    assert review.prediction is None


def test_what_was_drawn_by_hand_beside_a_prediction_stays_by_hand_after_opening(review, prediction, store, draw):
    """The stored prediction was only looked at: the reading did not begin from it."""
    review.set_prediction(prediction(2))
    draw(review, 4)
    assert review.save().algorithm_type == "MANUAL"
    again = CaseReview(review.volume, store=store, author="Bo")
    again.show(again.fetch())
    assert again.algorithm_type == "MANUAL"
    assert again.changed_from_prediction == 6 + 16
    draw(again, 5)
    assert again.save().algorithm_type == "MANUAL"
    again.set_prediction(prediction(2, 3))
    assert again.changed_from_prediction == 12 + 32, "measured against the newest one, as none was adopted"


def pointed(z, engine="random walker"):
    prompt = Prompt(PromptKind.POINT, z, ((3.0, 4.0),))
    return PromptsUsed(engine, (UsedPrompt(LesionClass.ISCHEMIA, prompt),))


def test_what_prompts_made_is_semiautomatic_without_a_model(review, store, draw):
    draw(review, 2)
    assert review.algorithm_type == "MANUAL"
    review.note_prompts(pointed(2))
    assert not review.begun_from_model
    review.note_prompts(None)
    assert review.algorithm_type == "MANUAL", "the last prompt was taken back"
    review.note_prompts(pointed(2))
    saved = review.save()
    assert (saved.algorithm_type, saved.prompts) == ("SEMIAUTOMATIC", pointed(2))


def test_prompts_stay_with_a_reading_that_goes_on_from_them(review, store, draw):
    draw(review, 2)
    review.note_prompts(pointed(2))
    review.save()
    again = CaseReview(review.volume, store=store, author="Bo")
    again.show(again.fetch())
    draw(again, 3)
    assert again.save().prompts == pointed(2), "a brush stroke later"
    again.note_prompts(pointed(5, "default"))
    kept = again.save().prompts
    assert kept.engine == "random walker, default"
    assert [used.prompt.slice_index for used in kept.prompts] == [2, 5]


def test_a_reading_made_by_prompts_beside_a_visible_model_was_not_begun_from_it(review, store, draw, prediction):
    review.set_prediction(prediction(2))
    draw(review, 2)
    review.note_prompts(pointed(2))
    saved = review.save()
    assert (saved.algorithm_type, saved.begun_from_model, saved.model.name) == ("SEMIAUTOMATIC", False, "default")
    again = CaseReview(review.volume, store=store, author="Bo")
    again.show(again.fetch())
    assert not again.begun_from_model
    again.reading[:] = prediction(2).mask
    again.touch()
    assert again.algorithm_type == "SEMIAUTOMATIC", "the same pixels by other hands are no model's"
    assert not again.save().begun_from_model
    again.set_prediction(prediction(5))
    again.adopt_prediction()
    assert again.save().begun_from_model


def test_prompts_given_while_an_earlier_reading_was_looked_for_stay(review, store, draw):
    draw(review, 2)
    review.note_prompts(pointed(2))
    review.save()
    again = CaseReview(review.volume, store=store, author="Bo")
    draw(again, 5)
    again.note_prompts(pointed(5))
    again.show_under(again.fetch())
    assert [used.prompt.slice_index for used in again.save().prompts.prompts] == [2, 5]


def test_a_draft_remembers_that_prompts_drew(review, draw):
    draw(review, 2)
    review.note_prompts(pointed(2))
    memory = review.ai_memory()
    again = CaseReview(review.volume)
    again.take_back(review.reading, review.stated(), memory)
    assert again.algorithm_type == "SEMIAUTOMATIC"
    del memory["prompts"]
    knows_no_counts = CaseReview(review.volume)
    knows_no_counts.take_back(review.reading, review.stated(), memory)
    assert knows_no_counts.algorithm_type == "SEMIAUTOMATIC"
    del memory["prompted"]
    CaseReview(review.volume).take_back(review.reading, review.stated(), memory)


def test_a_draft_of_an_earlier_version_that_prompts_drew_was_not_begun_from_a_model(review, store, draw):
    draw(review, 2)
    review.note_prompts(pointed(2))
    memory = review.ai_memory()
    del memory["prompts"]
    again = CaseReview(review.volume, store=store, author="Bo")
    again.take_back(review.reading, review.stated(), memory)
    again.save()
    third = CaseReview(review.volume, store=store, author="Cy")
    third.show(third.fetch())
    assert (third.algorithm_type, third.begun_from_model) == ("SEMIAUTOMATIC", False)
