from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO

import pytest

from napari_cpam_stroke import files
from napari_cpam_stroke.files import (
    is_unfinished,
    make_folder,
    make_sure,
    read_json,
    read_regular,
    read_text,
    require_regular,
    settle,
    whole_folder,
    write_beside,
    write_whole,
)

POSIX = pytest.mark.skipif(os.name == "nt", reason="permissions and folder syncs are those of POSIX")


def interrupted(file: BinaryIO) -> None:
    file.write(b"half")
    file.flush()
    raise RuntimeError("stop")


def content_of(folder: Path) -> dict[str, bytes]:
    """What a reader of the folder would take for content."""
    return {p.name: p.read_bytes() for p in folder.rglob("*") if p.is_file() and not is_unfinished(p)}


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Device and number of everything that was synced, in order, by a program that has just begun."""
    monkeypatch.setattr(files, "SURE_FOLDERS", set())
    noted: list[tuple[int, int]] = []
    sync = os.fsync

    def note(handle: int) -> None:
        sync(handle)
        noted.append((os.fstat(handle).st_dev, os.fstat(handle).st_ino))

    monkeypatch.setattr(os, "fsync", note)
    return noted


def identity(path: Path) -> tuple[int, int]:
    return path.stat().st_dev, path.stat().st_ino


@pytest.mark.parametrize("content", ["Zürich\n", "Zürich\n".encode(), lambda file: file.write("Zürich\n".encode())])
@pytest.mark.parametrize("before", [None, b"old and longer than the new one"])
@pytest.mark.parametrize("durable", [False, True])
def test_a_file_holds_what_it_was_given_and_nothing_lies_beside_it(tmp_path, content, before, durable):
    path = tmp_path / "deep" / "er" / "file.json"
    if before is not None:
        path.parent.mkdir(parents=True)
        path.write_bytes(before)
    write_whole(path, content, durable=durable)
    assert path.read_bytes() == "Zürich\n".encode()
    assert [p.name for p in path.parent.iterdir()] == ["file.json"]


@pytest.mark.parametrize("before", [None, b"old"])
@pytest.mark.parametrize("durable", [False, True])
def test_a_failure_half_way_leaves_the_old_file_or_nothing(tmp_path, before, durable):
    path = tmp_path / "file"
    if before is not None:
        path.write_bytes(before)
    with pytest.raises(RuntimeError, match="stop"):
        write_whole(path, interrupted, durable=durable)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == ({} if before is None else {"file": before})


def test_a_file_that_cannot_take_its_name_leaves_nothing(tmp_path):
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "inside").touch()
    with pytest.raises(OSError):  # noqa: PT011 - its words are the system's
        write_whole(tmp_path / "taken", b"content")
    assert [p.name for p in tmp_path.iterdir()] == ["taken"]


KILLED_FILE = """
import os, signal, sys
from pathlib import Path
from napari_cpam_stroke.files import write_whole

def half(file):
    file.write(b"half")
    file.flush()
    os.kill(os.getpid(), {signal})

write_whole(Path(sys.argv[1]), half, durable=True)
"""

KILLED_FOLDER = """
import os, signal, sys
from pathlib import Path
from napari_cpam_stroke.files import whole_folder

with whole_folder(Path(sys.argv[1]), existing="replace") as folder:
    (folder / "a").write_text("half")
    os.kill(os.getpid(), {signal})
"""

KILL = int(getattr(signal, "SIGKILL", signal.SIGTERM))


def killed(program: str, target: Path) -> None:
    done = subprocess.run([sys.executable, "-c", program.format(signal=KILL), str(target)], check=False)
    assert done.returncode not in {0, 1}


@pytest.mark.parametrize("before", [None, b"old"])
def test_a_killed_program_leaves_the_old_file_or_nothing(tmp_path, before):
    path = tmp_path / "file"
    if before is not None:
        path.write_bytes(before)
    killed(KILLED_FILE, path)
    assert content_of(tmp_path) == ({} if before is None else {"file": before})
    assert [is_unfinished(p) for p in tmp_path.iterdir() if p != path] == [True]


@pytest.mark.parametrize("existing", [False, True])
def test_a_killed_program_leaves_the_old_folder_or_nothing(tmp_path, existing):
    target = tmp_path / "case"
    if existing:
        target.mkdir()
        (target / "a").write_text("old")
    killed(KILLED_FOLDER, target)
    assert target.exists() == existing
    assert content_of(target) == ({"a": b"old"} if existing else {})
    assert [is_unfinished(p) for p in tmp_path.iterdir() if p != target] == [True]


@pytest.mark.parametrize(("existing", "kept"), [("replace", b"second"), ("keep", b"first")])
@pytest.mark.parametrize("durable", [False, True])
def test_a_file_that_exists_is_replaced_or_kept(tmp_path, existing, kept, durable):
    path = tmp_path / "key"
    write_whole(path, b"first", existing=existing, durable=durable)
    write_whole(path, b"second", existing=existing, durable=durable)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {"key": kept}


@POSIX
@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_permissions_follow_the_umask(tmp_path, umask):
    before = os.umask(umask)
    try:
        write_whole(tmp_path / "made" / "file", b"content")
        write_whole(tmp_path / "key", b"content", mode=0o600)
        with whole_folder(tmp_path / "folder") as folder:
            (folder / "file").touch()
    finally:
        os.umask(before)
    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in [*tmp_path.iterdir(), tmp_path / "made" / "file"]}
    assert modes == {"made": 0o777 & ~umask, "file": 0o666 & ~umask, "key": 0o600, "folder": 0o777 & ~umask}


@POSIX
def test_durable_syncs_the_file_and_every_folder_above_it_once_in_a_program(tmp_path, synced):
    path = tmp_path / "a" / "b" / "c" / "file"
    write_whole(path, b"content", durable=True)
    assert {identity(path), *(identity(folder) for folder in path.parents)} == set(synced)
    assert synced.count(identity(path)) == 1
    del synced[:]
    write_whole(path, b"again", durable=True)
    assert synced == [identity(path), identity(path.parent)]


@POSIX
def test_a_folder_that_another_program_made_and_did_not_wait_for_is_synced(tmp_path, synced):
    (tmp_path / "a" / "b").mkdir(parents=True)
    write_whole(tmp_path / "a" / "b" / "file", b"content", durable=True)
    assert {identity(tmp_path), identity(tmp_path / "a"), identity(tmp_path / "a" / "b")} <= set(synced)


@POSIX
def test_a_folder_that_was_removed_is_synced_again(tmp_path, synced):
    make_folder(tmp_path / "a", durable=True)
    (tmp_path / "a").rmdir()
    del synced[:]
    make_folder(tmp_path / "a", durable=True)
    assert synced == [identity(tmp_path)]


@POSIX
def test_a_file_that_is_there_is_made_sure_with_its_folder(tmp_path, synced):
    (tmp_path / "a").mkdir()
    path = tmp_path / "a" / "file"
    path.write_bytes(b"content")
    path.chmod(0o400)
    make_sure([path])
    assert {identity(path), identity(path.parent), identity(tmp_path)} <= set(synced)


@POSIX
def test_an_old_folder_goes_only_when_the_new_one_is_on_the_disk(tmp_path, monkeypatch):
    fill(tmp_path / "case", "old")
    sync, there = os.fsync, []

    def noted(handle):
        if identity(tmp_path) == (os.fstat(handle).st_dev, os.fstat(handle).st_ino):
            there.append(sorted(path.name for path in tmp_path.rglob("*") if path.is_file()))
        sync(handle)

    monkeypatch.setattr(os, "fsync", noted)
    fill(tmp_path / "case", "new", existing="replace", durable=True)
    assert there[-1] == ["new", "old"]


def test_without_durable_nothing_is_synced(tmp_path, synced):
    write_whole(tmp_path / "a" / "file", b"content")
    with whole_folder(tmp_path / "b" / "folder") as folder:
        (folder / "file").touch()
    make_folder(tmp_path / "c" / "d")
    assert synced == []


@pytest.mark.parametrize("existing", ["replace", "keep"])
def test_content_is_synced_before_it_gets_its_name_and_the_name_after(tmp_path, monkeypatch, existing):
    path, order = tmp_path / "blob", []
    make_folder(tmp_path, durable=True)
    sync = os.fsync

    def noted(handle):
        order.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        order.append("named" if path.exists() else "not named")
        sync(handle)

    monkeypatch.setattr(os, "fsync", noted)
    write_whole(path, b"content", durable=True, existing=existing)
    assert order == ["file", "not named", *(["folder", "named"] if os.name != "nt" else [])]


@POSIX
def test_a_durable_folder_is_synced_with_all_that_is_in_it(tmp_path, synced):
    target = tmp_path / "models" / "mine" / "1.0"
    with whole_folder(target, durable=True) as folder:
        (folder / "pictures").mkdir()
        (folder / "pictures" / "one.png").write_bytes(b"picture")
        (folder / "weights").write_bytes(b"weights")
    everything = [target, *target.rglob("*"), *target.parents]
    assert set(synced) == {identity(path) for path in everything}


def test_several_files_get_their_names_together(tmp_path, synced):
    paths = [tmp_path / "ab" / "one", tmp_path / "ab" / "two", tmp_path / "cd" / "three"]
    unfinished = {path: write_beside(path, path.name) for path in paths}
    assert content_of(tmp_path) == {}
    settle(unfinished, durable=True)
    assert content_of(tmp_path) == {path.name: path.name.encode() for path in paths}
    assert {identity(path) for path in paths} <= set(synced)
    if os.name != "nt":
        assert {identity(path.parent) for path in paths} <= set(synced)


def test_an_unfinished_file_that_cannot_be_written_leaves_nothing(tmp_path):
    with pytest.raises(RuntimeError, match="stop"):
        write_beside(tmp_path / "ab" / "cd", interrupted)
    assert list((tmp_path / "ab").iterdir()) == []


def fill(target: Path, text: str, **options) -> None:
    with whole_folder(target, **options) as folder:
        (folder / text).write_text(text)


def test_a_folder_takes_its_name_only_at_the_end(tmp_path):
    target = tmp_path / "deep" / "case"
    with whole_folder(target) as folder:
        assert folder.parent == target.parent
        assert is_unfinished(folder)
        (folder / "a").write_text("a")
        assert not target.exists()
    assert content_of(target) == {"a": b"a"}
    assert [p.name for p in target.parent.iterdir()] == ["case"]


def fill_half(target: Path, existing) -> None:
    with whole_folder(target, existing=existing) as folder:
        (folder / "half").touch()
        raise RuntimeError("stop")


@pytest.mark.parametrize("existing", ["refuse", "fill", "keep", "replace"])
@pytest.mark.parametrize("there", [False, True])
def test_a_failure_leaves_the_old_folder_or_nothing(tmp_path, existing, there):
    target = tmp_path / "case"
    if there and existing in {"keep", "replace"}:
        fill(target, "old")
    with pytest.raises(RuntimeError, match="stop"):
        fill_half(target, existing)
    assert content_of(tmp_path) == ({"old": b"old"} if there and existing in {"keep", "replace"} else {})
    assert not [p for p in tmp_path.iterdir() if is_unfinished(p)]


@pytest.fixture(params=["at once", "one after the other"])
def swap(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The two ways in which a folder is replaced."""
    if request.param == "one after the other":
        monkeypatch.setattr(files, "_exchange", lambda *_: False)
        return request.param
    places = [tmp_path / "one", tmp_path / "other"]
    for place in places:
        place.mkdir()
    able = files._exchange(*places)
    for place in places:
        place.rmdir()
    if not able:
        pytest.skip("needs Linux, and a file system that exchanges two folders")
    return request.param


@pytest.mark.parametrize(("existing", "left"), [("keep", "old"), ("replace", "new")])
@pytest.mark.usefixtures("swap")
def test_a_folder_that_exists_is_kept_or_replaced_as_a_whole(tmp_path, existing, left):
    fill(tmp_path / "case", "old")
    fill(tmp_path / "case", "new", existing=existing)
    assert content_of(tmp_path) == {left: left.encode()}
    assert [p.name for p in tmp_path.iterdir()] == ["case"]


def test_a_folder_is_never_missing_where_two_can_be_exchanged(tmp_path, swap, monkeypatch):
    fill(tmp_path / "case", "old")
    renamed, rename = [], Path.rename

    def noted(path, target):
        rename(path, target)
        renamed.append((tmp_path / "case").exists())

    monkeypatch.setattr(Path, "rename", noted)
    fill(tmp_path / "case", "new", existing="replace")
    assert renamed == ([] if swap == "at once" else [False, True])


KILLED_SWAP = """
import os, shutil, sys
from pathlib import Path
from napari_cpam_stroke import files

exchange, rename, left = files._exchange, Path.rename, {calls}

def counted(call):
    def last(*given):
        global left
        done = call(*given)
        left -= 1
        if not left:
            os.kill(os.getpid(), {signal})
        return done
    return last

files._exchange = counted(exchange) if {at_once} else lambda *_: False
Path.rename = counted(rename)
with files.whole_folder(Path(sys.argv[1]), existing="replace") as folder:
    (folder / "new").write_text("new")
"""


def killed_in_a_swap(target: Path, *, calls: int, at_once: bool) -> None:
    program = KILLED_SWAP.format(calls=calls, at_once=at_once, signal=KILL)
    assert subprocess.run([sys.executable, "-c", program, str(target)], check=False).returncode not in {0, 1}


def test_a_program_killed_in_a_swap_leaves_the_old_folder_or_the_new_one(tmp_path, swap):
    """After each step of it; the next one that writes there begins with a whole folder, and goes through."""
    target = tmp_path / "case"
    for calls, left in [(1, "new")] if swap == "at once" else [(1, "old"), (2, "new")]:
        fill(target, "old", existing="replace")
        killed_in_a_swap(target, calls=calls, at_once=swap == "at once")
        assert target.exists() == (left == "new")
        with pytest.raises(RuntimeError, match="stop"):
            fill_half(target, "replace")
        assert content_of(target) == {left: left.encode()}
        fill(target, "next", existing="replace")
        assert content_of(target) == {"next": b"next"}
        assert all(is_unfinished(path) for path in tmp_path.iterdir() if path != target)


@pytest.mark.parametrize("existing", ["refuse", "fill", "keep"])
def test_a_folder_that_a_killed_program_set_aside_counts_as_there(tmp_path, existing):
    target = tmp_path / "case"
    fill(target, "old")
    killed_in_a_swap(target, calls=1, at_once=False)
    if existing == "keep":
        fill(target, "new", existing=existing)
    else:
        with pytest.raises(FileExistsError):
            fill(target, "new", existing=existing)
    assert content_of(target) == {"old": b"old"}


def test_what_was_set_aside_never_takes_the_place_of_another(tmp_path):
    target = tmp_path / "case"
    fill(target, "old")
    killed_in_a_swap(target, calls=1, at_once=False)
    target.write_bytes(b"file")
    with pytest.raises(FileExistsError):
        fill(target, "new")
    assert content_of(tmp_path)["case"] == b"file"


def test_folders_that_cannot_be_exchanged_stay_as_they_are(tmp_path):
    fill(tmp_path / "case", "old")
    assert not files._exchange(tmp_path / "case", tmp_path / "missing")
    assert not files._exchange(tmp_path / "missing", tmp_path / "case")
    assert content_of(tmp_path) == {"old": b"old"}


@POSIX
def test_the_old_folder_is_kept_where_the_disk_does_not_take_the_new_names(tmp_path, swap, monkeypatch):
    fill(tmp_path / "case", "old")
    sync, identity_of_parent = os.fsync, identity(tmp_path)

    def failing(handle):
        if identity_of_parent == (os.fstat(handle).st_dev, os.fstat(handle).st_ino) and there(tmp_path, "new"):
            raise OSError("the disk is gone")
        sync(handle)

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(OSError, match="the disk is gone"):
        fill(tmp_path / "case", "new", existing="replace", durable=True)
    assert there(tmp_path, "old")


def there(folder: Path, name: str) -> bool:
    return any(path.name == name for path in folder.rglob("*"))


def test_an_empty_folder_is_filled_and_a_filled_one_refused_before_and_after_the_work(tmp_path):
    target = tmp_path / "case"
    target.mkdir()
    fill(target, "new", existing="fill")
    assert content_of(target) == {"new": b"new"}
    with pytest.raises(FileExistsError):
        fill(target, "again", existing="fill")
    (tmp_path / "other").mkdir()
    with pytest.raises(FileExistsError), whole_folder(tmp_path / "other", existing="fill"):
        (tmp_path / "other" / "mine").write_text("mine")
    assert content_of(tmp_path / "other") == {"mine": b"mine"}
    assert sorted(p.name for p in tmp_path.iterdir()) == ["case", "other"]


def test_a_folder_that_exists_is_refused_before_and_after_the_work(tmp_path):
    target = tmp_path / "case"
    with pytest.raises(FileExistsError), whole_folder(target):
        fill(target, "meanwhile")
    with pytest.raises(FileExistsError):
        fill(target, "new")
    assert content_of(tmp_path) == {"meanwhile": b"meanwhile"}
    assert [p.name for p in tmp_path.iterdir()] == ["case"]


@pytest.mark.parametrize("existing", ["refuse", "fill", "keep", "replace"])
def test_a_file_is_never_taken_for_the_folder(tmp_path, existing):
    (tmp_path / "case").write_bytes(b"file")
    with pytest.raises(OSError):  # noqa: PT011 - its words are the system's
        fill(tmp_path / "case", "new", existing=existing)
    assert content_of(tmp_path) == {"case": b"file"}


def test_a_swap_that_fails_puts_the_old_folder_back(tmp_path):
    fill(tmp_path / "case", "old")
    with pytest.raises(FileNotFoundError), whole_folder(tmp_path / "case", existing="replace") as folder:
        folder.rmdir()
    assert content_of(tmp_path) == {"old": b"old"}
    assert [p.name for p in tmp_path.iterdir()] == ["case"]


DEEP = "[" * 100_000


@POSIX
@pytest.mark.parametrize("read", [read_text, read_json, require_regular, lambda path: read_regular(path, 100)])
def test_a_pipe_or_a_device_is_refused_and_never_waited_for(tmp_path, read):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/dev/zero")
    for name in ("pipe", "link"):
        with pytest.raises(OSError, match=r"regular|symbolic"):
            read(tmp_path / name)


@POSIX
def test_a_link_that_the_user_names_counts_as_what_it_leads_to(tmp_path):
    (tmp_path / "values.json").write_bytes(b'\xef\xbb\xbf{"a": 1}')
    (tmp_path / "link").symlink_to(tmp_path / "values.json")
    assert read_json(tmp_path / "link") == {"a": 1}
    with pytest.raises(OSError, match="symbolic"):
        read_regular(tmp_path / "link", 100)


def test_a_file_too_large_is_not_read(tmp_path):
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(2**40)
    for read in (read_text, read_json):
        with pytest.raises(OSError, match="at most"):
            read(tmp_path / "sparse")


@pytest.mark.parametrize("text", [DEEP, "{", "\ud800", "1" * 5000])
def test_json_that_cannot_be_read_is_one_kind_of_error(tmp_path, text):
    (tmp_path / "file").write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(ValueError, match=r"."):
        read_json(tmp_path / "file")
