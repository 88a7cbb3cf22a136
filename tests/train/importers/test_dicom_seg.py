"""A segmentation made on a series comes back as that series' reference."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from cpam_train.importers import import_options
from napari_cpam_stroke.dicom import read_series, scan_folder
from napari_cpam_stroke.errors import InputError


def test_segmentation_becomes_the_reference_of_its_series(tmp_path, store, stroke_series_dir, import_folder):
    from napari_cpam_stroke.dicom import write_segmentation

    src = tmp_path / "src"
    shutil.copytree(stroke_series_dir, src)
    volume = read_series(scan_folder(src).series[0])
    mask = np.zeros(volume.shape, dtype=np.uint8)
    mask[8:11, 100:120, 90:110] = 2
    write_segmentation(
        tmp_path / "src" / "seg.dcm",
        mask,
        volume,
        algorithm_type="MANUAL",
        algorithm_name="test",
        algorithm_version="1",
    )
    summary = import_folder("dicom-seg", src)
    record = store.cases()[0]
    assert (summary.cases, summary.slices) == (1, volume.shape[0])
    assert record.content_hash == volume.content_hash
    assert np.array_equal(store.read_mask(record.head), mask)
    assert import_folder("dicom-seg", src).cases == 0


def test_folder_without_segmentation_is_refused(tmp_path, import_folder):
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(InputError, match="no DICOM Segmentation"):
        import_folder("dicom-seg", tmp_path)


def test_a_list_of_patients_need_not_name_a_segmentation_without_its_series(
    tmp_path, store, stroke_series_dir, import_folder
):
    from napari_cpam_stroke.dicom import write_segmentation
    from napari_cpam_stroke.samples.dicom_series import SeriesText, write_dicom_series

    src = tmp_path / "src"
    shutil.copytree(stroke_series_dir, src / "head")
    volume = read_series(scan_folder(src).series[0])
    other = write_dicom_series(tmp_path / "other", volume.hu, volume.geometry, text=SeriesText(series="series-2"))
    elsewhere = read_series(scan_folder(other).series[0])
    mask = np.zeros(volume.shape, dtype=np.uint8)
    mask[8:11, 100:120, 90:110] = 2
    made_by = {"algorithm_type": "MANUAL", "algorithm_name": "test", "algorithm_version": "1"}
    write_segmentation(src / "mine.dcm", mask, volume, **made_by)
    write_segmentation(src / "astray.dcm", mask, elsewhere, **made_by)
    (tmp_path / "patients.csv").write_text("case,patient\nhead,one\n", encoding="utf-8")
    summary = import_folder("dicom-seg", src, import_options(patients=tmp_path / "patients.csv"))
    assert (summary.cases, summary.own_patients) == (1, 0)
    (left_out,) = summary.skipped
    assert "astray.dcm" in left_out.case_id
