"""What is assumed of slices whose source says nothing of a class."""

from __future__ import annotations

import numpy as np

from cpam_train.data.assumption import assume_absent
from cpam_train.data.dataset import SliceDataset
from cpam_train.data.slices import CaseRow, SliceRow, collect_slices
from napari_cpam_stroke.config import PreprocessConfig
from napari_cpam_stroke.core import Annotation, CTVolume

CASE = CaseRow("case", "patient", "source", "hash", "revision", "train")


def row(mask_known=(False, True), labels=(-1, 0)) -> SliceRow:
    return SliceRow(CASE, 0, mask_known, labels)


def assumed(chance: float, given: SliceRow, draws: int = 4000) -> list[SliceRow]:
    rng = np.random.default_rng(3)
    return [assume_absent(given, chance, rng) for _ in range(draws)]


def test_a_silent_class_counts_as_absent_so_often_as_asked():
    rows = assumed(0.3, row())
    free = [r for r in rows if r.mask_known == (True, True) and r.labels == (0, 0)]
    assert abs(len(free) / len(rows) - 0.3) < 0.03
    assert all(r == row() for r in rows if r not in free)


def test_a_bleed_keeps_its_label_and_its_unknown_outline():
    (changed,) = assumed(1.0, row((False, False), (-1, 1)), draws=1)
    assert changed.mask_known == (True, False)
    assert changed.labels == (0, 1)


def test_what_is_known_is_never_changed():
    for known in (row((True, True), (1, 0)), row((True, False), (0, 1)), row((False, False), (1, 1))):
        assert set(assumed(1.0, known, draws=3)) == {known}


def test_only_slices_of_the_named_source_are_assumed(store, head):
    hu, mask = head()
    store.add_case(CTVolume(hu, None, "one", patient_id="one"), source="silent")
    silent = Annotation(
        mask, np.array([[False, True]]), np.array([[-1, 0]], dtype=np.int8), np.array([-1, 0], dtype=np.int8)
    )
    store.save("one", silent, author="test", kind="reference")
    rows = collect_slices(store)
    for named, expected in (("silent", 0), ("another", -1)):
        item = SliceDataset(store, PreprocessConfig(size=32), rows, absent={named: 1.0})[0]
        assert item["slice_label"].tolist() == [expected, 0]
        assert item["mask_known"].tolist() == [expected == 0, True]
