"""The sample case in the user's folder is whole, whenever the program was killed."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from napari_cpam_stroke.dicom import scan_folder
from napari_cpam_stroke.samples import dicom_series
from napari_cpam_stroke.samples.installed import PLACE, installed_stroke_case
from napari_cpam_stroke.samples.stroke import SLICES, stroke_case

INSTALL_SLOWLY = """
import time
from napari_cpam_stroke.samples import dicom_series

save = dicom_series.save_dataset

def slowly(path, dataset):
    time.sleep(0.05)
    return save(path, dataset)

dicom_series.save_dataset = slowly
from napari_cpam_stroke.samples.installed import installed_stroke_case
installed_stroke_case()
"""


def slices_in(folder: Path) -> int:
    entry = scan_folder(folder).proposed
    return 0 if entry is None else entry.slices


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_killed_while_it_is_written_leaves_no_truncated_head(isolated_home: Path) -> None:
    folder = isolated_home / PLACE
    program = subprocess.Popen([sys.executable, "-c", INSTALL_SLOWLY])
    deadline = time.monotonic() + 60
    while len(list(folder.parent.rglob("*.dcm"))) < SLICES // 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    program.kill()
    program.wait()
    assert SLICES // 2 <= len(list(folder.parent.rglob("*.dcm"))) < SLICES, "it was killed in the middle"
    assert not folder.exists()
    assert slices_in(installed_stroke_case()) == SLICES


def test_a_disk_that_fills_leaves_nothing(isolated_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save, written = dicom_series.save_dataset, []

    def until_full(path: Path, dataset: object) -> Path:
        written.append(path)
        if len(written) > SLICES // 2:
            raise OSError(28, "No space left on device")
        return save(path, dataset)

    monkeypatch.setattr(dicom_series, "save_dataset", until_full)
    with pytest.raises(OSError, match="No space"):
        installed_stroke_case()
    assert list(isolated_home.rglob("*.dcm")) == []
    monkeypatch.undo()


@pytest.mark.parametrize("left", ["fewer slices", "the last slice cut off", "nothing at all"])
def test_a_truncated_folder_of_an_older_version_is_healed(isolated_home: Path, left: str) -> None:
    folder = stroke_case(isolated_home / PLACE)
    files = sorted(folder.iterdir())
    if left == "the last slice cut off":
        files[-1].write_bytes(files[-1].read_bytes()[:20_000])
    else:
        for file in files[7:] if left == "fewer slices" else files:
            file.unlink()
    assert installed_stroke_case() == folder
    assert slices_in(folder) == SLICES
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_a_whole_folder_is_not_written_again() -> None:
    folder = installed_stroke_case()
    before = {file: file.stat().st_mtime_ns for file in folder.iterdir()}
    assert installed_stroke_case() == folder
    assert {file: file.stat().st_mtime_ns for file in folder.iterdir()} == before
