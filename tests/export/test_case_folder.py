from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from napari_cpam_stroke.dicom import read_nifti_mask, read_segmentation, read_series, scan_folder
from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.export import CaseResult, write_case
from napari_cpam_stroke.review import CaseReview
from napari_cpam_stroke.samples import HeadPhantom


@pytest.fixture(scope="module")
def read(stroke_series_dir: Path):
    return read_series(scan_folder(stroke_series_dir).proposed)


@pytest.fixture
def drawn(read) -> CaseResult:
    mask = HeadPhantom.stroke().truth_mask(read.geometry, read.shape[1:])
    return CaseResult(read, mask, "MANUAL", author="reader")


def test_a_case_from_dicom_gets_everything(tmp_path: Path, drawn: CaseResult) -> None:
    files = write_case(tmp_path, drawn, table=True)
    assert files.folder == tmp_path / drawn.volume.case_id
    names = [file.name for file in files.files]
    assert names == ["segmentation.dcm", "measurements.dcm", "mask.nii.gz", "report.json", "report.html", "lesions.csv"]
    assert sorted(p.name for p in files.folder.iterdir()) == sorted(names)
    np.testing.assert_array_equal(read_segmentation(files.folder / "segmentation.dcm", drawn.volume), drawn.mask)
    np.testing.assert_array_equal(read_nifti_mask(files.folder / "mask.nii.gz", drawn.volume), drawn.mask)
    assert json.loads((files.folder / "report.json").read_text())["lesions"]


def test_no_patient_in_any_file(tmp_path: Path, drawn: CaseResult) -> None:
    files = write_case(tmp_path, drawn)
    for file in files.files:
        content = file.read_bytes()
        assert b"Phantom^Ada" not in content, file.name
        assert b"PHANTOM-1" not in content, file.name


def test_an_empty_mask_is_a_result_too(tmp_path: Path, drawn: CaseResult) -> None:
    files = write_case(tmp_path, replace(drawn, mask=np.zeros_like(drawn.mask)))
    assert len(files.files) == 5
    assert not read_segmentation(files.folder / "segmentation.dcm", drawn.volume).any()


def test_without_source_images_the_rest_is_written_and_it_is_said(tmp_path: Path, result: CaseResult) -> None:
    files = write_case(tmp_path, result)
    assert [f.name for f in files.files] == ["mask.nii.gz", "report.json", "report.html"]
    assert any("source images" in note for note in files.notes)


def test_without_geometry_there_is_no_nifti(tmp_path: Path, bare: CaseResult) -> None:
    files = write_case(tmp_path, bare)
    assert [f.name for f in files.files] == ["report.json", "report.html"]
    assert any("positions" in note for note in files.notes)


@pytest.mark.parametrize("name", ["", "..", ".hidden", "a/b", "../up"])
def test_a_case_id_that_is_no_name_is_refused(tmp_path: Path, result: CaseResult, name: str) -> None:
    with pytest.raises(InputError, match="folder name"):
        write_case(tmp_path / "out", replace(result, volume=replace(result.volume, case_id=name)))
    assert not (tmp_path / "out").exists()


def test_a_source_that_vanished_leaves_nothing_half_written(tmp_path: Path, drawn: CaseResult) -> None:
    gone = tuple(replace(frame, path=tmp_path / "gone.dcm") for frame in drawn.volume.source)
    moved = replace(drawn, volume=replace(drawn.volume, source=gone))
    with pytest.raises(Exception, match=r"gone\.dcm|source"):
        write_case(tmp_path / "out", moved)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_reading_is_exported_as_it_is_now(drawn: CaseResult) -> None:
    review = CaseReview(drawn.volume, author="reader")
    review.reading[5, 100:110, 100:110] = 2
    review.touch([5])
    taken = CaseResult.of_review(review)
    review.reading[5] = 0
    assert taken.table.volumes_ml["hemorrhage"] > 0
    assert (taken.algorithm_type, taken.author) == ("MANUAL", "reader")
