"""Damaged masks through the importers are read or left out; CPAM_FUZZ=1000 runs that many of each kind."""

from __future__ import annotations

import os

import nibabel as nib
import numpy as np
import pytest
from foreign_seg import HEMORRHAGE, a_mask, foreign_seg, segment, small_series

from cpam_train.importers.formats.seg_address import segmentations_in
from cpam_train.importers.nifti_volume import read_pair
from mutation import NIFTI_HEADER_BYTES, spoil
from napari_cpam_stroke.dicom import scan_folder
from napari_cpam_stroke.errors import CpamError

COUNT = int(os.environ.get("CPAM_FUZZ", "30"))


@pytest.mark.parametrize("spoilt", ["image", "mask"])
def test_pairs_of_nifti_files(tmp_path, spoilt):
    random = np.random.default_rng(21)
    for name in ("image", "mask"):
        values = random.integers(0, 3, (9, 8, 4)).astype(np.int16)
        nib.save(nib.Nifti1Image(values, np.diag([-1.0, -1, 5, 1])), tmp_path / f"{name}.nii")
    original = (tmp_path / f"{spoilt}.nii").read_bytes()
    for _ in range(COUNT):
        (tmp_path / f"{spoilt}.nii").write_bytes(spoil(original, random, NIFTI_HEADER_BYTES))
        try:
            volume, drawn, _ = read_pair(tmp_path / "image.nii", tmp_path / "mask.nii", "a")
        except CpamError:
            continue
        assert volume.hu.shape == drawn.shape


def test_headers_of_segmentations(tmp_path):
    random = np.random.default_rng(22)
    volume = small_series(tmp_path / "src" / "ct")
    path = tmp_path / "src" / "seg.dcm"
    foreign_seg(volume, [a_mask(volume)], [segment(1, "ICH", HEMORRHAGE)]).save_as(path)
    original, entries = path.read_bytes(), scan_folder(tmp_path / "src" / "ct").series
    for _ in range(COUNT):
        path.write_bytes(spoil(original, random, original.rfind(b"\xe0\x7f\x10\x00")))
        for segmentation in segmentations_in(tmp_path / "src"):
            try:
                assert segmentation.choose(entries)
            except CpamError:
                continue
