import shutil

import pytest

from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.annotations.sqlite_file import log_of
from napari_cpam_stroke.core import Annotation
from napari_cpam_stroke.errors import StoreError


@pytest.fixture(params=["closed", "left open by a crash"])
def read_only(request, small_disk, volume, mask):
    """Give a store on a disk that cannot be written; what was saved last may be in its log only."""
    disk = small_disk("size=8m")
    store = AnnotationStore.open(disk / "s")
    store.add_case(volume("c", geometry=True), source="reader")
    store.save("c", Annotation.from_mask(mask(6)), author="Ada")
    shutil.copytree(disk / "s", disk / "crashed")
    store.close()
    folder = disk / ("s" if request.param == "closed" else "crashed")
    assert (log_of(folder / "store.db") is None) == (request.param == "closed")
    small_disk("remount", "ro")
    return folder


def test_a_store_on_a_read_only_disk_is_checked_read_and_imported(read_only, tmp_path):
    with AnnotationStore.open(read_only, create=False) as store:
        assert store.check() == []
        assert int(store.read_mask(store.head("c").id).sum()) == 6
        cases = store.cases()
    with AnnotationStore.open(tmp_path / "new") as new:
        new.import_from(read_only)
        assert new.cases() == cases
        assert new.check() == []
    assert AnnotationStore.back_up(read_only, tmp_path / "backup").problems == ()


def test_saving_on_a_read_only_disk_is_refused_in_one_sentence(read_only, mask):
    with AnnotationStore.open(read_only, create=False) as store:
        head = store.head("c")
        with pytest.raises(StoreError, match=r"Pixels cannot be written .*use another folder"):
            store.save("c", Annotation.from_mask(mask(7)), author="Ada", parent=head.id)
        with pytest.raises(StoreError, match=r"readonly.*use another folder"):
            store.set_status("c", "accepted")
        assert store.head("c") == head
