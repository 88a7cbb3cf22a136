"""Names, options and the one door for all formats."""

from __future__ import annotations

import pytest

from cpam_train.importers import FORMATS, IMPORTERS, import_cases, import_into, import_options
from napari_cpam_stroke.core import LesionClass
from napari_cpam_stroke.errors import ConfigError, InputError

PUBLISHED = (
    "teknofest", "ct-ich", "ct-ich-nifti", "cpaisd", "instance", "bhsd", "mbh", "aisd", "rsna", "brats", "nnunet",
    "nifti", "dicom-seg",
)  # fmt: skip


def test_every_promised_format_is_there():
    assert set(FORMATS) == set(PUBLISHED)
    assert set(IMPORTERS) == set(PUBLISHED) - {"brats"}


def test_unknown_format_makes_nothing(tmp_path):
    with pytest.raises(InputError, match=r"Unknown format 'ct_ich' \(did you mean 'ct-ich'\?\)"):
        import_into("ct_ich", tmp_path, tmp_path / "store")
    assert not (tmp_path / "store").exists()


def test_brats_does_not_go_into_a_ct_store(tmp_path, store):
    with pytest.raises(InputError, match="no CT"):
        import_cases("brats", tmp_path, store)


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
