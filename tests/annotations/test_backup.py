import resource
import subprocess
import sys

import pytest
from sqlalchemy import update

from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.annotations.backup import LIST_FILE
from napari_cpam_stroke.annotations.schema import RevisionRow
from napari_cpam_stroke.core import Annotation
from napari_cpam_stroke.errors import StoreError

COMMAND_LINE = "from napari_cpam_stroke.cli import main; main()"


@pytest.fixture
def filled(store, volume, mask, model):
    for number in range(3):
        store.add_case(volume(f"c{number}", seed=number, patient=f"p{number}", geometry=True), source="reader")
    first = store.save("c0", Annotation.from_mask(mask()), author="Ada", prediction_mask=mask(7), model=model)
    store.save("c0", Annotation.from_mask(mask(6)), author="Bo", parent=first.id, comment="näher")
    store.assign_splits()
    store.set_status("c0", "rejected")
    return store


def flip(file):
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def test_a_restored_store_is_the_store(filled, place, tmp_path):
    done = AnnotationStore.back_up(place, tmp_path / "backup")
    assert done.problems == ()
    assert done.files == len(list(filled._blobs.names()))
    AnnotationStore.restore(tmp_path / "backup", tmp_path / "again")
    with AnnotationStore.open(tmp_path / "again", create=False) as again:
        assert again.check() == []
        assert again.cases() == filled.cases()
        assert again.revisions("c0") == filled.revisions("c0")
        assert (again.read_volume("c2").hu == filled.read_volume("c2").hu).all()


def test_a_damaged_store_is_backed_up_with_a_list_and_restored_as_it_was(filled, place, tmp_path):
    with filled._database.writing() as session:
        session.execute(update(RevisionRow).where(RevisionRow.number == 1).values(author="Someone"))
    flip(filled._blobs.path(next(filled._blobs.names())))
    problems = AnnotationStore.back_up(place, tmp_path / "backup").problems
    assert len(problems) >= 2
    assert "The record of version 1 of case c0 was changed after it was saved." in problems
    assert not any(str(tmp_path) in problem for problem in problems)
    assert AnnotationStore.restore(tmp_path / "backup", tmp_path / "again").problems == problems


def test_a_backup_that_was_damaged_later_is_not_restored(filled, place, tmp_path):
    AnnotationStore.back_up(place, tmp_path / "backup")
    flip(max((tmp_path / "backup" / "blobs").rglob("*"), key=lambda path: path.is_file() and path.stat().st_size))
    with pytest.raises(StoreError, match=r"was damaged after it was made.*use another backup"):
        AnnotationStore.restore(tmp_path / "backup", tmp_path / "again")
    assert not (tmp_path / "again").exists()


def test_what_sqlite_cannot_read_at_all_is_copied_as_it_is(filled, place, tmp_path):
    if filled._database.url.get_backend_name() != "sqlite":
        pytest.skip("a file is damaged")
    filled.close()
    database = tmp_path / "store" / "store.db"
    database.write_bytes(b"x" * 100 + database.read_bytes()[100:])
    problems = AnnotationStore.back_up(place, tmp_path / "backup").problems
    assert "not a database" in " ".join(problems)
    assert (tmp_path / "backup" / "store.db").read_bytes() == database.read_bytes()


def test_nothing_is_written_over(filled, place, tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "notes.txt").write_text("mine")
    AnnotationStore.back_up(place, tmp_path / "backup")
    for copy in (
        lambda: AnnotationStore.back_up(place, tmp_path / "there"),
        lambda: AnnotationStore.restore(tmp_path / "backup", tmp_path / "there"),
        lambda: filled.export(tmp_path / "there"),
    ):
        with pytest.raises(StoreError, match=r"needs a new folder.*name another"):
            copy()
    assert [path.name for path in (tmp_path / "there").iterdir()] == ["notes.txt"]


def test_a_list_that_cannot_be_read_is_told(filled, place, tmp_path):
    AnnotationStore.back_up(place, tmp_path / "backup")
    (tmp_path / "backup" / LIST_FILE).write_text("{")
    with pytest.raises(StoreError, match=r"list of what was damaged.*take that file away"):
        AnnotationStore.restore(tmp_path / "backup", tmp_path / "again")


@pytest.mark.parametrize("copy", ["backup", "export"])
def test_a_full_disk_leaves_no_copy(filled, place, small_disk, copy):
    target = small_disk("size=64k") / "copy"
    with pytest.raises(StoreError, match=r"(No space|full).*make space on the disk"):
        AnnotationStore.back_up(place, target) if copy == "backup" else filled.export(target)
    assert list(target.parent.iterdir()) == []


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="needs a limit for files")
@pytest.mark.parametrize("command", ["backup", "export"])
def test_a_file_that_cannot_grow_is_one_sentence_and_leaves_no_copy(filled, place, tmp_path, command):
    done = subprocess.run(
        [sys.executable, "-c", COMMAND_LINE, "store", command, place, tmp_path / "copy"],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr
    assert not [path for path in tmp_path.iterdir() if "copy" in path.name or path.name.startswith(".tmp")]
