"""Changes to what the program itself keeps: journals of drafts, weights, and the database of a store."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import struct
import tempfile
from contextlib import closing, suppress
from pathlib import Path
from random import Random

from hostile.byte_changes import change_bytes, change_header
from hostile.text_changes import change_json
from napari_cpam_stroke.files import read_regular

MOST_BYTES = 2**24

SQL_VALUES = (
    None, -1, 0, 2**62, 1e308, float("inf"), "", "x", "\0", "a\nb", "A" * 100_000, b"\xff", b"", "../../x", "nan",
    "{}", "[1,2]", "[[[", "1.5", "2026-99-99", "ab" * 32,
)  # fmt: skip


def change_journal(data: bytes, random: Random) -> bytes:
    """Change the first line of a journal and seal it again, or any bytes."""
    if random.random() < 0.4:
        return change_bytes(data, random)
    head, _, rest = data.partition(b"\n")
    text = change_json(head.partition(b" ")[2], random).replace(b"\n", b" ")
    return hashlib.sha256(text).hexdigest().encode() + b" " + text + b"\n" + rest


def change_weights(data: bytes, random: Random) -> bytes:
    """Change the head of a safetensors file with its length, or any bytes."""
    if random.random() < 0.4:
        return (change_bytes if random.random() < 0.5 else change_header(2000))(data, random)
    length = int.from_bytes(data[:8], "little")
    head = change_json(data[8 : 8 + length], random)
    return struct.pack("<Q", len(head)) + head + data[8 + length :]


def change_database(data: bytes, random: Random) -> bytes:
    """Change a cell, a table or a version of a SQLite database, or any bytes."""
    if random.random() < 0.5:
        return (change_bytes if random.random() < 0.5 else change_header(4096))(data, random)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "changed.db"
        path.write_bytes(data)
        with closing(sqlite3.connect(path)) as database, suppress(sqlite3.Error):
            for _ in range(random.randint(1, 3)):
                _change_table(database, random)
            database.commit()
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return path.read_bytes()


def _change_table(database: sqlite3.Connection, random: Random) -> None:
    tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    table = random.choice(tables)
    columns = [row[1] for row in database.execute(f'PRAGMA table_info("{table}")')]
    column, kind = random.choice(columns), random.randrange(12)
    if kind == 0:
        database.execute(f'DELETE FROM "{table}" WHERE rowid = 1')  # noqa: S608
    elif kind == 1:
        database.execute(f'DROP TABLE "{table}"')
    elif kind == 2:
        database.execute(f'ALTER TABLE "{table}" RENAME COLUMN "{column}" TO "{column}_x"')
    elif kind == 3:
        database.execute(f"PRAGMA user_version = {random.choice((0, 1, 99, -1))}")
    elif kind == 4:
        database.execute(f'CREATE TABLE IF NOT EXISTS "{random.choice(("x", "sqlite", "cases2"))}" (a, b)')
    else:
        where = "" if random.random() < 0.3 else f" WHERE rowid = {random.randint(1, 4)}"
        database.execute(f'UPDATE "{table}" SET "{column}" = ?{where}', (random.choice(SQL_VALUES),))  # noqa: S608


def seal_bundle(folder: Path) -> None:
    """Let the card of a bundle name the weights that lie beside it, where it still can be read."""
    card, weights = folder / "card.json", folder / "model.safetensors"
    with suppress(OSError, ValueError, RecursionError, TypeError):
        values = json.loads(read_regular(card, MOST_BYTES))
        values["weights_sha256"] = hashlib.sha256(read_regular(weights, MOST_BYTES)).hexdigest()
        card.write_text(json.dumps(values))
