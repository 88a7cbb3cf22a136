"""Corrections that wait for a split: who waits, who is nameless, and what an assignment makes of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cpam_train.data.readers_cases import nameless, same_head, waiting
from cpam_train.data.split_assignment import assign_splits
from napari_cpam_stroke.core import Annotation, CTVolume, VolumeGeometry
from napari_cpam_stroke.review.case import READER


@pytest.fixture
def read(store, head):
    """Adds a case as the reading room does: `read(name, patient, ...)`."""
    seeds = iter(range(1000))

    def add(name, patient="", *, source=READER, lesion=1, frame="", saved=True):
        hu, mask = head(next(seeds), lesion=lesion)
        geometry = VolumeGeometry(np.zeros((1, 3)), [1, 0, 0], [0, 1, 0], (1.0, 1.0), np.ones(1), frame)
        case = store.add_case(CTVolume(hu, geometry, name, patient_id=patient), source=source)
        if saved:
            store.save(case.case_id, Annotation.from_mask(mask), author="reader")
        return case.case_id

    return add


def test_only_patients_read_in_the_room_alone_wait(store, read):
    read("a", "p")
    read("b", "imported", source="nifti")
    read("c", "both")
    read("d", "both", source="nifti")
    read("e", "opened only", saved=False)
    assert waiting(store.cases()) == {"p"}
    store.set_split("p", "train")
    assert waiting(store.cases()) == set()


def test_an_assignment_of_some_leaves_the_others_alone(store, read):
    read("a", "p")
    read("b", "imported", source="nifti")
    assert assign_splits(store, only={"p"}).assigned == {"p": "train"}
    assert store.case("b").split is None


def test_a_patient_keeps_the_split_for_later_cases(store, read):
    for i in range(6):
        read(f"case{i}", f"p{i}")
    first = assign_splits(store).assigned
    assert set(first.values()) == {"train", "validation", "test"}
    for i in range(6):
        read(f"later{i}", f"p{i}")
    assert waiting(store.cases()) == set()
    assert {r.patient_id: r.split for r in store.cases()} == first


def test_nobody_nameless_is_ever_judged_on(store, read):
    for i in range(12):
        read(f"case{i}")
    assert nameless(store.cases()) == {f"case{i}" for i in range(12)}
    assert set(assign_splits(store).assigned.values()) == {"train"}


def test_other_pixels_under_a_nameless_name_are_nameless_too(store, read):
    assert read("case") != read("case")
    assert nameless(store.cases()) == {"case"}
    assert nameless([replace(r, source="nifti") for r in store.cases()]) == set()


def test_a_nameless_series_follows_the_examination_it_belongs_to(store, read):
    read("named", "p", frame="1.2.3")
    store.set_split("p", "test")
    read("thin", frame="1.2.3")
    read("other", frame="1.2.4")
    records = store.cases()
    assert same_head(records, {"thin", "other"}) == [["p", "thin"], ["other"], ["other"], ["thin"]]
    assert assign_splits(store).assigned == {"thin": "test", "other": "train"}
