"""Stores that earlier programs wrote, kept as files: brought up to date in place, or read by an import."""

import shlex
import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from napari_cpam_stroke.annotations import AnnotationStore, ImportSummary, Wanted
from napari_cpam_stroke.cli import app
from napari_cpam_stroke.core import Annotation
from napari_cpam_stroke.errors import StoreError

FIXTURES = Path(__file__).parent / "fixtures"

VERSIONS = ["1", "2"]


@pytest.fixture(params=VERSIONS)
def earlier(request, tmp_path):
    """A store as the program of a version wrote it; the tests may change it."""
    return Path(shutil.copytree(FIXTURES / f"version-{request.param}", tmp_path / f"version-{request.param}"))


def files_of(folder):
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def check_content(store):
    """What the script that wrote the fixtures put in."""
    assert store.check() == []
    assert [(case.case_id, case.split, case.status) for case in store.cases()] == [
        ("c0", "test", "accepted"), ("c1", None, "predicted"),
    ]  # fmt: skip
    assert store.case("c0").geometry.frame_of_reference_uid == "1.2.3"
    assert store.case("c1").suspicion == pytest.approx(0.4)
    assert [(r.number, r.author, r.branch) for r in store.revisions("c0")] == [
        (1, "Ada", False), (2, "Ada", False), (3, "Bo", True),
    ]  # fmt: skip
    assert [int(store.read_mask(r.id).sum()) for r in store.revisions("c0")] == [4, 5, 6]
    hu = np.random.default_rng(0).integers(-1024, 3000, (3, 12, 10), dtype=np.int16)
    np.testing.assert_array_equal(store.read_volume("c0").hu, hu)
    assert store.listing.ask(Wanted(), limit=9).total == 2


def test_an_earlier_store_is_refused_with_a_remedy_that_works(earlier):
    before = files_of(earlier)
    with pytest.raises(StoreError) as refused:
        AnnotationStore.open(earlier)
    assert files_of(earlier) == before
    program, *command = shlex.split(refused.value.remedy.removeprefix("run: ").partition(";")[0])
    done = CliRunner().invoke(app, command)
    assert (program, done.exit_code) == ("cpam-stroke", 0), done.output
    with AnnotationStore.open(earlier, create=False) as store:
        check_content(store)


def test_the_database_as_it_was_is_kept(earlier):
    before = sqlite3.connect(earlier / "store.db")
    rows = before.execute("SELECT * FROM revisions ORDER BY id").fetchall()
    before.close()
    backup = AnnotationStore.migrate(earlier)
    kept = sqlite3.connect(backup)
    assert kept.execute("SELECT * FROM revisions ORDER BY id").fetchall() == rows
    kept.close()


def test_a_store_of_this_version_is_left_alone(earlier):
    AnnotationStore.migrate(earlier)
    before = files_of(earlier)
    assert AnnotationStore.migrate(earlier) is None
    assert files_of(earlier) == before


def test_work_goes_on_in_it(earlier, mask):
    AnnotationStore.migrate(earlier)
    with AnnotationStore.open(earlier, create=False) as store:
        store.save("c0", Annotation.from_mask(mask(9)), author="Cy", parent=store.head("c0").id)
        assert store.check() == []
        assert [revision.number for revision in store.revisions("c0")] == [1, 2, 3, 4]


def test_what_a_model_found_comes_along(tmp_path):
    folder = shutil.copytree(FIXTURES / "version-2", tmp_path / "store")
    AnnotationStore.migrate(folder)
    with AnnotationStore.open(folder, create=False) as store:
        (run,) = store.runs("c1")
        assert run.details == {"seconds": 1.5}
        assert int(store.read_run(run.id)[0].sum()) == 3


def test_an_import_reads_it_and_leaves_it_as_it_was(earlier, store):
    before = files_of(earlier)
    assert store.import_from(earlier) == ImportSummary(cases=2, revisions=3, branches=0)
    assert files_of(earlier) == before
    assert store.case("c0").split == "test"
    assert store.check() == []


def test_a_failure_half_way_leaves_the_store_as_it_was(earlier):
    connection = sqlite3.connect(earlier / "store.db")
    connection.execute("UPDATE revisions SET author = ? WHERE number = 1", ("a" * 201,))
    connection.commit()
    rows = connection.execute("SELECT * FROM revisions ORDER BY id").fetchall()
    with pytest.raises(StoreError, match="too long"):
        AnnotationStore.migrate(earlier)
    assert connection.execute("SELECT * FROM revisions ORDER BY id").fetchall() == rows
    connection.close()


def test_a_record_that_was_damaged_before_is_not_taken_for_whole(earlier):
    connection = sqlite3.connect(earlier / "store.db")
    connection.execute("UPDATE revisions SET author = 'Ads' WHERE number = 2")
    connection.commit()
    connection.close()
    AnnotationStore.migrate(earlier)
    with AnnotationStore.open(earlier, create=False) as store:
        assert store.check() == ["The record of version 2 of case c0 was changed after it was saved."]
        with pytest.raises(StoreError, match="open version 3"):
            store.head("c0")


def test_what_is_no_store_is_refused(tmp_path):
    with pytest.raises(StoreError, match="no annotation store"):
        AnnotationStore.migrate(tmp_path / "nowhere")
