from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from napari_cpam_stroke import window_check
from napari_cpam_stroke.window_check import LINUX_PACKAGES, NEEDS_DISPLAY, NEEDS_NAPARI, check_window

from .conftest import Run

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def without_display(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")


@pytest.mark.usefixtures("without_display")
def test_without_a_display_the_same_work_is_done(run: Run, tiny_model: Path, tmp_path: Path) -> None:
    shot = tmp_path / "pictures" / "shot.png"
    done = run("demo", "--model", tiny_model, "--out", tmp_path / "out", "--screenshot", shot)
    assert done.code == 0, done.err
    case = next(p for p in (tmp_path / "out").iterdir() if p.is_dir())
    assert len(list(case.iterdir())) == 5
    assert Image.open(tmp_path / "out" / "overview.png").width > 200
    assert shot.read_bytes() == (tmp_path / "out" / "overview.png").read_bytes()
    (needs,) = [line for line in done.out.splitlines() if line.startswith("No window here")]
    assert "apt-get install" in needs


@pytest.mark.usefixtures("without_display")
def test_a_missing_model_is_said_before_anything_is_written(run: Run, tmp_path: Path) -> None:
    done = run("demo", "--model", "nothing", "--out", tmp_path / "out")
    assert done.code == 2
    assert "'nothing'" in done.err
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("without_display")
def test_open_says_what_a_window_needs(run: Run, ct_dir: Path) -> None:
    done = run("open", ct_dir)
    assert done.code == 2
    assert "apt-get install" in done.err
    assert "cpam-stroke predict" in done.err


def test_the_readme_names_the_same_packages() -> None:
    assert LINUX_PACKAGES in (ROOT / "README.md").read_text()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="display servers are Linux's")
def test_without_a_display_server_nothing_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setattr(window_check, "PROBE", "raise AssertionError")
    assert check_window().needs == NEEDS_DISPLAY


@pytest.mark.parametrize("program", ["import os; os.abort()", "raise ImportError('libGL.so.1')", "raise SystemExit(3)"])
def test_a_window_system_that_breaks_breaks_only_the_probe(program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(window_check, "PROBE", program)
    assert check_window().needs == NEEDS_DISPLAY
    monkeypatch.setattr(window_check, "PROBE", "pass")
    assert check_window().possible


def test_without_napari_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window_check, "find_spec", lambda name: None)
    assert check_window().needs == NEEDS_NAPARI


LAUNCH = """
import sys
from pathlib import Path
from napari_cpam_stroke.widgets.launch import open_window
source, model, shot, own = sys.argv[1:]
open_window(Path(source), run_models=True, model=model, device="cpu", screenshot=Path(shot), own_folder=Path(own))
"""


@pytest.mark.window
@pytest.mark.timeout(600)
def test_the_window_is_pictured_whole_and_closes(ct_dir: Path, tiny_model: Path, tmp_path: Path) -> None:
    shot, own = tmp_path / "shot.png", tmp_path / "own"
    program = [sys.executable, "-c", LAUNCH, str(ct_dir), str(tiny_model), str(shot), str(own)]
    window = {name: value for name, value in os.environ.items() if name != "QT_QPA_PLATFORM"}
    done = subprocess.run(program, env=window, capture_output=True, text=True, check=False, timeout=540)
    assert done.returncode == 0, done.stderr[-2000:]
    assert Image.open(shot).width > 1000
    assert (own / "room.json").exists(), "settings of its own, not the user's"
    assert not (Path(os.environ["CPAM_STROKE_HOME"]) / "room.json").exists()
