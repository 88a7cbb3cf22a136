"""Cases saved as the reading room saves them are trained on and judged on with the README's commands, nothing more."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cpam_train.commands.common import place_corrections
from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.core import CTVolume, VolumeGeometry
from napari_cpam_stroke.review import CaseReview

from .conftest import geometry, head

CPAM_TRAIN = str(Path(sys.executable).with_name("cpam-train"))
TINY = ("model.base_width=4", "model.depth=3", "model.attention.token_grid=4", "preprocess.size=32", "epochs=1")
SETTINGS = [part for value in (*TINY, "data.workers=0", "data.batch_size=2") for part in ("--set", value)]


def head_of_its_own(number):
    """The head of the other tests with its own sulci: heads that look alike count as one patient's."""
    rng = np.random.default_rng(number)
    hu, mask = head(rng, (1, 2, None)[number % 3])
    y, x = np.mgrid[: hu.shape[1], : hu.shape[2]]
    for cy, cx in rng.uniform(14, 50, (24, 2)):
        hu[:, np.hypot(y - cy, x - cx) < rng.uniform(1.5, 4)] = 8
    return hu, mask


def read(store, number, patient):
    """Outline the lesion of a series, accept it and save, as the room does."""
    hu, mask = head_of_its_own(number)
    place = geometry(len(hu))
    own = VolumeGeometry(place.positions_mm + number, [1, 0, 0], [0, 1, 0], (3.0, 3.0), place.thickness_mm)
    review = CaseReview(CTVolume(hu, own, f"case{number}", patient_id=patient), store=store, author="reader")
    review.reading[:] = mask
    review.touch()
    review.state("status", "accepted")
    review.save()


def cpam_train(*arguments):
    done = subprocess.run([CPAM_TRAIN, *map(str, arguments)], capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("patients", [4, 12])
def test_a_store_of_corrections_alone_goes_the_readmes_way(tmp_path, patients):
    with AnnotationStore.open(tmp_path / "store") as store:
        for number in range(patients):
            read(store, number, f"patient{number}")
        assert store.splits()["none"] == patients
    told = cpam_train("fit", "segmenter", "--store", tmp_path / "store", "--run", tmp_path / "run", *SETTINGS)
    assert f"{patients} patients read in the reading room got a split, fixed from now on" in told
    with AnnotationStore.open(tmp_path / "store") as store:
        first = {case.patient_id: case.split for case in store.cases()}
        assert set(first.values()) == {"train", "validation", "test"}
        read(store, patients, "patient0")
        read(store, patients + 1, "newcomer")
    told = cpam_train("evaluate", tmp_path / "run", "--store", tmp_path / "store", "--out", tmp_path / "judged")
    assert "1 patients read in the reading room got a split" in told
    assert json.loads((tmp_path / "judged" / "metrics.json").read_text())["split"] == "test"
    with AnnotationStore.open(tmp_path / "store") as store:
        now = {case.patient_id: case.split for case in store.cases()}
    assert {patient: now[patient] for patient in first} == first
    told = cpam_train("check", "--store", tmp_path / "store")
    assert "Sound" in told


def test_corrections_of_nobody_known_are_trained_on_and_never_judged_on(tmp_path, capsys):
    with AnnotationStore.open(tmp_path / "store") as store:
        for number in range(6):
            read(store, number, "")
        place_corrections(store)
        assert store.splits() == {"train": 6, "validation": 0, "test": 0, "none": 0}
    assert "6 of their cases do not say whose they are" in capsys.readouterr().err
    told = cpam_train("fit", "segmenter", "--store", tmp_path / "store", "--run", tmp_path / "run", *SETTINGS)
    assert "The store's validation split is empty for these settings: for this run" in " ".join(told.split())


def test_an_empty_store_is_not_sound(tmp_path):
    AnnotationStore.open(tmp_path / "store").close()
    done = subprocess.run(
        [CPAM_TRAIN, "check", "--store", str(tmp_path / "store")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "The store holds no case" in done.stdout
    assert "Sound" not in done.stdout
