"""Imported values that are no Hounsfield units: kept with the case, told by import and by check."""

import nibabel as nib
import numpy as np
import pytest
from PIL import Image

from cpam_train.commands.importing import import_into
from cpam_train.data.store_check import check_store
from cpam_train.importers.images import read_pixels
from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.core import NoticeCode
from napari_cpam_stroke.errors import InputError


@pytest.fixture
def nifti_pair(tmp_path, phantom_volume):
    """Write the synthetic head and an empty mask as NIfTI, its values changed."""

    def write(change):
        affine = np.diag([-1.0, -1.0, 5.0, 1.0])
        for folder, values in (("images", change(phantom_volume.hu.astype(np.float32))), ("masks", 0)):
            (tmp_path / "src" / folder).mkdir(parents=True)
            data = np.broadcast_to(np.float32(values), phantom_volume.shape).transpose(2, 1, 0)
            nib.save(nib.Nifti1Image(np.ascontiguousarray(data), affine), tmp_path / "src" / folder / "c1.nii.gz")
        return tmp_path / "src"

    return write


BAD = {
    "offset lost": lambda hu: hu + 1024,
    "offset twice": lambda hu: hu - 1024,
    "slope twice": lambda hu: 2 * hu + np.random.default_rng(0).normal(0, 8, hu.shape),
    "window": lambda hu: np.clip(hu, 0, 80) / 80 * 255,
    "wrapped": lambda hu: np.where(hu < 0, hu + 4096, hu),
}


@pytest.mark.parametrize("name", BAD)
def test_values_that_are_no_hounsfield_units_are_told(nifti_pair, tmp_path, name):
    summary = import_into("nifti", nifti_pair(BAD[name]), tmp_path / "store")
    assert len(summary.warnings) == 1
    assert "do not look like Hounsfield units" in summary.warnings[0]
    with AnnotationStore.open(tmp_path / "store") as store:
        (record,) = store.cases()
        assert NoticeCode.VALUES_UNLIKE_A_HEAD in {notice.code for notice in record.notices}
        report = check_store(store, compare=False)
    assert any("do not look like Hounsfield units" in problem for problem in report.problems)


def test_a_sound_volume_is_imported_without_a_word(nifti_pair, tmp_path):
    assert import_into("nifti", nifti_pair(lambda hu: hu), tmp_path / "store").warnings == ()
    with AnnotationStore.open(tmp_path / "store") as store:
        assert check_store(store, compare=False).doubtful == ()


def test_a_picture_of_16_bits_is_refused_and_not_cut_off(tmp_path):
    Image.fromarray(np.full((8, 8), 1057, np.uint16)).save(tmp_path / "a.png")
    with pytest.raises(InputError, match="more than 8 bits"):
        read_pixels(tmp_path / "a.png")
