"""A series that no SEG can refer to still gets everything else; what ends one series never stops the next."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import pytest
from pydicom import Dataset, config, dcmread
from pydicom.uid import generate_uid

from napari_cpam_stroke.dicom import scan_folder

from .conftest import Done, Run

CASES = Path(__file__).parents[3] / "shared" / "cases"
WITHOUT_DICOM = ["mask.nii.gz", "report.html", "report.json"]
EVERYTHING = ["mask.nii.gz", "measurements.dcm", "report.html", "report.json", "segmentation.dcm"]


def spoiled(source: Path, target: Path, change: Callable[[Dataset], None]) -> Path:
    """Copy a series with one change to every file, whatever the standard says of it."""
    target.mkdir(parents=True)
    mode = config.settings.writing_validation_mode
    config.settings.writing_validation_mode = config.IGNORE
    try:
        for path in sorted(source.iterdir()):
            dataset = dcmread(path)
            change(dataset)
            dataset.save_as(target / path.name, enforce_file_format=False)
    finally:
        config.settings.writing_validation_mode = mode
    return target


def without(keyword: str) -> Callable[[Dataset], None]:
    return lambda dataset: dataset.pop(keyword)


def with_value(keyword: str, value: str) -> Callable[[Dataset], None]:
    return lambda dataset: dataset.add_new(keyword, "UI", value)


def with_one_each(*keywords: str) -> Callable[[Dataset], None]:
    def change(dataset: Dataset) -> None:
        for keyword in keywords:
            dataset.add_new(keyword, "UI", generate_uid())

    return change


UNREFERABLE = {
    "no frame of reference": ("FrameOfReferenceUID", without("FrameOfReferenceUID")),
    "frame of reference in words": ("FrameOfReferenceUID", with_value("FrameOfReferenceUID", "scanner")),
    "frame of reference too long": ("FrameOfReferenceUID", with_value("FrameOfReferenceUID", "1." + "2" * 70)),
    "one instance UID": ("SOPInstanceUID", with_value("SOPInstanceUID", "1.2.3.4.5")),
    "no study": ("StudyInstanceUID", without("StudyInstanceUID")),
    "study in words": ("StudyInstanceUID", with_value("StudyInstanceUID", "STUDY-7")),
    "series in words": ("SeriesInstanceUID", with_value("SeriesInstanceUID", "head 5 mm")),
    "a series per slice": ("SeriesInstanceUID", with_one_each("SeriesInstanceUID")),
    "a frame of reference per slice": ("FrameOfReferenceUID", with_one_each("FrameOfReferenceUID")),
    "a series and a frame of reference per slice": (
        "InstanceUID",
        with_one_each("SeriesInstanceUID", "FrameOfReferenceUID"),
    ),
}


def predicted(run: Run, source: Path, out: Path, model: Path, *more: str) -> Done:
    done = run("predict", source, "--out", out, "--model", model, "--device", "cpu", *more)
    assert "Traceback" not in done.err
    return done


@pytest.mark.parametrize("name", UNREFERABLE)
def test_seg_and_sr_are_left_out_with_the_reason(
    run: Run, ct_dir: Path, tiny_model: Path, tmp_path: Path, name: str
) -> None:
    keyword, change = UNREFERABLE[name]
    done = predicted(run, spoiled(ct_dir, tmp_path / "in", change), tmp_path / "out", tiny_model)
    assert done.code == 1, done
    (case,) = (tmp_path / "out").iterdir()
    assert sorted(p.name for p in case.iterdir()) == WITHOUT_DICOM
    report = json.loads((case / "report.json").read_text())
    assert any(keyword in note and "SEG and SR" in note for note in report["notes"])
    assert keyword in (case / "report.html").read_text()
    assert keyword in done.out
    assert "could be read" not in done.out + done.err
    assert len(nib.load(case / "mask.nii.gz").shape) == 3


def test_json_names_what_was_left_out(run: Run, ct_dir: Path, tiny_model: Path, tmp_path: Path) -> None:
    source = spoiled(ct_dir, tmp_path / "in", without("FrameOfReferenceUID"))
    done = predicted(run, source, tmp_path / "out", tiny_model, "--json")
    (case,) = json.loads(done.out)["cases"]
    assert done.code == 1
    assert case["left_out"] == ["segmentation.dcm", "measurements.dcm"]
    assert any("FrameOfReferenceUID" in note for note in case["notes"])


def test_odd_values_of_the_patient_are_left_empty_and_said(
    run: Run, ct_dir: Path, tiny_model: Path, tmp_path: Path
) -> None:
    def change(dataset: Dataset) -> None:
        odd = {"PatientBirthDate": "1950", "StudyTime": "noon", "PatientSex": "unknown"}
        odd |= {"PatientAge": "old", "PatientWeight": "seventy", "SeriesNumber": "two"}
        for keyword, value in odd.items():
            dataset.add_new(keyword, "LT", value)

    source = spoiled(ct_dir, tmp_path / "in", change)
    done = predicted(run, source, tmp_path / "out", tiny_model, "--keep-patient")
    assert done.code == 0, done
    (case,) = (tmp_path / "out").iterdir()
    assert sorted(p.name for p in case.iterdir()) == EVERYTHING
    notes = " ".join(json.loads((case / "report.json").read_text())["notes"])
    for keyword in ("PatientBirthDate", "StudyTime", "PatientSex"):
        assert keyword in notes
        assert not dcmread(case / "segmentation.dcm").get(keyword)
    assert "1950" not in notes
    assert dcmread(case / "segmentation.dcm").PatientName == "Phantom^Ada"


def test_a_tilted_series_gets_a_resampled_seg_on_demand(
    run: Run, ct_dir: Path, tiny_model: Path, tmp_path: Path
) -> None:
    def tilt(dataset: Dataset) -> None:
        x, y, z = map(float, dataset.ImagePositionPatient)
        dataset.ImagePositionPatient = [x, y + 0.25 * z, z]

    source = spoiled(ct_dir, tmp_path / "in", tilt)
    for flags, there in (([], False), (["--resampled-seg"], True)):
        out = tmp_path / str(there)
        done = predicted(run, source, out, tiny_model, *flags)
        assert done.code == 0, done
        (case,) = out.iterdir()
        assert (case / "segmentation_resampled.dcm").exists() == there
        assert ("segmentation_resampled.dcm is resampled" in (case / "report.json").read_text()) == there


@pytest.fixture
def two_series(ct_dir: Path, tmp_path: Path) -> Path:
    """The same images under two studies."""
    for number in range(2):
        uids = {key: generate_uid() for key in ("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID")}

        def change(dataset: Dataset, uids: dict[str, str] = uids) -> None:
            for keyword, uid in uids.items():
                setattr(dataset, keyword, uid)
            dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()

        spoiled(ct_dir, tmp_path / "in" / str(number), change)
    return tmp_path / "in"


def test_a_folder_of_someone_else_stops_one_series_only(
    run: Run, two_series: Path, tiny_model: Path, tmp_path: Path
) -> None:
    first, second = (entry.key for entry in scan_folder(two_series).series if entry.verdict == "ready")
    (tmp_path / "out" / first).mkdir(parents=True)
    (tmp_path / "out" / first / "letter.txt").write_text("mine")
    done = predicted(run, two_series, tmp_path / "out", tiny_model)
    assert done.code == 1, done
    assert sorted(p.name for p in (tmp_path / "out" / second).iterdir()) == EVERYTHING
    assert [p.name for p in (tmp_path / "out" / first).iterdir()] == ["letter.txt"]
    (line,) = [line for line in done.err.splitlines() if line.startswith("Set aside")]
    assert first in line
    assert "letter.txt" in line


def test_a_failure_nobody_foresaw_stops_one_series_only(
    run: Run, two_series: Path, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, image = [], nib.Nifti1Image

    def fails_once(*args: object, **more: object) -> nib.Nifti1Image:
        made.append(args)
        if len(made) == 1:
            raise ZeroDivisionError("an odd grid")
        return image(*args, **more)

    monkeypatch.setattr(nib, "Nifti1Image", fails_once)
    done = predicted(run, two_series, tmp_path / "out", tiny_model)
    assert done.code == 1, done
    (case,) = (tmp_path / "out").iterdir()
    assert sorted(p.name for p in case.iterdir()) == EVERYTHING
    (line,) = [line for line in done.err.splitlines() if line.startswith("Set aside")]
    assert "ZeroDivisionError: an odd grid" in line


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o027, 0o640), (0o077, 0o600)])
def test_every_file_honours_the_umask(
    run: Run, ct_dir: Path, tiny_model: Path, tmp_path: Path, mask: int, mode: int
) -> None:
    if os.name == "nt":
        pytest.skip("Windows knows no umask")
    before = os.umask(mask)
    try:
        assert predicted(run, ct_dir, tmp_path / "out", tiny_model).code == 0
    finally:
        os.umask(before)
    (case,) = (tmp_path / "out").iterdir()
    assert {p.name: oct(p.stat().st_mode & 0o777) for p in case.iterdir()} == dict.fromkeys(EVERYTHING, oct(mode))
    assert case.stat().st_mode & 0o777 == 0o777 & ~mask


def test_slices_that_cannot_be_read_are_said_by_the_exit_code(
    run: Run, ct_dir: Path, tiny_model: Path, tmp_path: Path
) -> None:
    source = spoiled(ct_dir, tmp_path / "in", lambda _dataset: None)
    spoilt = sorted(source.iterdir())[5]
    spoilt.write_bytes(spoilt.read_bytes()[:-5000])
    done = predicted(run, source, tmp_path / "out", tiny_model)
    assert done.code == 1, done
    assert "1 slice could not be read" in done.err
    (case,) = (tmp_path / "out").iterdir()
    assert sorted(p.name for p in case.iterdir()) == EVERYTHING


def made_by(case: str, folder: Path) -> Path:
    script = CASES / case / "make.py"
    if not script.is_file():
        pytest.skip("the collected cases do not lie beside the project")
    subprocess.run([sys.executable, script, folder], check=True, capture_output=True)
    return folder


@pytest.mark.parametrize("name", ["no-frame-of-reference", "one-instance-uid"])
def test_collected_case_without_identifiers(run: Run, tiny_model: Path, tmp_path: Path, name: str) -> None:
    source = made_by("12-no-frame-of-reference", tmp_path / "in") / name
    done = predicted(run, source, tmp_path / "out", tiny_model)
    assert done.code == 1, done
    (case,) = (tmp_path / "out").iterdir()
    assert sorted(p.name for p in case.iterdir()) == WITHOUT_DICOM


def test_collected_case_with_an_odd_birth_date(run: Run, tiny_model: Path, tmp_path: Path) -> None:
    source = made_by("13-odd-birth-date", tmp_path / "in")
    done = predicted(run, source, tmp_path / "out", tiny_model, "--keep-patient")
    assert done.code == 0, done
    (case,) = (tmp_path / "out").iterdir()
    assert sorted(p.name for p in case.iterdir()) == EVERYTHING
    assert "PatientBirthDate" in done.out
    assert dcmread(case / "segmentation.dcm").PatientBirthDate == ""
