"""MONAI datalists and Decathlon tasks: what the list says, and nothing beyond it."""

from __future__ import annotations

import json

import nibabel as nib
import numpy as np
import pytest

from cpam_train.importers import ImportOptions, import_options
from napari_cpam_stroke.errors import InputError

SAID = {"meanings": ["1=hemorrhage"]}


@pytest.fixture
def listed(tmp_path, head, nifti_writer):
    """Writes heads with bleeds of value 1 and a list of them; returns the list's path."""

    def write(entries, *, name="datalist.json", **more):
        src = tmp_path / "src"
        for number, stem in enumerate(("a", "b")):
            hu, mask = head(number, slices=2, size=64, lesion=2)
            nifti_writer(src / "imagesTr" / f"{stem}.nii.gz", hu)
            nifti_writer(src / "labelsTr" / f"{stem}.nii.gz", (mask > 0).astype(np.uint8))
        (src / name).write_text(json.dumps({**entries, **more}), encoding="utf-8-sig")
        return src / name

    return write


def pair(stem, **more):
    return {"image": f"./imagesTr/{stem}.nii.gz", "label": f"labelsTr/{stem}.nii.gz", **more}


def test_a_datalist_comes_in_with_the_users_values_and_says_nothing_of_the_other_class(listed, store, import_folder):
    path = listed({"training": [pair("a", fold=0)], "validation": [pair("b")], "testing": ["imagesTr/c.nii.gz"]})
    summary = import_folder("monai", path, import_options(**SAID))
    assert (summary.cases, summary.skipped) == (2, ())
    for record in store.cases():
        annotation = store.read_annotation(record.head)
        assert set(np.unique(annotation.mask)) == {0, 2}
        assert record.labels == (-1, 1)
        assert record.case_id.startswith("monai-")
        assert "imagesTr" not in record.case_id
    told = " ".join(summary.complaints)
    assert "1 test images of the list have no label" in told
    assert "training 1, validation 1); splits are drawn by patient" in told


def test_values_that_nobody_names_are_refused(listed, import_folder):
    with pytest.raises(InputError, match=r'Nothing says what the values.*--map "1=hemorrhage"'):
        import_folder("monai", listed({"training": [pair("a")]}))


def test_names_in_the_list_say_what_values_are(listed, store, import_folder):
    path = listed({"training": [pair("a")]}, labels={"0": "background", "1": "ischemic stroke"}, modality={"0": "CT"})
    import_folder("monai", path)
    assert store.cases()[0].labels == (1, -1)


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({"image": "../secret.nii.gz", "label": "labelsTr/a.nii.gz"}, "outside its folder"),
        ({"image": "/etc/hostname", "label": "labelsTr/a.nii.gz"}, "outside its folder"),
        ({"image": "link.nii.gz", "label": "labelsTr/a.nii.gz"}, "outside its folder"),
        ({"image": "..\\secret.nii.gz", "label": "labelsTr/a.nii.gz"}, "outside its folder"),
        ({"image": "imagesTr/a.nii.gz", "label": "labelsTr/z.nii.gz"}, "is missing"),
        ({"image": "imagesTr/\0.nii.gz", "label": "labelsTr/a.nii.gz"}, "cannot be"),
        ({"image": "imagesTr/a.nii.gz"}, "names no label"),
    ],
)
def test_a_bad_entry_is_skipped_with_its_reason_and_the_others_come_in(listed, tmp_path, import_folder, entry, says):
    path = listed({"training": [entry, pair("b")]})
    (tmp_path / "secret.nii.gz").write_bytes((path.parent / "imagesTr" / "a.nii.gz").read_bytes())
    (path.parent / "link.nii.gz").symlink_to(tmp_path / "secret.nii.gz")
    summary = import_folder("monai", path, import_options(**SAID))
    assert summary.cases == 1
    assert says in summary.skipped[0].reason


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ({"training": [{"image": ["a.nii", "b.nii"], "label": "c.nii"}]}, "Several files as image of entry 1"),
        ({"training": [{"image": "a.nii", "label": 1}]}, "format csv"),
        ({"training": [{"label": "a.nii"}]}, "No image in entry 1"),
        ({"training": "a.nii"}, "is no list"),
        ({"training": [3]}, "Cannot read entry 1"),
        ({"train": [pair("a")]}, "lists no image with a label, got train"),
        ({}, "lists no image with a label, got nothing"),
    ],
)
def test_a_list_that_cannot_be_read_is_one_sentence(listed, import_folder, content, says):
    with pytest.raises(InputError, match=says):
        import_folder("monai", listed(content), import_options(**SAID))


@pytest.mark.parametrize("text", ["", "{", "[1]", "[" * 100_000, "\xff"])
def test_a_file_that_is_no_list_is_one_sentence(tmp_path, import_folder, text):
    (tmp_path / "list.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError, match=r"list\.json"):
        import_folder("monai", tmp_path / "list.json", import_options(**SAID))


def test_one_image_with_two_labels_is_refused_and_one_listed_twice_alike_is_not(listed, import_folder):
    other = {"image": "./imagesTr/a.nii.gz", "label": "labelsTr/b.nii.gz"}
    summary = import_folder(
        "monai", listed({"training": [pair("a"), other, pair("b"), pair("b")]}), import_options(**SAID)
    )
    assert summary.cases == 1
    assert "an image 2 times with different labels" in summary.skipped[0].reason
    assert summary.skipped[0].name == "a"


def test_paths_may_count_from_another_folder(listed, tmp_path, import_folder):
    path = listed({"training": [pair("a")]})
    away = tmp_path / "lists" / "list.json"
    away.parent.mkdir()
    away.write_bytes(path.read_bytes())
    with pytest.raises(InputError, match="is missing"):
        import_folder("monai", away, import_options(**SAID))
    assert import_folder("monai", away, import_options(**SAID, root=path.parent)).cases == 1


def test_a_mask_on_another_grid_is_refused(listed, import_folder):
    path = listed({"training": [pair("a"), pair("b")]})
    mask = nib.load(path.parent / "labelsTr" / "a.nii.gz")
    moved = mask.affine @ np.diag([1.1, 1, 1, 1])
    nib.save(nib.Nifti1Image(np.asarray(mask.dataobj), moved), path.parent / "labelsTr" / "a.nii.gz")
    summary = import_folder("monai", path, import_options(**SAID))
    assert summary.cases == 1
    assert "another grid" in summary.skipped[0].reason


def test_a_decathlon_task_needs_the_names_of_its_values(listed, store, import_folder):
    path = listed(
        {"training": [pair("a"), pair("b")], "test": ["./imagesTs/c.nii.gz"]},
        name="dataset.json",
        labels={"0": "background", "1": "hematoma"},
        modality={"0": "CT"},
    )
    assert import_folder("msd", path.parent).cases == 2
    assert {record.labels for record in store.cases()} == {(-1, 1)}


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"labels": {"0": "background", "1": "lesion"}}, r'not understood.*--map "lesion=hemorrhage"'),
        ({"labels": {"0": "background", "1": "ICH"}, "modality": {"0": "MRI"}}, "not CT"),
        ({}, r"dataset\.json cannot be read"),
    ],
)
def test_a_decathlon_task_that_does_not_say_what_it_holds_is_refused(listed, import_folder, more, says):
    path = listed({"training": [pair("a")]}, name="dataset.json", **more)
    with pytest.raises(InputError, match=says):
        import_folder("msd", path.parent, ImportOptions())


def test_a_lesion_drawn_as_0_is_refused(listed, import_folder):
    with pytest.raises(InputError, match="0 as a lesion"):
        import_folder("monai", listed({"training": [pair("a")]}), import_options(meanings=["0=hemorrhage", "1=ignore"]))
