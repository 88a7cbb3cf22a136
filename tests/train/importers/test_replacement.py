"""An import made again: the newer reading counts, the older stays in the history, a person's work is kept."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from PIL import Image

from cpam_train.importers import import_options
from cpam_train.importers.left_out_table import write_left_out
from cpam_train.importers.record import SkippedCase
from napari_cpam_stroke.core import Annotation
from napari_cpam_stroke.errors import InputError

WINDOW, OTHER_WINDOW = {"centre": 40, "width": 120}, {"centre": 40, "width": 80}


@pytest.fixture
def slices(tmp_path, head, to_grey):
    src = tmp_path / "src"
    for part in ("images", "masks"):
        (src / part).mkdir(parents=True)
    for number in range(3):
        hu, mask = head(number, size=64, lesion=2)
        Image.fromarray(to_grey(hu[0])).save(src / "images" / f"{number}.png")
        Image.fromarray(mask[0]).save(src / "masks" / f"{number}.png")
    return src


def options(meaning="2=hemorrhage", window=WINDOW):
    return import_options(meanings=[meaning], grey_window=window)


def in_use(store):
    return [record for record in store.cases() if record.status != "rejected"]


def test_a_wrong_label_is_replaced_and_stays_in_the_history(slices, store, import_folder):
    import_folder("png", slices, options("2=ischemia"))
    before = {record.case_id: record.head for record in store.cases()}
    summary = import_folder("png", slices, options(), again=True)
    assert (summary.cases, summary.replaced, summary.unchanged, summary.already_there) == (0, 3, 0, 0)
    assert "3 replaced" in summary.sentence
    for record in store.cases():
        assert record.labels == (-1, 1)
        assert [revision.id for revision in store.revisions(record.case_id)] == [before[record.case_id], record.head]


def test_without_the_option_nothing_changes(slices, store, import_folder):
    import_folder("png", slices, options("2=ischemia"))
    summary = import_folder("png", slices, options())
    assert (summary.already_there, summary.replaced) == (3, 0)
    assert all(record.labels == (1, -1) for record in store.cases())


def test_what_says_the_same_is_left_alone(slices, store, import_folder):
    import_folder("png", slices, options())
    summary = import_folder("png", slices, options(), again=True)
    assert (summary.unchanged, summary.replaced) == (3, 0)
    assert all(len(store.revisions(record.case_id)) == 1 for record in store.cases())


def test_a_wrong_window_puts_the_earlier_pixels_aside(slices, store, import_folder):
    import_folder("png", slices, options(window=OTHER_WINDOW))
    patients = {record.patient_id for record in store.cases()}
    summary = import_folder("png", slices, options(), again=True)
    assert (summary.replaced, len(store.cases()), len(in_use(store))) == (3, 6, 3)
    assert {record.patient_id for record in in_use(store)} == patients
    assert all((record.hu_floor, record.hu_ceiling) == (-20, 100) for record in in_use(store))
    assert store.check() == []
    assert import_folder("png", slices, options(), again=True).unchanged == 3
    assert import_folder("png", slices, options()).already_there == 3
    back = import_folder("png", slices, options(window=OTHER_WINDOW), again=True)
    assert (back.replaced, len(store.cases()), len(in_use(store))) == (3, 6, 3)
    assert all((record.hu_floor, record.hu_ceiling) == (0, 300) for record in in_use(store))


def a_reading(store, record):
    mask = np.zeros(record.shape, dtype=np.uint8)
    store.save(record.case_id, Annotation.from_mask(mask), author="reader", parent=record.head, kind="reading")


@pytest.mark.parametrize(
    ("touch", "says"),
    [
        (a_reading, "a reader saved version 2"),
        (lambda store, record: store.set_reader(record.case_id, "anna"), "assigned to a reader"),
        (lambda store, record: store.set_status(record.case_id, "rejected"), "somebody made it rejected"),
    ],
)
def test_a_case_that_a_person_touched_is_kept_and_named(slices, store, import_folder, touch, says):
    import_folder("png", slices, options("2=ischemia"))
    first = store.cases()[0]
    touch(store, first)
    kept = store.case(first.case_id)
    summary = import_folder("png", slices, options(), again=True)
    assert (summary.replaced, len(summary.kept)) == (2, 1)
    assert summary.kept[0].case_id == first.case_id
    assert says in " ".join(summary.complaints)
    assert store.case(first.case_id).head == kept.head


def test_a_prediction_is_no_touch(slices, store, import_folder):
    from napari_cpam_stroke.annotations import ModelRecord

    import_folder("png", slices, options("2=ischemia"))
    for record in store.cases():
        store.record_prediction(record.case_id, {"ischemia": 0.1, "hemorrhage": 0.2}, ModelRecord("a", "1", "0" * 64))
    assert import_folder("png", slices, options(), again=True).replaced == 3


def test_a_file_that_cannot_be_read_now_leaves_the_earlier_import_and_is_named(slices, store, import_folder):
    import_folder("png", slices, options())
    heads = {record.head for record in store.cases()}
    (slices / "masks" / "1.png").write_bytes(b"no picture")
    summary = import_folder("png", slices, options(), again=True)
    assert (summary.unchanged, [case.name for case in summary.skipped]) == (2, ["1"])
    assert {record.head for record in store.cases()} == heads


def test_another_patient_still_needs_a_new_store(slices, tmp_path, import_folder):
    import_folder("png", slices, options())
    table = tmp_path / "who.csv"
    table.write_text("case,patient\n0,a\n1,a\n2,b\n")
    said = import_options(meanings=["2=hemorrhage"], grey_window=WINDOW, patients=table)
    with pytest.raises(InputError, match="a patient's split is fixed for ever"):
        import_folder("png", slices, said, again=True)


def test_the_table_of_what_was_left_out_runs_nothing_in_a_spreadsheet(tmp_path):
    write_left_out(tmp_path / "t.csv", [SkippedCase("png-1", "=1+1, and 'more'", "@a.png")])
    with (tmp_path / "t.csv").open(newline="") as file:
        assert list(csv.reader(file)) == [
            ["case", "file", "what", "reason"],
            ["png-1", "'@a.png", "skipped", "'=1+1, and 'more'"],
        ]
