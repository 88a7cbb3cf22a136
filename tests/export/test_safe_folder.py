from __future__ import annotations

import os
from pathlib import Path

import pytest

from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.export.safe_folder import result_folder

NAMES = ("a.txt", "b.txt")


def write(target: Path, text: str = "new") -> None:
    with result_folder(target, replaceable=NAMES) as folder:
        (folder / "a.txt").write_text(text)


def write_half(target: Path) -> None:
    with result_folder(target, replaceable=NAMES) as folder:
        (folder / "a.txt").write_text("half")
        raise RuntimeError


def test_the_folder_is_there_after_it_and_nothing_beside_it(tmp_path: Path) -> None:
    write(tmp_path / "deep" / "case")
    assert [p.name for p in (tmp_path / "deep").iterdir()] == ["case"]
    assert (tmp_path / "deep/case/a.txt").read_text() == "new"
    assert (tmp_path / "deep/case").stat().st_mode & 0o777 == 0o755


def test_an_earlier_result_is_replaced_as_a_whole(tmp_path: Path) -> None:
    target = tmp_path / "case"
    target.mkdir()
    (target / "b.txt").write_text("old")
    write(target)
    assert [p.name for p in target.iterdir()] == ["a.txt"]
    assert [p.name for p in tmp_path.iterdir()] == ["case"]


@pytest.mark.parametrize("existing", [False, True])
def test_a_failure_leaves_everything_as_it_was(tmp_path: Path, existing: bool) -> None:
    target = tmp_path / "case"
    if existing:
        write(target, "old")
    with pytest.raises(RuntimeError):
        write_half(target)
    assert [p.name for p in tmp_path.iterdir()] == (["case"] if existing else [])
    if existing:
        assert (target / "a.txt").read_text() == "old"


def test_files_of_someone_else_are_never_removed(tmp_path: Path) -> None:
    target = tmp_path / "case"
    target.mkdir()
    (target / "notes.docx").write_text("mine")
    with pytest.raises(InputError, match=r"notes\.docx.*another output folder"):
        write(target)
    assert [p.name for p in target.iterdir()] == ["notes.docx"]
    assert [p.name for p in tmp_path.iterdir()] == ["case"]


def test_a_file_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "case").write_text("file")
    with pytest.raises(InputError, match="is not a folder"):
        write(tmp_path / "case")
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(InputError, match="is not a folder"):
        write(tmp_path / "link")
    with pytest.raises(InputError, match="Nothing can be written"):
        write(tmp_path / "case" / "below" / "it")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="needs a user whom permissions bind")
def test_a_folder_that_may_not_be_written_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match="Nothing can be written"):
        write(tmp_path / "case")
