"""A PostgreSQL server that goes and comes back: between two calls, while it is away, and in the middle of a save."""

from __future__ import annotations

import os
import pwd
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp
from uuid import uuid4

import numpy as np
import pytest
from sqlalchemy import event

from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.core import Annotation, CTVolume
from napari_cpam_stroke.core.editing import paint
from napari_cpam_stroke.errors import StoreError
from napari_cpam_stroke.review import CaseReview

from .own_server import OwnServer, found_program

PROGRAMS = ("initdb", "pg_ctl", "createdb")

ENDS = ["fast", "immediate"]


def may_run() -> bool:
    if None in map(found_program, PROGRAMS):
        return False
    with suppress(KeyError):
        return os.geteuid() != 0 or bool(pwd.getpwnam("postgres"))
    return False


@pytest.fixture(scope="module")
def server() -> Iterator[OwnServer]:
    if not may_run():
        pytest.skip("needs the programs of a PostgreSQL server, and a user that may run them")
    folder = Path(mkdtemp(prefix="cpam-pg-"))
    made = OwnServer(folder)
    try:
        made.make()
        made.start()
        yield made
        made.stop("immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def review(server: OwnServer, tmp_path: Path, volume: Callable[..., CTVolume]) -> Iterator[CaseReview]:
    """Give a case with one version in a store on the server, and edits that are not saved yet."""
    address = server.new_database(f"test_{uuid4().hex[:12]}")
    with AnnotationStore.open(f"{address}&blobs={tmp_path / 'blobs'}") as store:
        case = volume(geometry=True)
        store.add_case(case, source="reader")
        store.save(case.case_id, Annotation.from_mask(np.zeros(case.shape, np.uint8)), author="Ada")
        made = CaseReview(case, author="Ada")
        made.store = store
        made.show(made.fetch())
        assert made.apply(paint(made.reading, made.volume, (1, 5, 5), 1, radius_mm=1))
        yield made


def numbers(review: CaseReview) -> list[int]:
    return sorted(each.number for each in review.store.revisions(review.volume.case_id))


@pytest.mark.parametrize("how", ENDS)
def test_a_restart_between_two_calls_is_not_noticed(server, review, how):
    before = review.store.head(review.volume.case_id)
    server.restart(how)
    assert review.store.head(review.volume.case_id) == before
    server.restart(how)
    assert review.save().number == 2
    assert not review.dirty


def test_a_server_that_is_away_is_one_sentence_and_is_found_again(server, review):
    server.stop("fast")
    try:
        with pytest.raises(StoreError, match="see that the database server runs"):
            review.save()
        assert review.dirty
    finally:
        server.start()
    assert review.save().number == 2


def at_the_insert(store: AnnotationStore, happens: Callable[[], None]) -> None:
    def look(_connection, _cursor, statement, *_rest):
        if statement.startswith("INSERT INTO revisions"):
            happens()

    event.listen(store._database._engine, "after_cursor_execute", look)


def at_the_commit(store: AnnotationStore, happens: Callable[[], None]) -> None:
    event.listen(store._database._engine, "commit", lambda _connection: happens())


def before_the_answer(store: AnnotationStore, happens: Callable[[], None]) -> None:
    """The server has committed, and is gone before it could say so: the next word with it is that it is gone."""
    dialect = store._database._engine.dialect
    really_commit = dialect.do_commit

    def commit(connection):
        really_commit(connection)
        happens()
        connection.execute("SELECT 1")

    dialect.do_commit = commit


def restart_once(server: OwnServer, how: str, times: list[str]) -> Callable[[], None]:
    def happens() -> None:
        if not times:
            times.append(how)
            server.restart(how)

    return happens


@pytest.mark.parametrize("how", ENDS)
@pytest.mark.parametrize("moment", [at_the_insert, at_the_commit])
def test_a_save_that_a_restart_cuts_short_is_refused_and_goes_through_when_done_again(server, review, moment, how):
    times: list[str] = []
    moment(review.store, restart_once(server, how, times))
    drawn = review.reading.copy()
    with pytest.raises(StoreError, match="see that the database server runs"):
        review.save()
    assert times == [how]
    assert review.dirty
    assert numbers(review) == [1]
    saved = review.save()
    assert saved.number == 2
    assert np.array_equal(review.store.read_mask(saved.id), drawn)
    assert review.store.check() == []


@pytest.mark.parametrize("how", ENDS)
def test_a_save_whose_answer_alone_a_restart_takes_is_whole_and_done_again_it_doubles_nothing(server, review, how):
    times: list[str] = []
    before_the_answer(review.store, restart_once(server, how, times))
    drawn = review.reading.copy()
    with pytest.raises(StoreError, match="see that the database server runs"):
        review.save()
    assert times == [how]
    assert review.dirty
    assert numbers(review) == [1, 2]
    assert np.array_equal(review.store.read_mask(review.store.head(review.volume.case_id).id), drawn)
    assert review.store.check() == []
    assert review.save().number == 2
    assert not review.dirty
    assert numbers(review) == [1, 2]
