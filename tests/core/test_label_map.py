"""The user's word on labels."""

from __future__ import annotations

import pytest

from napari_cpam_stroke.core.label_map import LabelMap
from napari_cpam_stroke.core.label_names import Meaning
from napari_cpam_stroke.errors import ConfigError


def test_names_are_found_in_any_spelling_and_numbers_by_value():
    said = LabelMap.parse(["Segment_1=hemorrhage", "3=ischemia", "Ödem=ignore", "a=b=ICH"])
    assert said.of("SEGMENT_1") is Meaning.HEMORRHAGE
    assert said.of("odem") is Meaning.IGNORE
    assert said.of("a=b") is Meaning.HEMORRHAGE
    assert said.of("other", 3) is Meaning.ISCHEMIA
    assert said.of("other", 4) is None
    assert said.numbers == {3: Meaning.ISCHEMIA}


@pytest.mark.parametrize(
    ("entries", "says"),
    [
        (["Segment_1"], "needs a label"),
        (["=hemorrhage"], "needs a label"),
        (["a=ischema"], "did you mean 'ischemia'"),
        (["a=brain"], "names no class"),
        (["a=hemorrhage", "A=ischemia"], "two things of 'A'"),
    ],
)
def test_wrong_entries_are_one_sentence(entries, says):
    with pytest.raises(ConfigError, match=says):
        LabelMap.parse(entries)
