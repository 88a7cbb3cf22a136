"""The list of cases: always as the cases are, in every order, and never more rows read than asked for."""

from itertools import product

import pytest
from sqlalchemy import delete, event

from napari_cpam_stroke.annotations import AnnotationStore, Wanted
from napari_cpam_stroke.annotations.listing import FEW
from napari_cpam_stroke.annotations.records import STATUSES
from napari_cpam_stroke.annotations.schema import CaseRow, ListedRow
from napari_cpam_stroke.annotations.wanted import LIST_ORDERS, counted, ordered
from napari_cpam_stroke.core import Annotation
from napari_cpam_stroke.errors import InputError

SIZE = 7


@pytest.fixture
def filled(store, volume, mask, model):
    """Seven cases with ties in everything but the name; two read, one of them by two readers beside each other."""
    for i in range(SIZE):
        store.add_case(volume(f"c{i}", seed=i, slices=3 + i % 2), source="reader" if i % 2 else "ct-ich")
    for i in (1, 2, 4):
        store.record_prediction(f"c{i}", {"ischemia": 0.9 if i == 1 else 0.5, "hemorrhage": 0.1}, model)
    store.save("c3", Annotation.from_mask(mask(slices=4)), author="Ada")
    first = store.save("c5", Annotation.from_mask(mask(slices=4)), author="Bo", comment="Basal ganglia?")
    store.save("c5", Annotation.from_mask(mask(5, slices=4)), author="Bo", parent=first.id)
    store.save("c5", Annotation.from_mask(mask(6, slices=4)), author="Ada", parent=first.id, branch=True)
    store.set_reader("c6", "Cleo")
    return store


def shown(answer):
    return [listed.case.case_id for listed in answer.cases]


def key(listed, order):
    case, readings = listed.case, listed.readings
    return {
        "id": case.case_id,
        "added": case.added,
        "slices": case.shape[0],
        "series": listed.series,
        "status": STATUSES.index(case.status),
        "suspicion": -1 if case.suspicion is None else case.suspicion,
        "uncertainty": -1 if case.uncertainty is None else case.uncertainty,
        "teaches": listed.lesson.score,
        "reader": readings[0].author if readings else case.reader,
        "version": readings[0].version if readings else 0,
    }[order]


@pytest.mark.parametrize(("order", "descending"), product(LIST_ORDERS, (True, False)))
def test_every_order_places_and_steps_agree(filled, order, descending):
    wanted = Wanted(order=order, descending=descending)
    whole = filled.listing.ask(wanted, limit=100)
    expected = sorted(whole.cases, key=lambda each: (key(each, order), each.case.case_id), reverse=descending)
    assert whole.total == SIZE
    assert shown(whole) == [each.case.case_id for each in expected]
    for place, name in enumerate(shown(whole)):
        assert filled.listing.place(wanted, name) == place
        assert shown(filled.listing.ask(wanted, first=place, limit=1)) == [name]
        for step in (1, -1):
            there = place + step
            neighbour = shown(whole)[there] if 0 <= there < SIZE else None
            assert filled.listing.next_case(wanted, name, statuses=STATUSES, step=step) == neighbour


def test_filters_hold_for_rows_count_place_and_next(filled):
    new = Wanted(frozenset({"new"}), order="id", descending=False)
    assert shown(filled.listing.ask(new, limit=9)) == ["c0", "c6"]
    assert filled.listing.ask(new, limit=1).total == 2
    assert filled.listing.place(new, "c6") == 1
    assert filled.listing.place(new, "c1") is None
    assert filled.listing.next_case(new, "c0", statuses={"new"}) == "c6"
    assert filled.listing.next_case(new, "c1", statuses={"new"}) == "c0", "from the top"
    assert filled.listing.next_case(new, "c1", statuses={"new"}, step=-1) is None
    unread = Wanted(order="id", descending=False)
    assert filled.listing.next_case(unread, "c0", statuses={"in_review"}) == "c3"
    assert shown(filled.listing.ask(Wanted(assigned="Cleo"), limit=9)) == ["c6"]
    assert shown(filled.listing.ask(Wanted(search="GANGLIA? bo"), limit=9)) == ["c5"]
    assert filled.listing.ask(Wanted(search="%"), limit=9).total == 0
    with pytest.raises(InputError, match="Unknown order"):
        Wanted(order="mood")


def test_a_search_that_finds_much_is_the_same_as_one_that_finds_little(filled, monkeypatch):
    wanted = Wanted(search="c", order="suspicion")
    few = filled.listing.ask(wanted, first=2, limit=3)
    assert SIZE < FEW
    monkeypatch.setattr("napari_cpam_stroke.annotations.listing.FEW", 1)
    assert filled.listing.ask(wanted, first=2, limit=3) == few
    assert filled.listing.ask(wanted, first=2, limit=3, total=SIZE) == few


def test_two_readings_of_one_series_are_told_apart(filled):
    (both,) = filled.listing.ask(Wanted(search="c5"), limit=1).cases
    assert [(each.version, each.author) for each in both.readings] == [(2, "Bo"), (3, "Ada")]


def test_thickness_and_kernel_tell_series_apart(filled):
    assert {listed.series for listed in filled.listing.ask(Wanted(), limit=9).cases} == {"5 mm STANDARD"}


def test_everything_that_changes_a_case_is_listed(filled, volume, tmp_path):
    assert filled.listing.bring_up_to_date() == 0
    filled.set_status("c0", "accepted")
    assert filled.listing.bring_up_to_date() == 0
    with AnnotationStore.open(tmp_path / "other") as other:
        other.add_case(volume("far", seed=99), source="x")
        filled.export(tmp_path / "copy")
        other.import_from(tmp_path / "copy")
        assert other.listing.bring_up_to_date() == 0
        assert other.listing.ask(Wanted(), limit=1).total == SIZE + 1
        assert other.listing.ask(Wanted(search="c5"), limit=1).cases[0].readings[0].author == "Bo"


def test_a_store_from_before_the_list_is_listed_when_first_asked(filled):
    before = filled.listing.ask(Wanted(), limit=9)
    with filled._database.writing() as session:
        ListedRow.__table__.drop(session.connection())
    assert filled.listing.ask(Wanted(), limit=9) == before
    with filled._database.writing() as session:
        ListedRow.__table__.drop(session.connection())
    filled.set_status("c0", "rejected")
    assert filled.listing.bring_up_to_date() == SIZE - 1


def test_what_a_program_without_the_list_wrote_is_caught_up(filled):
    with filled._database.writing() as session:
        session.get(CaseRow, "c0").status = "rejected"
        session.execute(delete(ListedRow).where(ListedRow.case_id == "c1"))
    assert filled.listing.bring_up_to_date() == 2
    assert filled.listing.ask(Wanted(frozenset({"rejected"})), limit=9).total == 1


def statements(store, work):
    """The statements of a piece of work."""
    seen = []

    def note(_connection, _cursor, statement, *_):
        seen.append(statement)

    event.listen(store._database._engine, "before_cursor_execute", note)
    work()
    event.remove(store._database._engine, "before_cursor_execute", note)
    return [each for each in seen if each.lstrip().startswith("SELECT") and "case_list" in each]


def test_a_page_reads_its_own_rows_and_is_not_counted_twice(filled):
    first = statements(filled, lambda: filled.listing.ask(Wanted(), limit=2))
    later = statements(filled, lambda: filled.listing.ask(Wanted(), first=2, limit=2, total=SIZE))
    assert sum("count(" in each for each in first) == 1
    assert not any("count(" in each for each in later)
    assert len(first) == len(later) + 1
    assert filled.listing.ask(Wanted(), first=90, limit=5, total=SIZE).cases == ()


def test_sqlite_takes_the_rows_of_every_order_from_an_index(filled):
    if filled._database._engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL plans by the figures of the table")
    with filled._database.reading() as session:
        for order, build in product(LIST_ORDERS, (ordered, counted)):
            statement = build(Wanted(frozenset({"new"}), assigned="Ada", order=order))
            text = str(statement.compile(session.connection(), compile_kwargs={"literal_binds": True}))
            plan = " ".join(row[3] for row in session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {text}"))
            assert "COVERING INDEX" in plan, (order, plan)
            assert "TEMP B-TREE" not in plan, (order, plan)


def test_the_other_cases_of_a_patient_stand_newest_first(store, volume):
    for i, (name, patient) in enumerate([("a1", "ann"), ("b1", "bob"), ("a2", "ann"), ("a3", "ann"), ("x", "")]):
        store.add_case(volume(name, seed=i, patient=patient), source="reader")
    assert [listed.case.case_id for listed in store.listing.others_of_patient("a2")] == ["a3", "a1"]
    assert [listed.series for listed in store.listing.others_of_patient("a2")] == ["5 mm STANDARD"] * 2
    for alone in ("b1", "x", "unheard of"):
        assert store.listing.others_of_patient(alone) == ()
