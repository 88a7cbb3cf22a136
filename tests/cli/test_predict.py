from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest
from pydicom import dcmread

from napari_cpam_stroke.dicom import scan_folder

from .conftest import Run

FILES = ["mask.nii.gz", "measurements.dcm", "report.html", "report.json", "segmentation.dcm"]


def test_one_folder_with_five_files_per_ready_series(run: Run, ct_dir: Path, tiny_model: Path, tmp_path: Path) -> None:
    done = run("predict", ct_dir, "--out", tmp_path / "out", "--model", tiny_model, "--device", "cpu")
    assert done.code == 0, done.err
    (case,) = (tmp_path / "out").iterdir()
    assert sorted(p.name for p in case.iterdir()) == FILES
    report = json.loads((case / "report.json").read_text())
    assert report["case_id"] == case.name
    assert report["model"]["name"] == "tiny"
    assert report["device"] == "cpu"
    assert len(report["slices"]) == 24
    assert str(case) in done.out
    assert "Research use only" in done.out
    assert "Traceback" not in done.err


def test_some_series_refused_gives_one_and_says_which(
    run: Run, mixed_dir: Path, tiny_model: Path, tmp_path: Path
) -> None:
    done = run("predict", mixed_dir, "--out", tmp_path / "out", "--model", tiny_model, "--json")
    assert done.code == 1
    cases = json.loads(done.out)["cases"]
    assert [Path(case["folder"]) for case in cases] == list((tmp_path / "out").iterdir())
    assert cases[0]["files"] == ["segmentation.dcm", "measurements.dcm", "mask.nii.gz", "report.json", "report.html"]
    (line,) = [line for line in done.err.splitlines() if line.startswith("Set aside")]
    assert "slice" in line


def test_one_series_by_its_id_or_its_uid(run: Run, mixed_dir: Path, tiny_model: Path, tmp_path: Path) -> None:
    entry = next(e for e in scan_folder(mixed_dir).series if e.verdict == "ready")
    uid = dcmread(entry.files[0], stop_before_pixels=True).SeriesInstanceUID
    for number, wanted in enumerate((entry.key, uid)):
        out = tmp_path / str(number)
        done = run("predict", mixed_dir, "--out", out, "--model", tiny_model, "--series", wanted)
        assert done.code == 0, done.err
        assert [p.name for p in out.iterdir()] == [entry.key]


def test_a_series_that_may_not_be_used_is_refused_by_name_too(
    run: Run, mixed_dir: Path, tiny_model: Path, tmp_path: Path
) -> None:
    entry = next(e for e in scan_folder(mixed_dir).series if e.verdict != "ready")
    done = run("predict", mixed_dir, "--out", tmp_path / "out", "--model", tiny_model, "--series", entry.key)
    assert done.code == 2
    assert entry.key in done.err
    assert not (tmp_path / "out").exists()


def test_a_second_run_replaces_the_first(run: Run, ct_dir: Path, tiny_model: Path, tmp_path: Path) -> None:
    arguments = ("predict", ct_dir, "--out", tmp_path, "--model", tiny_model)
    assert run(*arguments).code == 0
    (case,) = tmp_path.iterdir()
    first = json.loads((case / "report.json").read_text())
    assert run(*arguments).code == 0
    second = json.loads((case / "report.json").read_text())
    assert [p.name for p in tmp_path.iterdir()] == [case.name]
    assert {**first, "seconds": 0} == {**second, "seconds": 0}


def test_the_patient_goes_along_only_on_demand(run: Run, ct_dir: Path, tiny_model: Path, tmp_path: Path) -> None:
    for flags, named in (([], False), (["--keep-patient"], True)):
        out = tmp_path / str(named)
        assert run("predict", ct_dir, "--out", out, "--model", tiny_model, *flags).code == 0
        (case,) = out.iterdir()
        assert (b"Phantom^Ada" in (case / "segmentation.dcm").read_bytes()) == named
        assert b"Phantom^Ada" not in (case / "report.html").read_bytes()


def test_nothing_goes_to_a_network(
    run: Run, ct_dir: Path, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    def refuse(*address: object, **_: object) -> None:
        asked.append(address)
        raise OSError("no network here")

    for name in ("getaddrinfo", "create_connection"):
        monkeypatch.setattr(socket, name, refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert run("models", "import", tiny_model, "--name", "mine").code == 0
    for model in ("default", "mine"):
        assert run("predict", ct_dir, "--out", tmp_path / model, "--model", model, "--device", "cpu").code == 0
    assert asked == []


@pytest.fixture
def lost_offset_dir(ct_dir: Path, tmp_path: Path) -> Path:
    """The synthetic case with the intercept of every slice lost."""
    folder = tmp_path / "lost"
    folder.mkdir()
    for path in ct_dir.iterdir():
        item = dcmread(path)
        item.RescaleIntercept = "0"
        item.save_as(folder / path.name)
    return folder


def test_values_that_are_no_hounsfield_units_run_only_when_asked_for(
    run: Run, lost_offset_dir: Path, tiny_model: Path, tmp_path: Path
) -> None:
    done = run("predict", lost_offset_dir, "--out", tmp_path / "out", "--model", tiny_model, "--device", "cpu")
    assert done.code == 1
    assert "do not look like Hounsfield units" in " ".join(done.err.split())
    assert not list((tmp_path / "out").glob("*/*"))
    key = scan_folder(lost_offset_dir).series[0].key
    asked = run("predict", lost_offset_dir, "--out", tmp_path / "out", "--model", tiny_model, "--series", key)
    assert asked.code == 1
    assert "do not look like Hounsfield units" in " ".join(asked.err.split())
    report = json.loads((tmp_path / "out" / key / "report.json").read_text())
    assert any("Hounsfield" in warning for warning in report["warnings"])
