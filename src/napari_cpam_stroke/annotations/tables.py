"""The tables of a store: all of a new one, and those that later programs added."""

from __future__ import annotations

from sqlalchemy import Connection, inspect, text
from sqlalchemy.orm import Session

from napari_cpam_stroke.annotations.schema import Base
from napari_cpam_stroke.annotations.store_version import version_row

CREATION_LOCK = 771_090
"""Any fixed number: two programs that create the same PostgreSQL store take turns."""


def make_tables(connection: Connection) -> None:
    """Make all tables of a store; its version is written last."""
    Base.metadata.create_all(connection)
    with Session(connection) as session:
        session.add(version_row())
        session.flush()


def has_table(session: Session, row: type[Base]) -> bool:
    """Return whether the store has a table that later programs added."""
    return inspect(session.connection()).has_table(row.__tablename__)


def make_table(session: Session, row: type[Base]) -> None:
    """Make the table of a row where a store from before lacks it; programs from before leave it alone."""
    if not has_table(session, row):
        connection = session.connection()
        take_turns(connection)
        Base.metadata.create_all(connection, tables=[Base.metadata.tables[row.__tablename__]])


def take_turns(connection: Connection) -> None:
    """Keep other programs from making tables until the end of the transaction."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": CREATION_LOCK})
