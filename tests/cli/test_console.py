"""A console that lacks a character shows a question mark; no command ends in a traceback for it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

UNUSUAL = "\u753b\u50cf \u0141\u00f3d\u017a"
ENCODINGS = ["ascii", "cp1252"]


@pytest.fixture
def folder(tmp_path, ct_dir) -> Path:
    place = tmp_path / UNUSUAL
    shutil.copytree(ct_dir, place)
    (place / "\u8aad.txt").write_text("no image", encoding="utf-8")
    if sys.platform == "linux":
        Path(os.fsdecode(os.fsencode(place) + b"/\xff.txt")).write_text("no image", encoding="utf-8")
    return place


def call(program: str, encoding: str, *arguments: object) -> subprocess.CompletedProcess[bytes]:
    code = f"from {program}.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        env={**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"},
        capture_output=True,
        check=False,
    )


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_series_lists_a_folder_that_cannot_be_printed(folder, encoding):
    done = call("napari_cpam_stroke", encoding, "series", folder)

    assert (done.returncode, done.stderr.count(b"Traceback")) == (0, 0)
    assert b"ready" in done.stdout
    assert b"not a DICOM file" in done.stdout


def test_json_loses_nothing(folder):
    done = call("napari_cpam_stroke", "ascii", "series", "--json", folder)

    assert str(folder / "\u8aad.txt") in {file["path"] for file in json.loads(done.stdout)["rejected"]}


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(
    "arguments",
    [("series",), ("predict", "--out", "x"), ("models", "show"), ("models", "import"), ("store", "check"), ("open",)],
    ids=" ".join,
)
def test_a_complaint_is_one_sentence(tmp_path, encoding, arguments):
    done = call("napari_cpam_stroke", encoding, *arguments, tmp_path / UNUSUAL)

    assert done.returncode == 2
    assert b"Traceback" not in done.stderr
    assert done.stderr.strip()


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("command", ["check", "rank", "nonsense \u8aad"])
def test_the_trainer_complains_likewise(tmp_path, encoding, command):
    done = call("cpam_train", encoding, command, "--store", tmp_path / UNUSUAL)

    assert done.returncode == 2
    assert b"Traceback" not in done.stderr
    assert done.stderr.strip()
