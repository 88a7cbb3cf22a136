"""BraTS in its published layout, from NIfTI to batches."""

from __future__ import annotations

import nibabel as nib
import numpy as np
import pytest

from cpam_train.brats import CLASSES, BratsDataset, BratsFolder, import_brats, region_masks
from cpam_train.commands.importing import import_into
from napari_cpam_stroke.errors import InputError, StoreError

SHAPE = (6, 40, 44)


def save(path, zyx):
    nib.save(nib.Nifti1Image(zyx.transpose(2, 1, 0), np.diag([-1, -1, 1, 1])), path)


def write_case(root, grade, name, seed):
    """Brain in the middle of empty space; tumour labels 1, 2, 4."""
    rng = np.random.default_rng(seed)
    brain = np.zeros(SHAPE, dtype=bool)
    brain[1:5, 8:32, 10:34] = True
    labels = np.zeros(SHAPE, dtype=np.uint8)
    labels[2:4, 12:22, 14:24] = 2
    labels[2:4, 14:20, 16:22] = 1
    labels[3, 16:18, 18:20] = 4
    folder = root / grade / name
    folder.mkdir(parents=True)
    for channel in ("flair", "t1", "t1ce", "t2"):
        values = np.where(brain, rng.normal(500, 60, SHAPE) + 200 * (labels > 0), 0).astype(np.float32)
        nib.save(
            nib.Nifti1Image(values.transpose(2, 1, 0), np.diag([-1, -1, 1, 1])), folder / f"{name}_{channel}.nii.gz"
        )
    nib.save(nib.Nifti1Image(labels.transpose(2, 1, 0), np.diag([-1, -1, 1, 1])), folder / f"{name}_seg.nii.gz")
    return labels


@pytest.fixture
def source(tmp_path):
    src = tmp_path / "src"
    for number in range(8):
        write_case(src, "HGG" if number % 2 else "LGG", f"Brats18_2013_{number}_1", number)
    write_case(src, "HGG", "Brats18_2013_1_2", 99)  # a second time point of patient 1
    return src


def test_published_layout_becomes_slices_with_our_labels(source, tmp_path):
    folder = BratsFolder.open(tmp_path / "out")
    summary = import_brats(source, folder)
    images, labels = folder.read("Brats18_2013_3_1", 2)
    assert (summary.cases, summary.slices, summary.groups) == (9, 9 * 4, 8)
    assert images.shape == (4, 24, 24)
    assert labels.max() == 3
    assert {name: int(mask.sum()) for name, mask in region_masks(labels).items()} == {"WT": 100, "TC": 36, "ET": 4}
    assert images.mean() == pytest.approx(0, abs=0.4)  # the tumour is brighter than the mean of the brain
    assert images[:, labels > 0].mean() > 1


def test_second_import_adds_nothing_and_splits_stay(source, tmp_path):
    folder = BratsFolder.open(tmp_path / "out")
    import_brats(source, folder)
    before = {case.case_id: case.split for case in folder.cases()}
    again = BratsFolder.open(tmp_path / "out")
    write_case(source, "LGG", "Brats18_TCIA01_7_1", 7)
    summary = import_brats(source, again)
    after = {case.case_id: case.split for case in again.cases()}
    assert (summary.cases, summary.already_there) == (1, 9)
    assert before.items() <= after.items()
    assert after["Brats18_2013_1_1"] == after["Brats18_2013_1_2"]
    assert None not in after.values()


def test_items_have_the_shape_the_trainer_wants(source, tmp_path):
    folder = BratsFolder.open(tmp_path / "out")
    import_brats(source, folder)
    data = BratsDataset(folder, split="train", size=32)
    item = data[2]
    assert item["image"].shape == (4, 32, 32)
    assert item["mask"].shape == (32, 32)
    assert item["slice_label"].tolist() == [1, 1, 1]
    assert item["mask_known"].all()
    assert len(CLASSES) == 3
    assert item["image"][:, :4].abs().max() == 0
    assert data[0]["slice_label"].tolist() == [0, 0, 0]
    assert BratsDataset(folder, split="train", size=16)[2]["image"].shape == (4, 16, 16)


def test_missing_channel_and_unknown_value_are_named(source, tmp_path):
    (source / "LGG" / "Brats18_2013_0_1" / "Brats18_2013_0_1_t1ce.nii.gz").unlink()
    path = source / "HGG" / "Brats18_2013_1_1" / "Brats18_2013_1_1_seg.nii.gz"
    image = nib.load(path)
    nib.save(nib.Nifti1Image(np.full(image.shape, 7, np.uint8), image.affine), path)
    summary = import_brats(source, BratsFolder.open(tmp_path / "out"))
    reasons = " ".join(skipped.reason for skipped in summary.skipped)
    assert summary.cases == 7
    assert "has no t1ce volume" in reasons
    assert "unknown value, got 7" in reasons


def test_command_reaches_it_and_bad_folders_are_one_sentence(source, tmp_path):
    assert import_into("brats", source, tmp_path / "out").cases == 9
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"expected layout.*HGG,LGG"):
        import_into("brats", tmp_path / "empty", tmp_path / "out")
    with pytest.raises(StoreError, match="has no BraTS cases"):
        BratsFolder.open(tmp_path / "nothing", create=False)
    (tmp_path / "out" / "brats.json").write_text("{")
    with pytest.raises(StoreError, match="damaged"):
        BratsFolder.open(tmp_path / "out")
