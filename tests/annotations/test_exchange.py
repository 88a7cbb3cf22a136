import numpy as np
import pytest

from napari_cpam_stroke.annotations import AnnotationStore, ImportSummary
from napari_cpam_stroke.core import Annotation
from napari_cpam_stroke.errors import StoreError


@pytest.fixture
def filled(store, volume, mask, model):
    for i in range(3):
        store.add_case(volume(f"c{i}", seed=i, patient=f"p{i}", geometry=True), source="reader")
    first = store.save("c0", Annotation.from_mask(mask()), author="Ada", prediction_mask=mask(7), model=model)
    store.save("c0", Annotation.from_mask(mask(5)), author="Ada", parent=first.id, status="accepted")
    store.save("c0", Annotation.from_mask(mask(6)), author="Bo", parent=first.id, branch=True)
    store.record_prediction("c1", {"ischemia": 0.4, "hemorrhage": 0.2}, model)
    store.assign_splits()
    return store


def test_a_store_moves_whole(filled, tmp_path):
    seen = []
    summary = filled.export(tmp_path / "copy", progress=lambda *step: seen.append(step))
    assert summary == ImportSummary(cases=3, revisions=3, branches=0)
    assert seen == [(1, 3), (2, 3), (3, 3)]
    with AnnotationStore.open(tmp_path / "copy", create=False) as copy:
        assert copy.check() == []
        assert copy.cases() == filled.cases()
        assert copy.revisions("c0") == filled.revisions("c0")
        assert copy.test_fingerprint() == filled.test_fingerprint()
        for revision in filled.revisions("c0"):
            np.testing.assert_array_equal(copy.read_mask(revision.id), filled.read_mask(revision.id))
        np.testing.assert_array_equal(copy.read_volume("c2").hu, filled.read_volume("c2").hu)


def test_coming_back_work_is_merged_and_conflicts_become_branches(filled, tmp_path, mask, volume):
    filled.export(tmp_path / "home")
    at_work = filled.save("c0", Annotation.from_mask(mask(8)), author="Ada", parent=filled.head("c0").id)
    with AnnotationStore.open(tmp_path / "home") as home:
        at_home = home.save("c0", Annotation.from_mask(mask(9)), author="Cy", parent=home.head("c0").id)
        plain = home.save("c1", Annotation.from_mask(mask(3)), author="Cy")
        home.add_case(volume("c0", seed=50, patient="p9"), source="reader")
    assert filled.import_from(tmp_path / "home") == ImportSummary(cases=1, revisions=2, branches=1)
    assert filled.head("c0") == at_work
    assert filled.head("c1").id == plain.id
    assert filled.case("c1").labels == (1, 0)
    kept = filled.revision(at_home.id)
    assert (kept.branch, kept.number, kept.author) == (True, 5, "Cy")
    assert filled.check() == []
    assert filled.import_from(tmp_path / "home") == ImportSummary(0, 0, 0)


def test_splits_that_are_fixed_here_stay(filled, tmp_path, volume):
    with AnnotationStore.open(tmp_path / "other") as other:
        other.add_case(volume("x", seed=30, patient="p0"), source="x", split="validation")
        other.add_case(volume("y", seed=31, patient="q"), source="x", split="validation")
    before = filled.case("c0").split
    filled.import_from(tmp_path / "other")
    assert filled.case("x").split == filled.case("c0").split == before
    assert filled.case("y").split == "validation"


def test_a_damaged_store_is_not_taken_over_in_part(filled, tmp_path):
    filled.export(tmp_path / "copy")
    victim = max((tmp_path / "copy" / "blobs").glob("??/*"))
    victim.write_bytes(victim.read_bytes()[:-1])
    with AnnotationStore.open(tmp_path / "fresh") as fresh:
        with pytest.raises(StoreError, match="missing or damaged"):
            fresh.import_from(tmp_path / "copy")
        assert fresh.cases() == []
        assert fresh.check() == []


def test_an_export_never_writes_into_something(filled, tmp_path):
    filled.export(tmp_path / "copy")
    with pytest.raises(StoreError, match="already"):
        filled.export(tmp_path / "copy")
    with pytest.raises(StoreError, match="no annotation store"):
        filled.import_from(tmp_path / "nowhere")
