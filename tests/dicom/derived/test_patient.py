"""The patient in what is written: valid values are taken over, others are left empty and said without the value."""

from pathlib import Path

import pydicom
import pytest
from hazard_suite.base import PHANTOM, datasets, save_all, truth_of

from napari_cpam_stroke.core import CTVolume, measure_lesions
from napari_cpam_stroke.dicom import patient_notes, read_series, scan_folder, write_report, write_segmentation
from napari_cpam_stroke.dicom.derived.patient import PATIENT_AND_STUDY

MODEL = {"algorithm_type": "AUTOMATIC", "algorithm_name": "default", "algorithm_version": "1.0"}

ODD = [
    ("PatientBirthDate", b"1950"),
    ("PatientBirthDate", b"19500231"),
    ("PatientBirthDate", b"00000000"),
    ("PatientBirthDate", b"01.05.1950"),
    ("PatientBirthDate", b"19500101-19510101"),
    ("StudyDate", b"unknown "),
    ("StudyDate", b"20240105\\20240106"),
    ("StudyTime", b"10:11:12"),
    ("StudyTime", b"251000"),
    ("StudyTime", b"noon"),
    ("PatientSex", b"female"),
    ("PatientSex", b"X "),
    ("PatientName", b"Doe^" + b"x" * 70),
    ("PatientName", b"Doe^John\\Roe^Jane "),
    ("PatientName", b"a^b^c^d^e^f^g "),
    ("ReferringPhysicianName", b"Who\x07Knows "),
    ("PatientID", b"7" * 80),
    ("AccessionNumber", b"more than sixteen letters "),
    ("StudyID", b"S" * 18),
]
VALID = [
    ("PatientBirthDate", "19500131"),
    ("StudyTime", "10"),
    ("StudyTime", "101112.5"),
    ("PatientSex", "O"),
    ("PatientName", "Doe^John^^Dr^Jr"),
    ("PatientName", "no carets at all"),
    ("StudyID", "S" * 16),
]


def volume_with(folder: Path, keyword: str, value: bytes) -> CTVolume:
    """Read a series in whose files one element holds these bytes."""
    items = datasets(truth_of())
    for item in items:
        setattr(item, keyword, "")
    save_all(folder, items)
    mode = pydicom.config.settings.writing_validation_mode
    pydicom.config.settings.writing_validation_mode = pydicom.config.IGNORE
    try:
        for path in folder.iterdir():
            item = pydicom.dcmread(path)
            item.add_new(keyword, "LT", value.decode("latin-1"))
            item.save_as(path)
    finally:
        pydicom.config.settings.writing_validation_mode = mode
    return read_series(scan_folder(folder).series[0])


def written(volume: CTVolume, folder: Path) -> list[pydicom.Dataset]:
    mask = PHANTOM.truth_mask(volume.geometry, volume.shape[1:])
    segmentation = write_segmentation(folder / "s.dcm", mask, volume, keep_patient=True, **MODEL)
    table = measure_lesions(mask, volume)
    report = write_report(folder / "r.dcm", table, volume, segmentation, keep_patient=True, **MODEL)
    return [pydicom.dcmread(segmentation), pydicom.dcmread(report)]


@pytest.mark.parametrize(("keyword", "value"), ODD)
def test_a_value_that_is_not_valid_is_left_empty_and_said(tmp_path: Path, keyword: str, value: bytes) -> None:
    volume = volume_with(tmp_path / "series", keyword, value)
    (note,) = patient_notes(volume)
    assert keyword in note
    assert value.decode("latin-1").strip() not in note
    for dataset in written(volume, tmp_path):
        assert not dataset.get(keyword)


@pytest.mark.parametrize(("keyword", "value"), VALID)
def test_a_valid_value_is_taken_over_as_it_is(tmp_path: Path, keyword: str, value: str) -> None:
    volume = volume_with(tmp_path / "series", keyword, value.encode())
    assert patient_notes(volume) == ()
    for dataset in written(volume, tmp_path):
        assert str(dataset.get(keyword)) == value


def test_every_attribute_may_be_absent(tmp_path: Path) -> None:
    items = datasets(truth_of())
    for item in items:
        for keyword in PATIENT_AND_STUDY:
            if keyword in item:
                delattr(item, keyword)
    save_all(tmp_path / "series", items)
    volume = read_series(scan_folder(tmp_path / "series").series[0])
    assert patient_notes(volume) == ()
    for dataset in written(volume, tmp_path):
        assert not any(dataset.get(keyword) for keyword in PATIENT_AND_STUDY)
