"""COCO instances: polygons and run lengths become the mask that was drawn, or a sentence."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as tools

from cpam_train.importers import import_options
from cpam_train.importers.run_lengths import pixels_of_runs
from napari_cpam_stroke.errors import InputError

SAID = {"grey_window": {"centre": 40, "width": 120}}
SHAPE = (64, 64)
CATEGORIES = ({"id": 7, "name": "hemorrhage"}, {"id": 9, "name": "infarct"})
SQUARE = np.zeros(SHAPE, dtype=bool)
SQUARE[20:30, 10:40] = True
POLYGON = [[10, 20, 40, 20, 40, 30, 10, 30]]


def runs(mask):
    """Run lengths down the columns, the first of empty pixels."""
    flat = mask.ravel(order="F").astype(int)
    edges = np.flatnonzero(np.diff(flat)) + 1
    lengths = np.diff([0, *edges, flat.size]).tolist()
    return lengths if not flat[0] else [0, *lengths]


PLAIN = {"size": list(SHAPE), "counts": runs(SQUARE)}
PACKED = {"size": list(SHAPE), "counts": tools.encode(np.asfortranarray(SQUARE.astype(np.uint8)))["counts"].decode()}


@pytest.fixture
def coco(tmp_path, head, to_grey):
    """Writes two images and a file of instances; returns its path."""

    def write(outlines, images=None, categories=CATEGORIES, **more):
        src = tmp_path / "src"
        (src / "images").mkdir(parents=True, exist_ok=True)
        for number, name in enumerate(("a.png", "b.png")):
            Image.fromarray(to_grey(head(number, size=64)[0][0])).save(src / "images" / name)
        listed = images or [
            {"id": i, "file_name": n, "height": 64, "width": 64} for i, n in ((1, "a.png"), (2, "b.png"))
        ]
        data = {"images": listed, "categories": list(categories), "annotations": outlines, **more}
        (src / "instances.json").write_text(json.dumps(data))
        return src / "instances.json"

    return write


def outline(segmentation, image=1, category=7):
    return {"id": 1, "image_id": image, "category_id": category, "segmentation": segmentation, "iscrowd": 0}


@pytest.mark.parametrize("segmentation", [POLYGON, PLAIN, PACKED])
def test_an_outline_is_the_mask_that_was_drawn(coco, store, import_folder, segmentation):
    summary = import_folder("coco", coco([outline(segmentation)]), import_options(**SAID))
    (record,) = store.cases()
    assert (store.read_mask(record.head)[0] == SQUARE * 2).all()
    assert [case.name for case in summary.skipped] == ["b"]
    assert "Nothing is outlined" in summary.skipped[0].reason


def test_images_without_an_outline_are_free_only_where_the_user_says_so(coco, store, import_folder):
    import_folder("coco", coco([outline(PLAIN)]), import_options(**SAID, unannotated="free"))
    assert sorted(record.labels for record in store.cases()) == [(0, 0), (0, 1)]


def test_hemorrhage_wins_where_classes_overlap_and_it_is_said(coco, store, import_folder):
    both = [outline(PLAIN, category=9), outline([[10, 20, 20, 20, 20, 30, 10, 30]]), outline(PLAIN, image=2)]
    summary = import_folder("coco", coco(both), import_options(**SAID))
    mask = next(m for r in store.cases() if (m := store.read_mask(r.head)[0]).max() and (m == 1).any())
    assert (mask[20:30, 10:20] == 2).all()
    assert (mask[20:30, 20:40] == 1).all()
    assert any("overlap" in sentence for sentence in summary.complaints)


@pytest.mark.parametrize(
    ("segmentation", "says"),
    [
        (None, "no outline, perhaps only a box"),
        ([], "no outline, perhaps only a box"),
        ([[1, 2, 3, 4]], "A polygon of an outline cannot be read"),
        ([[1, 2, 3, 4, 5]], "A polygon of an outline cannot be read"),
        ([["a", 2, 3, 4, 5, 6]], "A polygon of an outline cannot be read"),
        ([[1, 2, float("nan"), 4, 5, 6]], "leaves its image"),
        ([[1, 2, 300, 4, 5, 6]], "leaves its image"),
        ({"size": [64, 63], "counts": [64 * 63]}, "another size"),
        ({"size": [64, 64], "counts": [10, 10]}, "do not add up"),
        ({"size": [64, 64], "counts": [-1, 64 * 64 + 1]}, "do not add up"),
        ({"size": [64, 64], "counts": [4096.0]}, "do not add up"),
        ({"size": [64, 64], "counts": ""}, "do not add up"),
        ({"size": [64, 64], "counts": "000000"}, "do not add up"),
        ({"size": [64, 64], "counts": "o" * 1000}, "no such text"),
        ({"size": [64, 64], "counts": "ÿÿ"}, "no such text"),
        ({"size": [64, 64], "counts": PACKED["counts"][:-1]}, "add up|middle of a number"),
        ({"size": [64, 64]}, "do not add up"),
    ],
)
def test_an_outline_that_cannot_be_read_is_skipped_with_its_reason(coco, import_folder, segmentation, says):
    path = coco([outline(segmentation), outline(PLAIN, image=2)])
    summary = import_folder("coco", path, import_options(**SAID))
    assert summary.cases == 1
    assert re.search(says, summary.skipped[0].reason)


def test_run_lengths_are_read_as_the_library_writes_them():
    rng = np.random.default_rng(0)
    for _ in range(50):
        mask = rng.random(tuple(rng.integers(1, 60, 2))) < rng.random()
        packed = tools.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"].decode()
        assert (pixels_of_runs(packed, mask.shape) == mask).all()
        assert (pixels_of_runs(runs(mask), mask.shape) == mask).all()


@pytest.mark.parametrize(
    ("images", "says"),
    [
        ([{"id": 1, "file_name": "../a.png", "height": 64, "width": 64}], "outside its folder"),
        ([{"id": 1, "file_name": "z.png", "height": 64, "width": 64}], "is missing"),
        ([{"id": 1, "file_name": "a.png", "height": 32, "width": 64}], "another size"),
        ([{"id": i, "file_name": "a.png", "height": 64, "width": 64} for i in (1, 3)], "more than once"),
        ([{"id": 1, "file_name": n, "height": 64, "width": 64} for n in ("a.png", "b.png")], "more than once"),
    ],
)
def test_an_image_that_cannot_be_meant_is_refused(coco, import_folder, images, says):
    with pytest.raises(InputError, match=says):
        import_folder("coco", coco([outline(PLAIN)], images=images), import_options(**SAID))


def test_outlines_of_an_image_that_is_not_listed_are_named(coco, import_folder):
    path = coco([outline(PLAIN), outline(PLAIN, image=2), outline(PLAIN, image=99)])
    summary = import_folder("coco", path, import_options(**SAID))
    assert "1 outlines belong to the image 99" in summary.skipped[0].reason


def test_a_category_that_is_not_understood_needs_the_users_word(coco, store, import_folder):
    path = coco([outline(PLAIN)], categories=[{"id": 7, "name": "lesion"}])
    with pytest.raises(InputError, match=r'not understood, got 7 \'lesion\'.*--map "lesion=hemorrhage"'):
        import_folder("coco", path, import_options(**SAID))
    import_folder("coco", path, import_options(**SAID, meanings=["lesion=ischemia"]))
    assert store.cases()[0].labels == (1, -1)


@pytest.mark.parametrize("more", [{"images": 3}, {"images": [{"id": "1"}]}, {"annotations": [{}]}, {"categories": [1]}])
def test_a_file_of_another_make_is_one_sentence(coco, import_folder, more):
    with pytest.raises(InputError, match="no COCO file of instances"):
        import_folder("coco", coco([], **more), import_options(**SAID))
