from __future__ import annotations

import pytest

from napari_cpam_stroke.core import LesionClass
from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.prompting import PromptsUsed, UsedPrompt
from napari_cpam_stroke.prompting.used import ENGINE_LENGTH, MOST_PROMPTS

from .conftest import box, point

ISCHEMIA, HEMORRHAGE = LesionClass.ISCHEMIA, LesionClass.HEMORRHAGE


def test_prompts_are_counted_by_kind_and_found_by_slice_and_class():
    used = PromptsUsed(
        "walker",
        (UsedPrompt(ISCHEMIA, point(1, 2)), UsedPrompt(HEMORRHAGE, point(3, 4)), UsedPrompt(ISCHEMIA, box(1, 2, 3, 4))),
    )
    assert used.counts == {"point": 2, "box": 1}
    assert used.on(0, ISCHEMIA) == (point(1, 2), box(1, 2, 3, 4))
    assert used.on(1, ISCHEMIA) == ()


def test_what_a_store_could_not_bear_is_refused():
    with pytest.raises(InputError, match="too many prompts"):
        PromptsUsed("walker", (UsedPrompt(ISCHEMIA, point(1, 2)),) * (MOST_PROMPTS + 1))
    with pytest.raises(InputError, match="too long"):
        PromptsUsed("w" * (ENGINE_LENGTH + 1), ())
