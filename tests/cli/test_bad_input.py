"""Whatever is wrong: one plain sentence, exit code 2, nothing half-written."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from napari_cpam_stroke.annotations import AnnotationStore

from .conftest import Done, Run


def assert_one_sentence(done: Done, *words: str) -> None:
    assert done.code == 2, done
    assert done.out == ""
    lines = done.err.strip().splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith("cpam-stroke: ")
    assert lines[0].endswith(".")
    assert "Traceback" not in done.err
    for word in words:
        assert word in lines[0], (word, lines[0])


def assert_nothing_written(out: Path) -> None:
    assert not out.exists() or list(out.iterdir()) == []


@pytest.fixture
def empty_dir(tmp_path: Path) -> Path:
    (tmp_path / "empty").mkdir()
    return tmp_path / "empty"


@pytest.fixture
def text_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "texts"
    folder.mkdir()
    for name in ("a.txt", "b.txt"):
        (folder / name).write_text("this is no image")
    return folder


BAD_FOLDERS = {
    "empty_dir": ("no files", "name a folder"),
    "text_dir": ("no DICOM series", "2 other files", "a.txt", "name a folder"),
    "one_slice_dir": ("slice", "cpam-stroke series"),
    "mr_dir": ("MR", "cpam-stroke series"),
}


@pytest.mark.parametrize("folder", BAD_FOLDERS)
def test_predict_refuses_a_folder_without_a_head_ct(
    folder: str, request: pytest.FixtureRequest, run: Run, tiny_model: Path, tmp_path: Path
) -> None:
    path = request.getfixturevalue(folder)
    done = run("predict", path, "--out", tmp_path / "out", "--model", tiny_model)
    assert_one_sentence(done, str(path), *BAD_FOLDERS[folder])
    assert_nothing_written(tmp_path / "out")


@pytest.mark.parametrize("folder", ["empty_dir", "text_dir"])
def test_series_refuses_a_folder_without_any_series(folder: str, request: pytest.FixtureRequest, run: Run) -> None:
    path = request.getfixturevalue(folder)
    assert_one_sentence(run("series", path), str(path), *BAD_FOLDERS[folder])
    assert_one_sentence(run("series", path, "--json"), str(path))


@pytest.mark.parametrize("command", ["series", "predict", "open"])
def test_a_path_that_is_not_there(command: str, run: Run, tiny_model: Path, tmp_path: Path) -> None:
    options = ["--out", tmp_path / "out", "--model", tiny_model] if command == "predict" else []
    assert_one_sentence(run(command, tmp_path / "nowhere", *options), "no such file or folder", "nowhere")


@pytest.mark.parametrize("model", ["unknown", "unknown@2.0", "./nowhere"])
def test_a_model_that_is_not_there(model: str, run: Run, ct_dir: Path, tmp_path: Path) -> None:
    done = run("predict", ct_dir, "--out", tmp_path / "out", "--model", model)
    assert_one_sentence(done, model.removeprefix("./").partition("@")[0])
    assert_nothing_written(tmp_path / "out")


def test_a_model_whose_weights_changed(run: Run, ct_dir: Path, tiny_model: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    for file in tiny_model.iterdir():
        content = bytearray(file.read_bytes())
        if file.suffix == ".safetensors":
            content[-1] ^= 1
        (broken / file.name).write_bytes(content)
    done = run("predict", ct_dir, "--out", tmp_path / "out", "--model", broken)
    assert_one_sentence(done, "sha256")
    assert_nothing_written(tmp_path / "out")
    assert_one_sentence(run("models", "import", broken), "sha256")
    assert run("models", "list", "--json").out.count("broken") == 0


def test_a_device_that_is_not_there(run: Run, ct_dir: Path, tiny_model: Path, tmp_path: Path) -> None:
    done = run("predict", ct_dir, "--out", tmp_path / "out", "--model", tiny_model, "--device", "tpu")
    assert_one_sentence(done, "'tpu'", "cpu")
    assert_nothing_written(tmp_path / "out")


def test_a_series_that_is_not_there(run: Run, ct_dir: Path, tiny_model: Path, tmp_path: Path) -> None:
    done = run("predict", ct_dir, "--out", tmp_path / "out", "--model", tiny_model, "--series", "abc")
    assert_one_sentence(done, "'abc'", "expected one of")
    assert_nothing_written(tmp_path / "out")


def test_an_output_folder_that_cannot_be_one(run: Run, ct_dir: Path, tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    done = run("predict", ct_dir, "--out", tmp_path / "out", "--model", tiny_model)
    assert_one_sentence(done, str(tmp_path / "out"), "choose another")
    assert (tmp_path / "out").read_text() == "a file"


@pytest.mark.parametrize("command", [["check"], ["export"], ["import"]])
def test_a_store_that_is_not_there(command: list[str], run: Run, tmp_path: Path) -> None:
    more = [] if command == ["check"] else [tmp_path / "other"]
    assert_one_sentence(run("store", *command, tmp_path / "none", *more), str(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_a_store_of_another_version(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "store"
    AnnotationStore.open(folder).close()
    database = folder / "store.db"
    with sqlite3.connect(database) as connection:
        changed = connection.execute("update store_info set value = '999' where key = 'schema_version'")
        assert changed.rowcount == 1
    connection.close()
    before = database.read_bytes()
    assert_one_sentence(run("store", "check", folder), "999", str(folder))
    assert_one_sentence(run("store", "export", folder, tmp_path / "copy"), "999")
    assert not (tmp_path / "copy").exists()
    assert database.read_bytes() == before


def test_a_folder_that_is_no_model(run: Run, tmp_path: Path) -> None:
    assert_one_sentence(run("models", "import", tmp_path), str(tmp_path))
    assert_one_sentence(run("models", "show", "nothing"), "'nothing'", "models list")
    assert_one_sentence(run("models", "verify", "nothing"), "'nothing'")
    assert_one_sentence(run("models", "use", "nothing"), "'nothing'")
    assert_one_sentence(run("models", "rollback", "nothing"), "'nothing'")


def test_the_program_itself_ends_with_the_same_sentence(empty_dir: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from napari_cpam_stroke.cli import main; main()", "series", str(empty_dir)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert_one_sentence(Done(done.returncode, done.stdout, done.stderr), str(empty_dir))


def test_ctrl_c_ends_with_a_word(run: Run, monkeypatch: pytest.MonkeyPatch, ct_dir: Path) -> None:
    from napari_cpam_stroke.commands import series

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(series, "scan_folder", stop)
    done = run("series", ct_dir)
    assert (done.code, done.err.strip()) == (130, "Stopped.")
