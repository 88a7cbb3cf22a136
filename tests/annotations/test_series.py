import multiprocessing
import os
import pickle
import sys

import numpy as np
import pytest

from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.core import CTVolume, SourceFrame
from napari_cpam_stroke.errors import InputError, StoreError


def test_a_series_comes_back_without_its_files(store, volume, tmp_path):
    original = volume(geometry=True, patient="p")
    sourced = CTVolume(
        original.hu, original.geometry, "case", "p", original.notices, original.acquisition,
        pixels_lossy=True, source=tuple(SourceFrame(tmp_path / "secret.dcm", f"1.2.{z}") for z in range(3)),
    )  # fmt: skip
    record = store.add_case(sourced, source="reader", hu_range=(-20, 100))
    stored = store.read_volume(record.case_id)
    assert stored.content_hash == original.content_hash == record.content_hash
    np.testing.assert_array_equal(stored.geometry.positions_mm, original.geometry.positions_mm)
    np.testing.assert_array_equal(stored.geometry.slice_interval_mm, original.geometry.slice_interval_mm)
    assert stored.geometry.pixel_spacing_mm == original.geometry.pixel_spacing_mm
    assert (stored.notices, stored.acquisition, stored.pixels_lossy, stored.source) == (
        original.notices, original.acquisition, True, (),
    )  # fmt: skip
    assert (record.facts, record.warnings) == (("tilt 18.5 degrees",), ("lossy",))
    assert (record.hu_floor, record.hu_ceiling, record.shape) == (-20, 100, (3, 12, 10))


def test_no_file_name_and_no_uid_of_the_source_is_kept(tmp_path, volume):
    case = volume()
    canary = CTVolume(case.hu, None, "case", "p", source=(SourceFrame(tmp_path / "DOE_JANE.dcm", "1.2.840.99.7"),) * 3)
    with AnnotationStore.open(tmp_path / "s") as store:
        store.add_case(canary, source="reader")
    kept = b"".join(path.read_bytes() for path in (tmp_path / "s").rglob("*") if path.is_file())
    assert b"DOE_JANE" not in kept
    assert b"1.2.840.99.7" not in kept


def test_only_the_slices_asked_for_are_read(store, volume):
    original = volume(slices=6)
    store.add_case(original, source="reader")
    np.testing.assert_array_equal(store.read_frames("case", [4, 1]), original.hu[[4, 1]])
    assert store.read_frames("case").dtype == np.int16


def test_the_same_series_is_kept_once(store, volume):
    first = store.add_case(volume("one", patient="p"), source="reader")
    again = store.add_case(volume("two", patient="q"), source="other", split="train")
    assert again.case_id == first.case_id == "one"
    assert again.split == "train"
    assert len(store.cases()) == 1
    assert store.find(first.content_hash) == again


def test_other_pixels_under_the_same_name_get_a_name_of_their_own(store, volume):
    store.add_case(volume(seed=0, patient="p"), source="reader")
    second = store.add_case(volume(seed=1, patient="p"), source="reader")
    assert second.case_id == f"case~{second.content_hash[:6]}"
    np.testing.assert_array_equal(store.read_frames("case"), volume(seed=0).hu)
    np.testing.assert_array_equal(store.read_frames(second.case_id), volume(seed=1).hu)


def test_a_patients_split_is_set_once(store, volume):
    store.add_case(volume("a", seed=1, patient="p"), source="x", split="test")
    later = store.add_case(volume("b", seed=2, patient="p"), source="x", split="train")
    assert later.split == "test"
    assert store.case("a").split == "test"


@pytest.mark.parametrize(("patient", "group", "expected"), [("p", None, "p"), ("p", "g", "g"), ("", None, "case")])
def test_who_stays_together(store, volume, patient, group, expected):
    assert store.add_case(volume(patient=patient), source="x", group=group).patient_id == expected


def test_an_unknown_case_or_split_is_one_sentence(store, volume):
    with pytest.raises(StoreError, match="no case 'nobody'"):
        store.read_frames("nobody")
    with pytest.raises(InputError, match="did you mean 'train'"):
        store.add_case(volume(), source="x", split="trains")


def test_in_bulk_everything_or_nothing_is_kept(store, volume):
    with store.bulk():
        for i in range(5):
            store.add_case(volume(f"c{i}", seed=i), source="x")
        np.testing.assert_array_equal(store.read_frames("c3"), volume(seed=3).hu)

    def interrupted():
        with store.bulk():
            store.add_case(volume("lost", seed=9), source="x")
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        interrupted()
    assert [case.case_id for case in store.cases()] == [f"c{i}" for i in range(5)]
    assert store.check() == []


def test_a_store_reaches_other_processes(store, volume):
    store.add_case(volume(), source="x")
    again = pickle.loads(pickle.dumps(store))  # noqa: S301  our own bytes
    np.testing.assert_array_equal(again.read_frames("case"), volume().hu)
    again.close()


@pytest.mark.skipif(sys.platform != "linux", reason="fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_worker_reads_without_disturbing_its_parent(store, volume):
    store.add_case(volume(), source="x")

    def work():
        os._exit(0 if store.read_frames("case").shape == (3, 12, 10) else 1)

    workers = [multiprocessing.get_context("fork").Process(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert store.case("case").shape == (3, 12, 10)
