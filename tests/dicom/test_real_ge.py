"""A real series with gantry tilt and three slice distances; skipped where it is absent."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pydicom
import pytest

from napari_cpam_stroke.core import measure_lesions
from napari_cpam_stroke.dicom import (
    read_nifti_mask,
    read_segmentation,
    read_series,
    scan_folder,
    write_nifti,
    write_report,
    write_segmentation,
)

FOLDER = Path(__file__).parents[3] / "shared" / "data" / "dcm_qa_ct" / "GE"
MODEL = {"algorithm_type": "SEMIAUTOMATIC", "algorithm_name": "default", "algorithm_version": "1.0"}
pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not FOLDER.is_dir(), reason="the public GE series is not beside the project"),
]


@pytest.fixture(scope="module")
def entry():
    (found,) = scan_folder(FOLDER).series
    return found


@pytest.fixture(scope="module")
def volume(entry):
    return read_series(entry)


def test_facts(entry):
    assert (entry.verdict, entry.slices, entry.matrix) == ("ready", 28, (512, 512))
    text = " ".join(entry.facts)
    assert "tilt 18.5 degrees" in text
    assert "4 mm (13 times), 7 mm (13 times), 1.1 mm (1 times)" in text
    assert entry.geometry.tilt_degrees == pytest.approx(18.5, abs=0.05)
    np.testing.assert_allclose(sorted(set(np.round(entry.geometry.steps_mm, 2))), [1.08, 4.0, 7.0])


def test_pixels_and_positions_are_those_of_the_files(volume):
    """Straight from pydicom: value by value, position by position."""
    by_uid = {str(d.SOPInstanceUID): d for d in map(pydicom.dcmread, FOLDER.glob("*.dcm"))}
    for z, source in enumerate(volume.source):
        dataset = by_uid[source.sop_instance_uid]
        expected = dataset.pixel_array.astype(np.int16)
        expected[expected == -1500] = -1024
        np.testing.assert_array_equal(volume.hu[z], expected)
        np.testing.assert_allclose(volume.geometry.positions_mm[z], [float(v) for v in dataset.ImagePositionPatient])
    assert volume.hu.min() == -1024


def test_exports_validate_and_come_back(volume, tmp_path):
    mask = np.zeros(volume.shape, np.uint8)
    mask[8:20, 200:280, 180:240] = 1
    mask[12:16, 220:250, 300:330] = 2
    path = write_segmentation(tmp_path / "s.dcm", mask, volume, **MODEL)
    np.testing.assert_array_equal(read_segmentation(path, volume), mask)
    report = write_report(tmp_path / "r.dcm", measure_lesions(mask, volume), volume, path, **MODEL)
    nifti, notes = write_nifti(tmp_path / "m.nii.gz", mask, volume)
    assert "tilt of 18.5" in notes[0]
    assert (read_nifti_mask(nifti, volume) == mask).mean() > 0.9999
    if shutil.which("dciodvfy"):
        for written in (path, report):
            told = subprocess.run(["dciodvfy", written], capture_output=True, text=True, check=False).stderr
            assert not [line for line in told.splitlines() if line.startswith("Error")]
