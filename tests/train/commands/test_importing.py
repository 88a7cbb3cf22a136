"""The one door for all formats."""

from __future__ import annotations

import pytest

from cpam_train.commands.importing import FORMATS, import_into
from cpam_train.importers import FINDERS
from napari_cpam_stroke.errors import InputError

PUBLISHED = (
    "teknofest", "ct-ich", "ct-ich-nifti", "cpaisd", "instance", "bhsd", "mbh", "aisd", "rsna", "rsna-slices",
    "rsna-hu", "brats", "nnunet",
    "nifti", "dicom-seg", "monai", "msd", "bids", "coco", "png", "csv",
)  # fmt: skip


def test_every_promised_format_is_there():
    assert set(FORMATS) == set(PUBLISHED)
    assert set(FINDERS) == set(PUBLISHED) - {"brats"}


@pytest.mark.parametrize(("name", "nearest"), [("ct_ich", "ct-ich"), ("teknofset", "teknofest")])
def test_unknown_format_names_the_nearest_and_makes_nothing(tmp_path, name, nearest):
    with pytest.raises(InputError, match=rf"Unknown format '{name}' \(did you mean '{nearest}'\?\)"):
        import_into(name, tmp_path, tmp_path / "store")
    assert not (tmp_path / "store").exists()


def test_brats_does_not_go_into_a_ct_store(tmp_path, store):
    with pytest.raises(InputError, match="no CT"):
        import_into("brats", tmp_path, tmp_path / "store")
    assert store.cases() == []
