from __future__ import annotations

import numpy as np
import pytest

from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.prompting import Prompt, PromptKind
from napari_cpam_stroke.prompting.admission import admit

from .conftest import asked, box, lasso, point, scribble

IN_AIR, IN_BONE, IN_BRAIN = (10, 10), (128 + 98, 128), (110, 100)


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        (point(-5, 40), "outside the image"),
        (point(*IN_AIR), "outside the head"),
        (point(*IN_AIR, adds=False), "outside the head"),
        (scribble((5, 5), (10, 40)), "outside the head"),
        (point(*IN_BONE), "on bone"),
        (box(2, 2, 12, 12), "nothing of the head"),
        (lasso((227, 127), (227, 129), (225, 128)), "nothing but bone"),
        (Prompt(PromptKind.POINT, 1, (IN_BRAIN,)), "another slice"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_sentence(volume, prompt, words):
    with pytest.raises(InputError, match=words) as caught:
        admit(asked(volume, prompt))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "prompt",
    [point(*IN_BRAIN), point(*IN_BONE, adds=False), box(*IN_AIR, *IN_BRAIN), scribble((20, 128), (60, 128), (90, 120))],
)
def test_what_can_be_meant_is_let_through(volume, prompt):
    admit(asked(volume, prompt))


def test_nothing_pointed_at_is_refused(volume):
    with pytest.raises(InputError, match="Nothing was pointed at"):
        admit(asked(volume))


def test_one_bad_prompt_among_good_ones_is_enough(volume):
    with pytest.raises(InputError, match="outside the head"):
        admit(asked(volume, point(*IN_BRAIN), point(*IN_AIR)))


def test_a_mask_of_another_shape_is_refused(volume):
    with pytest.raises(InputError, match="mask so far"):
        admit(asked(volume, point(*IN_BRAIN), before=np.zeros((9, 9), dtype=bool)))
