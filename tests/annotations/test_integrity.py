import pytest
from sqlalchemy import update

from napari_cpam_stroke.annotations.schema import CaseRow, RevisionRow
from napari_cpam_stroke.annotations.stacks import encode_stack
from napari_cpam_stroke.core import Annotation


@pytest.fixture
def filled(store, volume, mask, model):
    store.add_case(volume(geometry=True), source="reader")
    first = store.save("case", Annotation.from_mask(mask()), author="Ada", prediction_mask=mask(9), model=model)
    store.save("case", Annotation.from_mask(mask(5)), author="Ada", parent=first.id)
    return store


def test_a_whole_store_has_no_problem(filled):
    seen = []
    assert filled.check(lambda done, total: seen.append((done, total))) == []
    assert seen == [(1, 1)]


def test_damaged_and_missing_files_are_each_named(filled, volume):
    name = encode_stack(volume().hu).name
    filled._blobs.path(name).write_bytes(b"torn")
    for mask_file in filled._blobs.names():
        if mask_file != name:
            filled._blobs.path(mask_file).unlink()
    found = filled.check()
    assert len(found) == 4
    assert "pixels of case case" in found[0]
    assert any("prediction of version 1" in sentence for sentence in found)
    assert any("mask of version 2" in sentence for sentence in found)


def test_a_record_that_was_changed_later_is_found(filled):
    with filled._database.writing() as session:
        session.execute(update(RevisionRow).where(RevisionRow.number == 1).values(author="Somebody else"))
    assert filled.check() == ["The record of version 1 of case case was changed after it was saved."]


def test_a_case_that_points_elsewhere_is_found(filled):
    with filled._database.writing() as session:
        session.get(CaseRow, "case").head = filled.revisions("case")[0].id
    assert filled.check() == ["Case case does not point at its newest revision."]


def test_what_a_crash_left_is_told(filled, volume):
    filled._blobs.put(encode_stack(volume(seed=8).hu))
    (filled._blobs.root / "ab").mkdir(exist_ok=True)
    (filled._blobs.root / "ab" / ".tmp-1").write_bytes(b"half")
    found = filled.examine().leftovers
    assert ["1 pixel files" in found[0], "1 unfinished files" in found[1]] == [True, True]
    assert filled.check() == []
