import os
import time

import pytest
from sqlalchemy import update

from napari_cpam_stroke.annotations.schema import RevisionRow
from napari_cpam_stroke.annotations.stacks import encode_stack
from napari_cpam_stroke.core import Annotation
from napari_cpam_stroke.errors import RevisionConflictError, StoreError

TWO_DAYS = 2 * 24 * 3600


@pytest.fixture
def filled(store, volume, mask):
    store.add_case(volume(), source="reader")
    store.save("case", Annotation.from_mask(mask()), author="Ada", prediction_mask=mask(9))
    return store


def files(store):
    return {path for path in store._blobs.root.rglob("*") if path.is_file()}


def grow_old(store):
    then = time.time() - TWO_DAYS
    for path in files(store):
        os.utime(path, (then, then))


@pytest.fixture
def crashed(filled, volume):
    """Leave what two crashes would."""
    needed = files(filled)
    filled._blobs.put(encode_stack(volume(seed=8).hu))
    (filled._blobs.root / "ab").mkdir(exist_ok=True)
    (filled._blobs.root / "ab" / ".tmp-1.part").write_bytes(b"half")
    return needed


def test_only_what_nothing_needs_goes(filled, crashed):
    grow_old(filled)
    counted = filled.clean(remove=False)
    assert (counted.unknown, counted.unfinished) == (1, 1)
    assert counted.size_bytes == sum(path.stat().st_size for path in files(filled) - crashed)
    assert filled.clean() == counted
    assert files(filled) == crashed
    assert filled.examine().leftovers == []
    assert filled.check() == []


def test_what_is_young_stays_for_a_save_may_be_about_to_need_it(filled, crashed, volume):
    assert filled.clean().unknown == 0
    grow_old(filled)
    filled._blobs.put(encode_stack(volume(seed=8).hu))
    assert (filled.clean().unknown, len(files(filled) - crashed)) == (0, 1)


def test_a_damaged_store_is_not_cleaned(filled, crashed):
    grow_old(filled)
    with filled._database.writing() as session:
        session.execute(update(RevisionRow).values(author="Someone"))
    with pytest.raises(StoreError, match=r"not cleaned.*store repair"):
        filled.clean()
    assert len(files(filled)) == len(crashed) + 2


def test_a_conflict_leaves_nothing(filled, mask):
    before = files(filled)
    with pytest.raises(RevisionConflictError):
        filled.save("case", Annotation.from_mask(mask(7)), author="Bo", prediction_mask=mask(8))
    assert files(filled) == before


def test_a_conflict_inside_bulk_leaves_nothing_of_its_own(filled, mask):
    before = files(filled)
    with pytest.raises(RevisionConflictError), filled.bulk():
        filled.save("case", Annotation.from_mask(mask(7)), author="Bo")
    assert files(filled) == before
