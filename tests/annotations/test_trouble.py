"""A store in trouble: one sentence with a remedy, nothing half-written, and the next save as if nothing had been."""

import re
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from threading import Timer

import numpy as np
import pytest
from sqlalchemy import create_engine, make_url, text

from napari_cpam_stroke.annotations import AnnotationStore, ModelRecord, Wanted, engines
from napari_cpam_stroke.annotations.location import POSTGRES_DRIVER
from napari_cpam_stroke.core import Annotation
from napari_cpam_stroke.core.editing import paint
from napari_cpam_stroke.errors import StoreError
from napari_cpam_stroke.review import CaseReview

from ..store_lock import held_by_another_program  # noqa: TID252 - the tests are no installed package

SAVE = """
import sys
import numpy as np
from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.core import Annotation
from napari_cpam_stroke.errors import StoreError
mask = np.zeros((3, 12, 10), np.uint8)
mask[1, 0, :7] = 1
try:
    with AnnotationStore.open(sys.argv[1], create=False) as store:
        print("SAVED", store.save("case", Annotation.from_mask(mask), author="Ada", parent=store.head("case").id).id)
except StoreError as error:
    print("REFUSED", error)
"""


@pytest.fixture
def filled(tmp_path, volume, mask):
    """Give the folder of a store with one version."""
    with AnnotationStore.open(tmp_path / "s") as store:
        store.add_case(volume(geometry=True), source="reader")
        store.save("case", Annotation.from_mask(mask(4)), author="Ada")
    return tmp_path / "s"


@pytest.mark.parametrize(
    ("calls", "error", "remedy"),
    [
        ("fsync,fdatasync", "EIO", "look at the disk"),
        ("pwrite64", "EIO", "look at the disk"),
        ("write,pwrite64", "ENOSPC", "make space"),
        ("fsync,fdatasync", "ENOSPC", "look at the disk"),
    ],
)
def test_a_disk_that_fails_is_one_sentence_and_takes_nothing(filled, calls, error, remedy):
    if shutil.which("strace") is None or subprocess.run(["strace", "-o/dev/null", "true"], check=False).returncode:
        pytest.skip("needs strace, and the right to use it")
    paths = [f"-P{path}" for path in (filled, filled / "store.db", filled / "store.db-wal", *pixel_files(filled))]
    fails = ["strace", "-f", "-qq", "-o/dev/null", *paths, f"-etrace={calls}", f"-einject={calls}:error={error}"]
    done = subprocess.run([*fails, sys.executable, "-c", SAVE, str(filled)], capture_output=True, text=True, check=True)
    assert re.fullmatch(f"REFUSED .*{remedy}.*\n", done.stdout), done
    with AnnotationStore.open(filled, create=False) as store:
        assert store.check() == []
        assert [revision.number for revision in store.revisions("case")] == [1]
    again = subprocess.run([sys.executable, "-c", SAVE, str(filled)], capture_output=True, text=True, check=True)
    assert again.stdout.startswith("SAVED")


def fill_up(ballast):
    with ballast.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))


def pixel_files(folder):
    return [path for path in (folder / "blobs").rglob("*") if path.is_file()]


def test_on_a_full_disk_edits_are_kept_and_saved_once_there_is_space(small_disk, volume):
    disk = small_disk("size=1m")
    store = AnnotationStore.open(disk / "s")
    review = CaseReview(volume(geometry=True), author="Ada")
    review.store = store
    assert review.apply(paint(review.reading, review.volume, (1, 5, 5), 1, radius_mm=1))
    review.register()
    ballast = disk / "ballast"
    with pytest.raises(OSError, match="No space"):
        fill_up(ballast)
    with pytest.raises(StoreError, match=r"make space"):
        review.save()
    assert review.dirty
    ballast.unlink()
    revision = review.save()
    assert not review.dirty
    assert np.array_equal(store.read_mask(revision.id), review.reading)
    assert store.check() == []
    store.close()


def test_a_store_that_stays_locked_keeps_the_edits(filled, volume, monkeypatch):
    monkeypatch.setattr(engines, "BUSY_SECONDS", 0.2)
    with AnnotationStore.open(filled) as store:
        review = CaseReview(volume(geometry=True), author="Ada")
        review.store = store
        review.show(review.fetch())
        assert review.apply(paint(review.reading, review.volume, (2, 5, 5), 2, radius_mm=1))
        with closing(sqlite3.connect(filled / "store.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreError, match=r"locked.*wait for it to end"):
                review.save()
        assert review.dirty
        assert review.save().number == 2
        assert not review.dirty


@pytest.fixture
def edited(filled, volume):
    """Give a case with one version and with edits that are not saved yet."""
    with AnnotationStore.open(filled) as store:
        review = CaseReview(volume(geometry=True), author="Ada")
        review.store = store
        review.show(review.fetch())
        assert review.apply(paint(review.reading, review.volume, (2, 5, 5), 2, radius_mm=1))
        yield review


def test_a_lock_held_longer_than_the_store_waits_keeps_the_edits(filled, edited):
    with held_by_another_program(filled):
        began = time.monotonic()
        with pytest.raises(StoreError, match=r"locked.*wait for it to end"):
            edited.save()
        assert time.monotonic() - began >= engines.BUSY_SECONDS - 1, "it was refused because it waited"
    assert edited.dirty
    assert edited.save().number == 2
    assert not edited.dirty
    assert edited.store.check() == []


def test_a_lock_held_shorter_than_the_store_waits_is_waited_for(filled, edited):
    with held_by_another_program(filled) as other:
        Timer(1.0, other.stdin.close).start()
        assert edited.save().number == 2
    assert not edited.dirty


@pytest.fixture
def server(place):
    """Give the address of a store on a server, and a connection beside it."""
    if "://" not in place:
        pytest.skip("needs a server")
    url = make_url(place).difference_update_query(["blobs", "options"]).set(drivername=POSTGRES_DRIVER)
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield place, connection
    engine.dispose()


UNDER_TEST = "store_under_test"

END_OF_ALL = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = :name")
"""What a restart of the server does to connections, for those of the store alone."""


def test_a_server_that_was_restarted_between_two_calls_is_reached_again(server, volume, mask):
    place, beside = server
    with AnnotationStore.open(f"{place}&application_name={UNDER_TEST}") as store:
        store.add_case(volume(), source="reader")
        first = store.save("case", Annotation.from_mask(mask(4)), author="Ada")
        beside.execute(END_OF_ALL, {"name": UNDER_TEST})
        assert store.head("case") == first
        beside.execute(END_OF_ALL, {"name": UNDER_TEST})
        assert store.save("case", Annotation.from_mask(mask(5)), author="Ada", parent=first.id).number == 2


@pytest.mark.parametrize(("encoding", "kept"), [("SQL_ASCII", True), ("LATIN1", False)])
def test_a_server_of_another_encoding_keeps_a_text_or_refuses_it(server, tmp_path, volume, mask, encoding, kept):
    place, beside = server
    name = f"test_{encoding.lower()}"
    beside.execute(text(f"DROP DATABASE IF EXISTS {name}"))
    beside.execute(text(f"CREATE DATABASE {name} ENCODING '{encoding}' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'"))
    url = make_url(place).difference_update_query(["options"]).set(database=name)
    try:
        with AnnotationStore.open(url.render_as_string(hide_password=False)) as store:
            store.add_case(volume(), source="reader")
            first = store.save("case", Annotation.from_mask(mask(4)), author="Äda")
            if not kept:
                with pytest.raises(StoreError, match="encoding UTF8"):
                    store.save("case", Annotation.from_mask(mask(5)), author="中", parent=first.id)
                assert store.head("case") == first
                return
            second = store.save("case", Annotation.from_mask(mask(5)), author="中", comment="näher ☃", parent=first.id)
            assert store.revision(second.id) == second
            assert [listed.case.case_id for listed in store.listing.ask(Wanted(search="NÄHER"), limit=5).cases] == [
                "case"
            ]
            assert store.check() == []
    finally:
        beside.execute(text(f"DROP DATABASE {name}"))


@pytest.mark.parametrize(
    "address",
    [
        "mysql://a/b",
        "mysql+pymysql://a/b?blobs=/x",
        "sqlite+aiosqlite:////x/store.db",
        "sqlite:////x/store.db",
        "x://a",
    ],
)
def test_another_database_is_one_sentence_with_the_form_of_an_address(address):
    with pytest.raises(StoreError, match=r"not supported, got .*give the folder of the store, or an address like post"):
        AnnotationStore.open(address)


@pytest.mark.parametrize("driver", ["postgresql", "postgresql+psycopg2", "postgresql+asyncpg"])
def test_an_address_of_another_driver_for_the_same_server_is_taken(server, driver):
    place, _ = server
    with AnnotationStore.open(place.replace(place.partition("://")[0], driver, 1)) as store:
        assert store.cases() == []


TEXTS = {
    "NUL": "a\0b",
    "half of a surrogate pair": "a\ud800b",
    "too long": "x" * 5000,
}
UNKEPT = r"holds a character that no database keeps.*take that character out|is too long to be kept.*shorten it"

FIELDS = {
    "author": lambda store, annotation, said: store.save("case", annotation, author=said),
    "comment": lambda store, annotation, said: store.save("case", annotation, author="Ada", comment=said),
    "model": lambda store, annotation, said: store.save(
        "case", annotation, author="Ada", model=ModelRecord(said, "1", "ab")
    ),
    "reader": lambda store, _, said: store.set_reader("case", said),
    "prediction": lambda store, _, said: store.record_prediction(
        "case", {"ischemia": 0.2, "hemorrhage": 0.1}, ModelRecord("m", said, "ab")
    ),
}

LOOKED_FOR = {
    "case": lambda store, said: store.case(said),
    "revision": lambda store, said: store.revision(said),
    "run": lambda store, said: store.read_run(said),
    "patient": lambda store, said: store.set_split(said, "train"),
    "parent": lambda store, said: store.save(
        "case", Annotation.from_mask(np.zeros((3, 12, 10), np.uint8)), author="Ada", parent=said
    ),
}


@pytest.mark.parametrize("said", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("field", FIELDS)
def test_a_text_is_kept_as_it_is_or_refused_in_the_same_words_everywhere(store, volume, mask, field, said):
    store.add_case(volume(), source="reader")
    if field == "comment" and said.isalpha():
        revision = FIELDS[field](store, Annotation.from_mask(mask(4)), said)
        assert store.revision(revision.id).comment == said
        return
    with pytest.raises(StoreError, match=UNKEPT):
        FIELDS[field](store, Annotation.from_mask(mask(4)), said)
    assert store.head("case") is None
    assert store.case("case").reader == ""
    assert store.check() == []


@pytest.mark.parametrize("said", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("named", ["case_id", "patient", "source"])
def test_a_case_with_a_text_that_cannot_be_kept_is_not_taken(store, volume, named, said):
    how = {"case_id": said} if named == "case_id" else {"patient": said} if named == "patient" else {}
    with pytest.raises(StoreError, match=UNKEPT):
        store.add_case(volume(**how), source=said if named == "source" else "reader")
    assert store.cases() == []
    assert store.check() == []


@pytest.mark.parametrize("said", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("named", LOOKED_FOR)
def test_what_cannot_be_there_is_looked_for_with_the_same_answer_everywhere(store, volume, named, said):
    store.add_case(volume(), source="reader")
    with pytest.raises(StoreError, match=f"{UNKEPT}|The store has no {'revision' if named == 'parent' else ''}"):
        LOOKED_FOR[named](store, said)
    assert store.head("case") is None
