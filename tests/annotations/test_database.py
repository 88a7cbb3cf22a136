import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from sqlalchemy.exc import OperationalError

from napari_cpam_stroke.annotations import AnnotationStore, engines
from napari_cpam_stroke.annotations.location import locate
from napari_cpam_stroke.annotations.schema import SCHEMA_VERSION
from napari_cpam_stroke.annotations.store_errors import plain_errors
from napari_cpam_stroke.errors import StoreError


def other_version(folder):
    AnnotationStore.open(folder).close()
    with sqlite3.connect(folder / "store.db") as connection:
        connection.execute("UPDATE store_info SET value = '99'")
    connection.close()


def other_database(folder):
    folder.mkdir()
    with sqlite3.connect(folder / "store.db") as connection:
        connection.execute("CREATE TABLE songs (title TEXT)")
    connection.close()


def no_database(folder):
    folder.mkdir()
    (folder / "store.db").write_text("a letter to a friend" * 100)


def other_files(folder):
    folder.mkdir()
    (folder / "holiday.jpg").write_bytes(b"x")


def contents(folder):
    """Every file but SQLite's own empty side files, which looking makes."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix not in {".db-shm", ".db-wal"}}


@pytest.mark.parametrize(
    ("prepare", "said"),
    [
        (other_version, f"got version 99, expected version {SCHEMA_VERSION}"),
        (other_database, "not an annotation store"),
        (no_database, "cannot be read"),
        (other_files, "holds other files"),
    ],
)
def test_what_is_no_store_of_this_version_is_refused_and_left_as_it_was(tmp_path, prepare, said):
    folder = tmp_path / "place"
    prepare(folder)
    before = contents(folder)
    with pytest.raises(StoreError, match=said) as caught:
        AnnotationStore.open(folder)
    assert caught.value.remedy or caught.value.got
    assert contents(folder) == before


@pytest.mark.parametrize("folder", ["nowhere", "empty"])
def test_nothing_is_made_unless_asked_for(tmp_path, folder):
    (tmp_path / "empty").mkdir()
    with pytest.raises(StoreError, match="no annotation store"):
        AnnotationStore.open(tmp_path / folder, create=False)
    assert [path.name for path in tmp_path.rglob("*")] == ["empty"]


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "note.txt").write_text("x")
    with pytest.raises(StoreError, match="A store is a folder"):
        AnnotationStore.open(tmp_path / "note.txt")


def test_a_store_that_was_never_finished_is_made_again(tmp_path):
    (tmp_path / "s").mkdir()
    sqlite3.connect(tmp_path / "s" / "store.db").close()
    with AnnotationStore.open(tmp_path / "s") as store:
        assert store.cases() == []


def test_what_a_killed_program_began_with_does_not_stand_in_the_way(tmp_path):
    (tmp_path / "s").mkdir()
    for name in (".tmp-1.part", ".tmp-1.part-journal"):
        (tmp_path / "s" / name).write_bytes(b"half")
    with AnnotationStore.open(tmp_path / "s") as store:
        assert store.check() == []


CUT_OFF = """
import os, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA journal_mode=DELETE")
connection.execute("PRAGMA cache_size=1")
connection.execute("BEGIN IMMEDIATE")
connection.execute("UPDATE cases SET comment = hex(randomblob(100000))")
os._exit(0)
"""


def test_a_change_that_never_ended_is_taken_back_when_the_store_is_opened(tmp_path, volume):
    with AnnotationStore.open(tmp_path / "s") as store:
        store.add_case(volume(), source="reader")
        before = store.cases()
    subprocess.run([sys.executable, "-c", CUT_OFF, str(tmp_path / "s" / "store.db")], check=True)
    assert (tmp_path / "s" / "store.db-journal").stat().st_size > 0
    with AnnotationStore.open(tmp_path / "s", create=False) as store:
        assert store.cases() == before
        assert store.check() == []


def test_a_store_may_be_moved(tmp_path, volume):
    with AnnotationStore.open(tmp_path / "here") as store:
        store.add_case(volume(), source="reader")
    shutil.move(tmp_path / "here", tmp_path / "there")
    with AnnotationStore.open(tmp_path / "there", create=False) as store:
        assert store.read_frames("case").shape == (3, 12, 10)


def test_sqlite_commits_are_synced(tmp_path):
    with AnnotationStore.open(tmp_path / "s") as store, store._database.reading() as session:
        connection = session.connection()
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("mysql://a/b", "not supported"),
        ("postgresql://a/b", "needs a folder for its pixels"),
        ("postgresql://a:notaport/b?blobs=/x", "cannot be read"),
    ],
)
def test_addresses_that_cannot_work_are_named(address, said):
    with pytest.raises(StoreError, match=said):
        AnnotationStore.open(address)


def test_a_server_that_does_not_answer_is_one_sentence_without_the_password(tmp_path):
    with pytest.raises(StoreError, match="cannot be opened") as caught:
        AnnotationStore.open("postgresql://me:secret@127.0.0.1:9/none", blobs=tmp_path)
    assert "secret" not in str(caught.value)


def test_the_blob_folder_is_part_of_the_address(tmp_path):
    place = locate(f"postgresql://host/db?blobs={tmp_path}", None, create=True)
    assert place.blobs == tmp_path
    assert "blobs" not in str(place.url)
    assert place.url.drivername == "postgresql+psycopg"


def test_the_same_store_opens_again(place, volume):
    with AnnotationStore.open(place) as store:
        store.add_case(volume(), source="reader")
    with AnnotationStore.open(place, create=False) as store:
        assert [case.case_id for case in store.cases()] == ["case"]


def test_opening_waits_for_no_writer(tmp_path, volume, monkeypatch):
    monkeypatch.setattr(engines, "BUSY_SECONDS", 0.1)
    AnnotationStore.open(tmp_path / "s").close()
    with closing(sqlite3.connect(tmp_path / "s" / "store.db", isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        with AnnotationStore.open(tmp_path / "s") as store:
            assert store.cases() == []
            with pytest.raises(StoreError, match=r"locked.*wait for it to end"):
                store.add_case(volume(), source="reader")


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        ("database or disk is full", "make space"),
        ("could not extend file: No space left on device", "make space"),
        ("database is locked", "another program is writing"),
        ("attempt to write a readonly database", "right to write"),
        ("disk I/O error", "look at the disk"),
        ("database disk image is malformed", "from a backup"),
        ("server closed the connection unexpectedly", "server runs"),
        ("something else", "store check"),
    ],
)
def test_what_a_database_says_comes_with_a_remedy(said, remedy):
    with pytest.raises(StoreError, match=f"{said}.*{remedy}"), plain_errors():
        raise OperationalError("SELECT 1", {}, sqlite3.OperationalError(said))
