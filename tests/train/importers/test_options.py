"""Options of an import, from the words of the command line."""

from __future__ import annotations

import pytest

from cpam_train.importers import import_options
from napari_cpam_stroke.core import LesionClass
from napari_cpam_stroke.errors import ConfigError


def test_options_come_from_words():
    options = import_options(
        ["ischemia_absent=false", 'label_values={"3": 2}', 'subtypes=["IPH"]', "groups=a/b.csv"], limit=4
    )
    assert options.limit == 4
    assert not options.ischemia_absent
    assert options.label_values == {3: LesionClass.HEMORRHAGE}
    assert options.groups.name == "b.csv"


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("ischemia_apsent=true", "did you mean 'ischemia_absent'"),
        ("limit=0", "limit"),
        ("groups", "needs a setting and a value"),
    ],
)
def test_wrong_options_are_one_sentence(setting, sentence):
    with pytest.raises(ConfigError, match=sentence):
        import_options([setting])
