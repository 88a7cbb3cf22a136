from __future__ import annotations

import json
import zipfile
from pathlib import Path

from .conftest import Run


def test_every_series_with_verdict_and_reasons(run: Run, mixed_dir: Path) -> None:
    done = run("series", mixed_dir)
    assert done.code == 1, "one of them is not ready"
    lines = done.out.splitlines()
    assert any("  ready  24 slices of 128 x 128  HEAD 5.0 STANDARD" in line for line in lines)
    assert any(line.startswith("To read first: ") for line in lines)
    assert any("notes.txt: " in line for line in lines)


def test_json_for_a_program(run: Run, mixed_dir: Path) -> None:
    report = json.loads(run("series", mixed_dir, "--json").out)
    ready, other = sorted(report["series"], key=lambda s: s["verdict"] != "ready")
    assert ready["slices"] == 24
    assert ready["matrix"] == [128, 128]
    assert ready["reasons"] == []
    assert other["reasons"]
    assert report["proposed"] == ready["key"]
    assert [file["code"] for file in report["rejected"]] == ["not-dicom"]
    assert {notice["code"] for notice in ready["notices"]} >= {"slice-distance", "kernel"}
    said = [n["sentence"] for n in other["notices"] if n["severity"] in ("limitation", "refusal")]
    assert said == other["reasons"]
    assert all(set(notice) == {"code", "severity", "sentence", "data"} for notice in ready["notices"])
    assert [Path(file["path"]).name for file in report["rejected"]] == ["notes.txt"]


def test_all_ready_is_zero(run: Run, ct_dir: Path) -> None:
    assert run("series", ct_dir).code == 0


def test_words_from_a_header_are_not_markup(run: Run, tmp_path: Path, ct_dir: Path) -> None:
    from pydicom import dcmread

    for file in ct_dir.iterdir():
        dataset = dcmread(file)
        dataset.SeriesDescription = "[bold]HEAD[/nothing]"
        dataset.save_as(tmp_path / file.name)
    assert "[bold]HEAD[/nothing]" in run("series", tmp_path).out


def test_a_name_in_an_archive_does_not_steer_the_terminal(run: Run, tmp_path: Path, ct_dir: Path) -> None:
    packed = tmp_path / "a.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for file in ct_dir.iterdir():
            archive.write(file, file.name)
        archive.writestr("a\x1b[2J\x7f\u202eb.txt", "no image")
    said = run("series", packed).out
    assert not any(c in said for c in "\x1b\x7f\u202e")
    assert "a [2J b.txt" in said
    (file,) = json.loads(run("series", packed, "--json").out)["rejected"]
    assert Path(file["path"]).name == "a\x1b[2J\x7f\u202eb.txt"
