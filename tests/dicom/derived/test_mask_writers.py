"""One mask through every writer at hand, in every orientation, and back to the voxel."""

from __future__ import annotations

import json
import shutil
import subprocess

import nibabel as nib
import numpy as np
import pytest
from foreign_seg import AXIS_ORDERS, HEMORRHAGE, INFARCT, foreign_seg, in_axis_order, segment, small_series
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_cpam_stroke.dicom import read_mask, write_nifti, write_segmentation
from napari_cpam_stroke.nifti.grid import LPS_TO_RAS, native_affine

SERIES = {
    "plain": {},
    "feet first": {"row": (-1.0, 0.0, 0.0), "column": (0.0, 1.0, 0.0)},
    "prone": {"row": (-1.0, 0.0, 0.0), "column": (0.0, -1.0, 0.0)},
    "coronal": {"row": (1.0, 0.0, 0.0), "column": (0.0, 0.0, -1.0)},
}
DCMQI = shutil.which("itkimage2segimage")
DCMQI_CODES = {1: INFARCT, 2: HEMORRHAGE}


@pytest.fixture(scope="module", params=SERIES)
def volume(request, tmp_path_factory):
    return small_series(tmp_path_factory.mktemp("small"), **SERIES[request.param])


def random_mask(volume, seed, share):
    values = np.random.default_rng(seed).choice(3, volume.shape, p=[1 - share, share / 2, share / 2])
    return values.astype(np.uint8)


def ours(path, mask, volume, order):
    how = {"algorithm_type": "MANUAL", "algorithm_name": "a", "algorithm_version": "1"}
    return write_segmentation(path, mask, volume, labelmap=bool(sum(order[1]) % 3), **how)


def our_nifti(path, mask, volume, order):
    return write_nifti(path.with_suffix(".nii.gz"), mask, volume)[0]


def by_highdicom(path, mask, volume, order):
    parts = [segment(1, "infarct", INFARCT), segment(2, "bleed", HEMORRHAGE)]
    foreign_seg(volume, [mask == 1, mask == 2], parts).save_as(path)
    return path


def by_highdicom_turned(path, mask, volume, order):
    in_axis_order(volume, mask == 2, *order).save_as(path)
    return path


def by_nibabel(path, mask, volume, order):
    """The axes of the file in any order and direction."""
    image = nib.Nifti1Image(np.ascontiguousarray(mask.transpose(2, 1, 0)), LPS_TO_RAS @ native_affine(volume.geometry))
    turn = np.array([[axis, flip] for axis, flip in zip(*order, strict=True)], float)
    nib.save(image.as_reoriented(turn), path.with_suffix(".nii"))
    return path.with_suffix(".nii")


WRITERS = [ours, our_nifti, by_highdicom, by_highdicom_turned, by_nibabel]


@given(
    write=st.sampled_from(WRITERS),
    order=st.sampled_from(AXIS_ORDERS),
    seed=st.integers(0, 9999),
    share=st.sampled_from([0.0, 0.01, 0.3]),
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_round_trip(volume, tmp_path, write, order, seed, share):
    mask = random_mask(volume, seed, share)
    wanted = mask * (mask == 2) if write is by_highdicom_turned else mask
    np.testing.assert_array_equal(read_mask(write(tmp_path / "mask.dcm", mask, volume, order), volume).mask, wanted)


@pytest.mark.skipif(DCMQI is None, reason="dcmqi is not installed")
@pytest.mark.parametrize("order", AXIS_ORDERS[::5])
def test_dcmqi(volume, tmp_path, order):
    """dcmqi places the mask by the NIfTI file's header, whatever its axes, and resamples nothing."""
    mask = random_mask(volume, 3, 0.1)
    nifti = by_nibabel(tmp_path / "mask", mask, volume, ((0, 1, 2), order[1]))
    (tmp_path / "meta.json").write_text(json.dumps(dcmqi_description()))
    command = [DCMQI, "--inputImageList", str(nifti), "--inputDICOMDirectory", str(volume.source[0].path.parent)]
    command += ["--outputDICOM", str(tmp_path / "seg.dcm"), "--inputMetadata", str(tmp_path / "meta.json")]
    told = subprocess.run([*command, "--skip"], capture_output=True, text=True, check=False)
    assert (tmp_path / "seg.dcm").exists(), told.stdout + told.stderr
    np.testing.assert_array_equal(read_mask(tmp_path / "seg.dcm", volume).mask, mask)


def dcmqi_description():
    def code(value):
        return dict(zip(("CodeValue", "CodingSchemeDesignator", "CodeMeaning"), value, strict=True))

    return {
        "ContentCreatorName": "Test",
        "SeriesDescription": "Segmentation",
        "SeriesNumber": "300",
        "InstanceNumber": "1",
        "BodyPartExamined": "HEAD",
        "segmentAttributes": [
            [
                {
                    "labelID": number,
                    "SegmentLabel": kind[2],
                    "SegmentDescription": kind[2],
                    "SegmentAlgorithmType": "MANUAL",
                    "SegmentedPropertyCategoryCodeSequence": code(
                        ("49755003", "SCT", "Morphologically Abnormal Structure")
                    ),
                    "SegmentedPropertyTypeCodeSequence": code(kind),
                }
                for number, kind in DCMQI_CODES.items()
            ]
        ],
    }
