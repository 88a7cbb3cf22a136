import sqlite3
from contextlib import closing

import pytest

from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.annotations.salvage import salvaged
from napari_cpam_stroke.annotations.schema import CaseRow, RevisionRow
from napari_cpam_stroke.core import Annotation

CASES = 40


@pytest.fixture
def file(tmp_path, volume, mask):
    with AnnotationStore.open(tmp_path / "s") as store, store.bulk():
        for number in range(CASES):
            store.add_case(volume(f"c{number}", seed=number, geometry=True), source="reader")
            store.save(f"c{number}", Annotation.from_mask(mask()), author="Ada")
    return tmp_path / "s" / "store.db"


def test_a_sound_file_is_read_whole(file):
    found = salvaged(file)
    assert len(found[CaseRow].whole) == len(found[RevisionRow].whole) == CASES
    assert not any(rows.damaged or rows.mended for rows in found.values())


def test_rows_on_both_sides_of_a_page_that_cannot_be_read_are_kept(file):
    with closing(sqlite3.connect(file)) as connection:
        pages = "SELECT pageno, pgsize FROM dbstat WHERE name = 'cases' AND pagetype = 'leaf' ORDER BY pageno"
        try:
            leaves = connection.execute(pages).fetchall()
        except sqlite3.OperationalError:
            pytest.skip("this SQLite does not tell where pages lie")
    number, size = leaves[len(leaves) // 2]
    content = bytearray(file.read_bytes())
    content[(number - 1) * size : number * size] = bytes(size)
    file.write_bytes(content)
    names = salvaged(file)[CaseRow].whole
    assert CASES // 2 < len(names) < CASES
    assert {"c0", f"c{CASES - 1}"} <= set(names)
