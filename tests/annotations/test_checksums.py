import sqlite3
from contextlib import closing
from datetime import UTC, datetime

import pytest
from sqlalchemy import delete, select, text, update

from napari_cpam_stroke.annotations import AnnotationStore, Wanted
from napari_cpam_stroke.annotations.checksums import (
    NOTHING_HELD,
    checksum_of,
    covered,
    is_whole,
    seal,
    sum_of,
    with_one_more,
)
from napari_cpam_stroke.annotations.kind_rows import tell
from napari_cpam_stroke.annotations.lessons import Lesson
from napari_cpam_stroke.annotations.schema import (
    Base,
    CaseRow,
    InfoRow,
    KindRow,
    ListedRow,
    OpinionRow,
    PatientRow,
    RevisionRow,
    RunRow,
)
from napari_cpam_stroke.core import Annotation
from napari_cpam_stroke.errors import StoreError

THRESHOLDS = {"ischemia": 0.3, "hemorrhage": 0.6}

COMPARED = {ListedRow: {"teaches"}}
"""Columns that no checksum covers, but what they are made of."""

KINDS = sorted((mapper.class_ for mapper in Base.registry.mappers), key=lambda kind: kind.__tablename__)


@pytest.fixture
def filled(store, volume, mask, model):
    store.add_case(volume("c0", patient="p0", geometry=True), source="reader", split="test")
    store.add_case(volume("c1", seed=1, patient="p1"), source="reader", split="train")
    first = store.save("c0", Annotation.from_mask(mask()), author="Ada", prediction_mask=mask(9), model=model)
    store.save("c0", Annotation.from_mask(mask(5)), author="Ada", parent=first.id)
    store.save("c0", Annotation.from_mask(mask(6)), author="Bo", parent=first.id, branch=True)
    return store


@pytest.fixture
def change(filled):
    """Run a statement that no program would: the row's checksum stays as it was."""

    def run(statement) -> None:
        with filled._database.writing() as session:
            session.execute(statement)

    return run


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__tablename__)
def test_every_column_of_every_table_is_covered(kind):
    outside = {"checksum", *COMPARED.get(kind, ())}
    assert {*covered(kind), *outside} == {column.key for column in kind.__table__.columns}


@pytest.mark.parametrize("column", sorted(set(covered(RevisionRow)) - {"id"}))
def test_another_value_in_any_column_is_another_checksum(filled, column):
    with filled._database.looking() as session:
        row = session.query(RevisionRow).filter_by(number=2).one()
        assert is_whole(RevisionRow, row)
        setattr(row, column, "x" if getattr(row, column) != "x" else "y")
        assert not is_whole(RevisionRow, row)
        session.rollback()


def test_equal_values_in_other_columns_or_tables_are_told_apart():
    first, second = PatientRow(patient_id="a", split="b"), InfoRow(key="a", value="b")
    swapped = PatientRow(patient_id="b", split="a")
    assert len({checksum_of(type(row), row) for row in (first, second, swapped)}) == 3


def test_a_checksum_is_the_same_on_every_machine():
    row = PatientRow(patient_id="näher \N{GRINNING FACE}", split=None)
    seal(row)
    assert row.checksum == "a3d3e7c4e170e09ecaa6cc698a987e3d"


def test_a_sum_does_not_depend_on_the_order_and_misses_none():
    some = ["f" * 32, "1" + "0" * 31, "2" * 32]
    assert sum_of(some) == sum_of(reversed(some)) != sum_of(some[:2])
    assert with_one_more(sum_of(some[:2]), some[2]) == sum_of(some)
    assert sum_of([]) == NOTHING_HELD


def test_a_test_patient_does_not_move_into_training(filled, change):
    change(update(CaseRow).where(CaseRow.case_id == "c0").values(patient_id="p1"))
    for ask in (filled.cases, lambda: filled.cases(split="train"), lambda: filled.case("c0")):
        with pytest.raises(StoreError, match="record of case c0 is damaged"):
            ask()
    assert any("record of case c0 was changed" in sentence for sentence in filled.check())


def test_a_split_that_changed_is_not_handed_out(filled, change):
    change(update(PatientRow).where(PatientRow.patient_id == "p0").values(split="train"))
    asked = (
        filled.cases,
        lambda: filled.cases(split="train"),
        lambda: filled.case("c0"),
        filled.assign_splits,
        filled.splits,
        lambda: filled.set_split("p0", "test"),
        lambda: filled.listing.ask(Wanted(), limit=9),
    )
    for ask in asked:
        with pytest.raises(StoreError, match="patient p0 is damaged"):
            ask()
    assert filled.check() == ["The patient p0 was changed after it was saved."]


def test_a_damaged_record_names_the_older_one_that_is_whole(filled, change):
    head, first = filled.head("c0"), filled.revisions("c0")[0]
    change(delete(RevisionRow).where(RevisionRow.number == 3))
    change(update(RevisionRow).where(RevisionRow.number == 2).values(labels="{}"))
    for ask in (lambda: filled.head("c0"), lambda: filled.revisions("c0")):
        with pytest.raises(StoreError, match=f"revision {head.id} is damaged.*open version 1 .{first.id}."):
            ask()
    assert int(filled.read_mask(first.id).sum()) == 4


@pytest.mark.parametrize(
    "damage",
    [
        update(RevisionRow).where(RevisionRow.number == 2).values(created="2001-01-01T00:00:00.000000+00:00"),
        update(CaseRow).where(CaseRow.case_id == "c0").values(head=None),
        update(CaseRow).where(CaseRow.case_id == "c0").values(head="of no revision"),
    ],
)
def test_a_case_does_not_fall_out_of_those_saved_since(filled, change, damage):
    moment = datetime(2020, 1, 1, tzinfo=UTC)
    assert filled.saved_since(moment) == {"c0"}
    change(damage)
    with pytest.raises(StoreError, match="is damaged"):
        filled.saved_since(moment)


def test_a_zero_with_a_sign_is_kept_as_sqlite_gives_it_back(filled, model):
    filled.record_prediction("c1", {"ischemia": -0.0, "hemorrhage": 0.0}, model)
    assert filled.case("c1").suspicion == 0
    assert filled.check() == []


@pytest.mark.parametrize(
    "damage",
    [
        update(ListedRow).where(ListedRow.case_id == "c1").values(teaches=0.123),
        update(ListedRow).where(ListedRow.case_id == "c1").values(suspicion=0.123),
        update(KindRow).values(reasons="none"),
    ],
)
def test_what_the_list_shows_and_is_put_in_order_by_is_not_wrong_unseen(filled, change, model, damage):
    filled.record_prediction("c1", {"ischemia": 0.4, "hemorrhage": 0.1}, model, thresholds=THRESHOLDS)
    with filled._database.writing() as session:
        tell(session, dict.fromkeys(session.scalars(select(ListedRow.kind)), Lesson(0.5, ("the first of its kernel",))))
    assert filled.check() == []
    change(damage)
    with pytest.raises(StoreError, match="is damaged"):
        filled.listing.ask(Wanted(), limit=9)
    assert any("was changed after it was saved" in sentence for sentence in filled.check())


def test_an_opinion_that_changed_is_not_taken_into_the_list(filled, change, model):
    filled.record_prediction("c1", {"ischemia": 0.4, "hemorrhage": 0.1}, model, thresholds=THRESHOLDS)
    change(update(OpinionRow).values(details="{}"))
    with pytest.raises(StoreError, match="opinion on case c1 is damaged"):
        filled.set_status("c1", "accepted")
    assert filled.check() == ["The opinion on case c1 was changed after it was saved."]


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_removed_revision_shows(filled, change, number):
    if filled._database.url.get_backend_name() == "sqlite":
        change(text("PRAGMA defer_foreign_keys = ON"))
    if number != 1:
        change(delete(RevisionRow).where(RevisionRow.number == number))
    else:
        change(update(RevisionRow).where(RevisionRow.number != 1).values(parent=None))
        change(delete(RevisionRow).where(RevisionRow.number == 1))
    assert "Case c0 lacks revisions that were saved, or has some that were not." in filled.check()
    with pytest.raises(StoreError, match="revision"):
        filled.revisions("c0")


def test_a_removed_run_shows(filled, change, mask, model):
    class Found:
        pass

    found = Found()
    found.mask, found.probabilities, found.model = mask(), mask()[None].repeat(2, axis=0), model
    filled.keep_run("c1", found, {})
    change(delete(RunRow))
    assert filled.check() == ["Case c1 lacks model runs that were kept, or has some that were not."]
    with pytest.raises(StoreError, match="Some of the model runs of case c1 are missing"):
        filled.runs("c1")


def test_a_version_that_changed_is_told(tmp_path):
    AnnotationStore.open(tmp_path / "s").close()
    for version, said in (("2", "is damaged"), ("3", "is damaged"), ("7", "another version")):
        with closing(sqlite3.connect(tmp_path / "s" / "store.db")) as connection:
            connection.execute("UPDATE store_info SET value = ?, checksum = 'x'", (version,))
            connection.commit()
        with pytest.raises(StoreError, match=said):
            AnnotationStore.open(tmp_path / "s")


def test_bytes_in_place_of_text_are_damage(filled):
    if filled._database.url.get_backend_name() != "sqlite":
        pytest.skip("PostgreSQL lets nobody write them")
    for damaged in (b"\xff\xfe", b"Ada"):
        with closing(sqlite3.connect(filled._database.url.database)) as connection:
            connection.execute("UPDATE revisions SET author = CAST(? AS TEXT) WHERE number = 1", (b"\xff" + damaged,))
            connection.execute("UPDATE revisions SET author = ? WHERE number = 2", (damaged,))
            connection.execute("UPDATE cases SET content_hash = ? WHERE case_id = 'c0'", (damaged,))
            connection.commit()
        assert sum("was changed after it was saved" in sentence for sentence in filled.check()) == 3
        with pytest.raises(StoreError, match="is damaged"):
            filled.head("c0")


@pytest.mark.parametrize(
    ("author", "said"), [("a" * 201, "too long"), ("A\0da", "no database keeps"), ("A\ud800", "no database keeps")]
)
def test_what_a_database_would_not_keep_is_refused_by_all_in_one_sentence(filled, mask, author, said):
    head = filled.head("c0")
    with pytest.raises(StoreError, match=f"author of a record of revision .*{said}.*(save|do it) again"):
        filled.save("c0", Annotation.from_mask(mask(8)), author=author, parent=head.id)
    assert filled.head("c0") == head
    assert filled.check() == []
