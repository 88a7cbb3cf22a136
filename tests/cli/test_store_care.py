from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.core import CTVolume

from .conftest import Run


@pytest.fixture
def store(tmp_path: Path, phantom_volume: CTVolume) -> Path:
    with AnnotationStore.open(tmp_path / "store") as opened:
        opened.add_case(phantom_volume, source="reader")
    return tmp_path / "store"


def damage(store: Path, sql: str) -> None:
    with closing(sqlite3.connect(store / "store.db")) as connection:
        connection.execute(sql)
        connection.commit()


def test_what_a_backup_holds_is_restored(run: Run, store: Path, tmp_path: Path) -> None:
    assert "1 pixel files" in run("store", "backup", store, tmp_path / "backup").out
    done = run("store", "restore", tmp_path / "backup", tmp_path / "again")
    assert (done.code, "restored" in done.out) == (0, True)
    assert run("store", "check", tmp_path / "again").code == 0
    assert run("store", "backup", store, tmp_path / "backup").code == 2


def test_damage_is_listed_mended_or_told(run: Run, store: Path, tmp_path: Path) -> None:
    run("store", "backup", store, tmp_path / "backup")
    damage(store, "UPDATE cases SET source = 'somewhere else'")
    done = run("store", "backup", store, tmp_path / "damaged")
    assert done.code == 1
    assert "was changed after it was saved" in done.err
    assert run("store", "repair", store).code == 1
    done = run("store", "repair", store, "--from", tmp_path / "backup")
    assert done.code == 0
    assert "taken from the backup: 1 records" in done.out
    assert run("store", "check", store).code == 0


def test_cleaning_says_what_it_would_remove_and_removes_it(run: Run, store: Path) -> None:
    left = store / "blobs" / "ab" / ".tmp-1.part"
    left.parent.mkdir(exist_ok=True)
    left.write_bytes(b"half")
    os.utime(left, (time.time() - 7200,) * 2)
    assert (
        "Would be removed: 0 pixel files of no case and 0 unfinished" in run("store", "clean", store, "--dry-run").out
    )
    assert "1 unfinished" in run("store", "clean", store, "--older-than", "1", "--dry-run").out
    assert left.exists()
    assert "Removed: 0 pixel files of no case and 1 unfinished" in run("store", "clean", store, "--older-than", "1").out
    assert not left.exists()
