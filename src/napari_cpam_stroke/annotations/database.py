"""Sessions on the database behind a store: looking, reading, writing, and all of a thread's work in one transaction."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import local
from typing import Any

from sqlalchemy import URL, Engine
from sqlalchemy.orm import Session

from napari_cpam_stroke.annotations.checksums import TOLERANT
from napari_cpam_stroke.annotations.engines import writing
from napari_cpam_stroke.annotations.store_errors import plain_errors
from napari_cpam_stroke.annotations.stored_text import text_of


class Database:
    """Sessions on one engine. A thread that is inside `bulk` does all its work in one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writer = writing(engine)
        self._thread = local()
        self._process = os.getpid()

    @property
    def url(self) -> URL:
        """The address, password included."""
        return self._engine.url

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Give a session that only looks."""
        current = self._bulk_session()
        if current is not None:
            yield current
            return
        with plain_errors(), Session(self._engine) as session:
            yield session

    @contextmanager
    def looking(self) -> Iterator[Session]:
        """Give a session that only looks, and loads damaged rows too."""
        with plain_errors(), Session(self._engine) as session, tolerant(session):
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Give a session that holds the write lock and commits when it ends well; then the change is on the disk."""
        current = self._bulk_session()
        if current is not None:
            yield current
            current.flush()
            return
        with plain_errors(), Session(self._writer, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def bulk(self) -> Iterator[None]:
        """Run everything this thread does inside in one transaction."""
        if self._bulk_session() is not None:
            yield
            return
        with self.writing() as session:
            self._thread.session = session
            try:
                yield
            finally:
                self._thread.session = None

    def close(self) -> None:
        """Give back all connections."""
        self._engine.dispose()

    def _bulk_session(self) -> Session | None:
        self._leave_parent_alone()
        session: Session | None = getattr(self._thread, "session", None)
        return session

    def _leave_parent_alone(self) -> None:
        """In a forked process: forget the parent's connections without closing them."""
        if self._process != os.getpid():
            self._engine.dispose(close=False)
            self._thread, self._process = local(), os.getpid()


@contextmanager
def tolerant(session: Session) -> Iterator[None]:
    """Let a session load damaged rows inside, text that is no text any more included."""
    driver: Any = session.connection().connection.driver_connection
    factory = getattr(driver, "text_factory", None)
    session.info[TOLERANT] = True
    if factory is not None:
        driver.text_factory = text_of
    try:
        yield
    finally:
        session.info.pop(TOLERANT)
        if factory is not None:
            driver.text_factory = factory
