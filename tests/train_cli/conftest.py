import numpy as np
import pytest

from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.core import Annotation, CTVolume, VolumeGeometry

EDGE = 64
SPLITS = ["train"] * 5 + ["validation"] * 3 + ["test"] * 3


def head(rng, lesion, slices=2):
    """HU and mask (Z, Y, X): an oval head with skull; class 1 is a dark disc, class 2 a bright one, None nothing."""
    y, x = np.mgrid[:EDGE, :EDGE] - EDGE / 2 + 0.5
    radius = np.hypot(y / 28, x / 24)
    hu = np.where(radius < 1, 900, -1000)
    hu = np.where(radius < 0.9, 34, hu)
    stack = np.repeat(hu[None], slices, 0) + rng.normal(0, 2, (slices, EDGE, EDGE))
    mask = np.zeros(stack.shape, np.uint8)
    if lesion:
        cy, cx = rng.uniform(-10, 10, 2)
        disc = np.hypot(y - cy, x - cx) < 6
        stack[:, disc] = 20 if lesion == 1 else 70
        mask[:, disc] = lesion
    return stack.astype(np.int16), mask


def geometry(slices):
    positions = np.stack([np.zeros(slices), np.zeros(slices), np.arange(slices) * 5.0], axis=1)
    return VolumeGeometry(positions, [1, 0, 0], [0, 1, 0], (3.0, 3.0), np.full(slices, 5.0))


def add_case(store, name, lesion, split, rng, *, placed=True, source="synthetic"):
    hu, mask = head(rng, lesion)
    volume = CTVolume(hu, geometry(len(hu)) if placed else None, case_id=name, patient_id=f"p-{name}")
    case = store.add_case(volume, source=source, split=split)
    store.save(case.case_id, Annotation.from_mask(mask), author="reference", kind="reference")
    return case.case_id


def fill(folder, per_split=SPLITS):
    """A store with a case of every kind (ischemia, hemorrhage, none) in every split; every third without geometry."""
    rng = np.random.default_rng(0)
    store = AnnotationStore.open(folder)
    counter = {}
    for i, split in enumerate(per_split):
        kind = counter[split] = counter.get(split, -1) + 1
        add_case(store, f"case{i:02d}", (1, 2, None)[kind % 3], split, rng, placed=kind % 2 == 0)
    return store


@pytest.fixture(scope="session")
def store_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "store"
    fill(folder).close()
    return folder


@pytest.fixture
def store(store_folder):
    with AnnotationStore.open(store_folder, create=False) as opened:
        yield opened


@pytest.fixture
def filled():
    """Fills a folder with a store: `filled(folder, splits)`."""
    return fill
