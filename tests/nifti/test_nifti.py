"""NIfTI masks: right place in RAS, exact on the native grid, resampled and said so where no qform fits."""

import nibabel as nib
import numpy as np
import pytest
from hazard_suite.base import PHANTOM, truth_of
from hazard_suite.geometry import _OBLIQUE_COLUMN, _OBLIQUE_ROW, TEN, TEN_THICK

from napari_cpam_stroke.core import CTVolume, LesionClass
from napari_cpam_stroke.dicom import read_nifti_mask, write_nifti
from napari_cpam_stroke.errors import GeometryMismatchError, InputError

NATIVE = {
    "even": {},
    "prone": {"row": (-1.0, 0.0, 0.0), "column": (0.0, -1.0, 0.0)},
    "feet first": {"row": (-1.0, 0.0, 0.0), "column": (0.0, 1.0, 0.0)},
    "not square": {"spacing": (1.6, 2.4), "shape": (140, 96)},
    "oblique": {"row": _OBLIQUE_ROW, "column": _OBLIQUE_COLUMN},
    "coronal": {
        "row": (1.0, 0.0, 0.0),
        "column": (0.0, 0.0, -1.0),
        "distances": tuple(5.0 * i - 80 for i in range(33)),
    },
}
RESAMPLED = {
    "tilted": {"tilt": 18.5},
    "5 then 10 mm": {"distances": TEN, "thickness": TEN_THICK},
    "both": {"distances": TEN, "thickness": TEN_THICK, "tilt": -12.0},
}


def mask_for(volume: CTVolume) -> np.ndarray:
    return PHANTOM.truth_mask(volume.geometry, volume.shape[1:])


def measured(path) -> dict[str, tuple[np.ndarray, float]]:
    """Return centre (LPS mm) and ml of each class, from the file alone."""
    image = nib.load(path)
    values = np.asanyarray(image.dataobj)
    ml = abs(np.linalg.det(image.affine[:3, :3])) / 1000
    found = {}
    for lesion_class in LesionClass:
        index = np.argwhere(values == lesion_class)
        ras = nib.affines.apply_affine(image.affine, index).mean(axis=0)
        found[lesion_class.label] = (ras * [-1, -1, 1], len(index) * ml)
    return found


def check_place_and_volume(path, tolerance_ml):
    for name, (centre, ml) in measured(path).items():
        assert np.linalg.norm(centre - PHANTOM.truth_lps_mm[name]) < 1.5
        assert ml == pytest.approx(PHANTOM.truth_ml[name], rel=tolerance_ml)


@pytest.mark.parametrize("geometry", NATIVE)
def test_native_grid_is_exact(geometry, series_of, tmp_path):
    volume = series_of(truth_of(**NATIVE[geometry]))
    mask = mask_for(volume)
    path, notes = write_nifti(tmp_path / "mask.nii.gz", mask, volume)
    assert notes == ()
    image = nib.load(path)
    assert nib.aff2axcodes(image.affine) == ("R", "A", "S")
    assert (int(image.header["qform_code"]), int(image.header["sform_code"])) == (1, 1)
    np.testing.assert_allclose(image.get_qform(), image.get_sform(), atol=1e-3)
    check_place_and_volume(path, 0.05)
    np.testing.assert_array_equal(read_nifti_mask(path, volume), mask)


@pytest.mark.parametrize("geometry", RESAMPLED)
def test_sheared_or_variable_grid_is_resampled_and_said(geometry, series_of, tmp_path):
    volume = series_of(truth_of(**RESAMPLED[geometry]))
    mask = mask_for(volume)
    path, notes = write_nifti(tmp_path / "mask.nii.gz", mask, volume)
    assert "resampled" in notes[0]
    assert ("tilt" in notes[0]) == ("tilt" in RESAMPLED[geometry])
    assert ("variable" in notes[0]) == ("distances" in RESAMPLED[geometry])
    image = nib.load(path)
    np.testing.assert_allclose(image.get_qform(), image.get_sform(), atol=1e-3)
    check_place_and_volume(path, 0.1)
    assert (read_nifti_mask(path, volume) == mask).mean() > 0.999


def test_another_series_is_refused(plain_volume, tmp_path, series_of):
    path, _ = write_nifti(tmp_path / "mask.nii", mask_for(plain_volume), plain_volume)
    hu = plain_volume.hu.copy()
    hu[0, 0, 0] += 1
    with pytest.raises(GeometryMismatchError, match="content hash"):
        read_nifti_mask(path, CTVolume(hu, plain_volume.geometry, "x"))


def strip_hash(path):
    image = nib.load(path, mmap=False)
    image.header["descrip"] = b""
    nib.save(nib.Nifti1Image(np.asanyarray(image.dataobj), image.affine, image.header), path)


def test_mask_edited_in_another_program_is_taken_on_the_same_grid(plain_volume, tmp_path):
    mask = mask_for(plain_volume)
    path, _ = write_nifti(tmp_path / "mask.nii", mask, plain_volume)
    strip_hash(path)
    np.testing.assert_array_equal(read_nifti_mask(path, plain_volume), mask)


@pytest.mark.parametrize("geometry", ["5 then 10 mm", "tilted"])
def test_resampled_mask_without_hash_is_taken_on_its_grid(series_of, tmp_path, geometry):
    volume = series_of(truth_of(**RESAMPLED[geometry]))
    path, _ = write_nifti(tmp_path / "mask.nii", mask_for(volume), volume)
    strip_hash(path)
    assert (read_nifti_mask(path, volume) == mask_for(volume)).mean() > 0.999


def test_mask_without_hash_on_a_moved_grid_is_refused(plain_volume, tmp_path, series_of):
    path, _ = write_nifti(tmp_path / "mask.nii", mask_for(plain_volume), plain_volume)
    strip_hash(path)
    with pytest.raises(GeometryMismatchError, match="lies elsewhere"):
        read_nifti_mask(path, series_of(truth_of(tuple(5.0 * i - 61 for i in range(26)))))


@pytest.mark.parametrize("values", [np.full((3, 3, 3), 7, np.uint8), np.zeros((3, 3), np.uint8)])
def test_what_is_no_mask_is_said(values, plain_volume, tmp_path):
    nib.save(nib.Nifti1Image(values, np.eye(4)), tmp_path / "x.nii")
    with pytest.raises(InputError, match="no stroke mask"):
        read_nifti_mask(tmp_path / "x.nii", plain_volume)


def test_what_is_no_nifti_is_said(plain_volume, tmp_path):
    (tmp_path / "x.nii").write_bytes(b"nonsense" * 100)
    with pytest.raises(InputError, match="cannot be read as NIfTI"):
        read_nifti_mask(tmp_path / "x.nii", plain_volume)


@pytest.mark.parametrize("cut", [lambda data: data[:-6], lambda data: data[:-6] + bytes([data[-6] ^ 255]) + data[-5:]])
def test_a_packed_file_is_read_to_its_checksum(cut, plain_volume, tmp_path):
    path, _ = write_nifti(tmp_path / "mask.nii.gz", mask_for(plain_volume), plain_volume)
    path.write_bytes(cut(path.read_bytes()))
    with pytest.raises(InputError, match=r"cannot be read as NIfTI.*copy the file again"):
        read_nifti_mask(path, plain_volume)


@pytest.mark.parametrize(("unit", "factor"), [("meter", 0.001), ("micron", 1000.0), ("unknown", 1.0)])
def test_a_place_in_other_units_is_brought_to_mm(unit, factor, plain_volume, tmp_path):
    mask = mask_for(plain_volume)
    path, _ = write_nifti(tmp_path / "mask.nii", mask, plain_volume)
    image = nib.load(path, mmap=False)
    other = nib.Nifti1Image(np.asanyarray(image.dataobj), np.diag([factor, factor, factor, 1.0]) @ image.affine)
    other.header.set_xyzt_units(unit)
    nib.save(other, path)
    np.testing.assert_array_equal(read_nifti_mask(path, plain_volume), mask)


def test_voxels_of_no_possible_size_are_refused(plain_volume, tmp_path):
    nib.save(nib.Nifti1Image(np.zeros((3, 3, 3), np.uint8), np.diag([0.0005, 0.0005, 0.005, 1.0])), tmp_path / "x.nii")
    with pytest.raises(InputError, match=r"voxels of a size that no CT has, got 0\.0005 x 0\.0005 x 0\.005 mm"):
        read_nifti_mask(tmp_path / "x.nii", plain_volume)


def test_wrong_ending_and_case_without_positions_are_refused(plain_volume, tmp_path):
    with pytest.raises(InputError, match=r"\.nii"):
        write_nifti(tmp_path / "mask.png", mask_for(plain_volume), plain_volume)
    flat = CTVolume(plain_volume.hu, None, "x")
    with pytest.raises(InputError, match="without positions"):
        write_nifti(tmp_path / "mask.nii", mask_for(plain_volume), flat)


@pytest.mark.parametrize("value", [0.0, np.nan])
def test_mask_with_a_useless_affine_is_said(value, plain_volume, tmp_path):
    image = nib.Nifti1Image(np.zeros(plain_volume.shape[::-1], np.uint8), np.eye(4))
    image.header["qform_code"], image.header["sform_code"], image.header["vox_offset"] = 0, 1, 352
    for row in ("srow_x", "srow_y", "srow_z"):
        image.header[row] = value
    (tmp_path / "x.nii").write_bytes(image.header.binaryblock + bytes(4) + bytes(plain_volume.hu.size))
    with pytest.raises(InputError, match=r"cannot be read as NIfTI|gives no grid"):
        read_nifti_mask(tmp_path / "x.nii", plain_volume)
