import random
import runpy
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.core import Annotation
from napari_cpam_stroke.errors import StoreError

HARNESS = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks" / "store_damage.py"))
FLIPS = 25


@pytest.fixture
def damaged(tmp_path):
    """Give a store, its backup, what it says to every question, and a function that runs SQL in it."""
    store, backup = tmp_path / "s", tmp_path / "backup"
    HARNESS["make_store"](store)
    AnnotationStore.back_up(store, backup)
    before = dict(HARNESS["answers"](store))

    def run(*statements: str) -> None:
        with closing(sqlite3.connect(store / "store.db")) as connection:
            for statement in statements:
                connection.execute(statement)
            connection.commit()

    return store, backup, before, run


def test_any_flipped_bit_is_repaired_from_a_backup(damaged, tmp_path):
    store, backup, before, _ = damaged
    draw, place = random.Random(4), tmp_path / "flipped"
    files = sorted(path.relative_to(store) for path in (store / "blobs").rglob("*") if path.is_file())
    for _ in range(FLIPS):
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(store, place)
        name = draw.choice((Path("store.db"), draw.choice(files)))
        content = bytearray((place / name).read_bytes())
        bit = draw.randrange(8 * len(content))
        content[bit // 8] ^= 1 << bit % 8
        (place / name).write_bytes(content)
        done = AnnotationStore.repair(place, backup=backup)
        assert done.problems == (), (name, bit)
        assert dict(HARNESS["answers"](place)) == before, (name, bit)


def test_one_flipped_bit_in_a_record_needs_no_backup(damaged):
    store, _, before, run = damaged
    run("UPDATE revisions SET author = 'Adc' WHERE case_id = 'c0' AND number = 1", "UPDATE cases SET slices = 1")
    done = AnnotationStore.repair(store)
    assert (done.mended, done.taken, done.problems) == (7, 0, ())
    assert dict(HARNESS["answers"](store)) == before
    assert (done.aside / "store.db").is_file()


def test_work_after_the_backup_stays(damaged):
    store, backup, _, run = damaged
    with AnnotationStore.open(store) as opened:
        newer = opened.save(
            "c0",
            Annotation.from_mask(HARNESS["mask"](9)),
            author="Cleo",
            parent=opened.head("c0").id,
            status="rejected",
        )
    run("UPDATE cases SET status = 'new', reader = 'nobody at all' WHERE case_id = 'c0'", "DELETE FROM model_runs")
    done = AnnotationStore.repair(store, backup=backup)
    assert done.problems == ()
    assert done.taken == 1 + 5
    with AnnotationStore.open(store) as opened:
        assert opened.head("c0") == newer
        assert opened.case("c0").status == "rejected"
        assert len(opened.runs("c1")) == 1


def test_what_no_backup_has_stays_told_and_is_not_handed_out(damaged):
    store, backup, _, run = damaged
    with AnnotationStore.open(store) as opened:
        opened.set_split("p3", "test")
    run("UPDATE patients SET split = 'train' WHERE patient_id = 'p3'")
    done = AnnotationStore.repair(store, backup=backup)
    assert done.problems == ("The patient p3 was changed after it was saved.",)
    with AnnotationStore.open(store) as opened, pytest.raises(StoreError, match="patient p3 is damaged"):
        opened.cases()


def test_a_store_that_is_open_elsewhere_is_left_alone(damaged):
    store, backup, before, _ = damaged
    with AnnotationStore.open(store) as opened:
        opened.cases()
        with pytest.raises(StoreError, match=r"open.*close it"):
            AnnotationStore.repair(store, backup=backup)
    assert dict(HARNESS["answers"](store)) == before
