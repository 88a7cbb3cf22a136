"""Image and colour mask side by side, and the full CPAISD release."""

from __future__ import annotations

import numpy as np
import pytest

from napari_cpam_stroke.errors import InputError

RED, GREEN, CYAN = (255, 0, 0), (0, 255, 0), (0, 255, 255)


def coloured(mask, *colours):
    """Paint the left part of a lesion in the first colour, the rest in the second."""
    picture = np.zeros((*mask.shape, 3), dtype=np.uint8)
    for part, colour in zip(np.array_split(np.argwhere(mask > 0), len(colours)), colours, strict=True):
        picture[part[:, 0], part[:, 1]] = colour
    return picture


@pytest.fixture
def pairs(tmp_path, head, image_writer):
    """Names as MBH-Seg has them: two slices of volume 158, one of 159."""
    src = tmp_path / "src"
    for number, name in enumerate(("158019", "158020", "159002")):
        hu, mask = head(number, lesion=2)
        image_writer(src / "images" / f"{name}.png", np.clip(hu[0], 0, 255))
        image_writer(src / "masks" / f"{name}.png", coloured(mask[0], RED, CYAN))
    return src


@pytest.mark.parametrize(
    ("source", "label", "expected"),
    [
        ("cpaisd", 1, ([1, 0], [True, True], 3)),
        ("mbh", 2, ([-1, 1], [False, True], 2)),
    ],
)
def test_every_colour_is_the_class_of_the_set(pairs, store, head, source, label, expected, import_folder):
    labels, known, groups = expected
    summary = import_folder(source, pairs)
    record = store.case(f"{source}-158020")
    annotation = store.read_annotation(record.head)
    hu, mask = head(1, lesion=2)
    assert summary.groups == groups
    assert np.array_equal(annotation.mask[0], (mask[0] > 0) * label)
    assert annotation.slice_labels.tolist() == [labels]
    assert annotation.mask_known.tolist() == [known]
    assert np.array_equal(store.read_frames(record.case_id)[0], np.clip(hu[0], 0, 255))
    assert (record.hu_floor, record.hu_ceiling) == (0, 255)


def test_image_without_mask_is_named(pairs, import_folder):
    (pairs / "masks" / "159002.png").unlink()
    summary = import_folder("mbh", pairs)
    assert summary.cases == 2
    assert summary.skipped[0].reason.startswith("Image 159002.png has no mask")


def test_unreadable_image_and_size_mismatch_are_named(pairs, image_writer, import_folder):
    (pairs / "images" / "158019.png").write_bytes(b"no picture")
    image_writer(pairs / "masks" / "158020.png", np.zeros((16, 16, 3)))
    reasons = " ".join(s.reason for s in import_folder("mbh", pairs).skipped)
    assert "Image cannot be read" in reasons
    assert "another size than its image" in reasons


def test_nothing_usable_is_an_error_and_leaves_no_case(pairs, store, import_folder):
    for path in (pairs / "masks").iterdir():
        path.unlink()
    with pytest.raises(InputError, match="None of 3 cases could be imported"):
        import_folder("mbh", pairs)
    assert store.cases() == []


def test_same_pixels_under_another_name_are_not_kept_twice(pairs, import_folder):
    for kind in ("images", "masks"):
        (pairs / kind / "160001.png").write_bytes((pairs / kind / "158019.png").read_bytes())
    summary = import_folder("mbh", pairs)
    assert summary.cases == 3
    assert "same as those of a case" in summary.skipped[0].reason


def test_empty_folder_names_the_layout(tmp_path, import_folder):
    (tmp_path / "src").mkdir()
    with pytest.raises(InputError, match=r"images/<slice>\.png and masks/<slice>\.png"):
        import_folder("mbh", tmp_path / "src")


def test_cpaisd_release_is_one_case_per_study_in_position_order(tmp_path, store, head, dicom_writer, import_folder):
    src = tmp_path / "src"
    hu, mask = head(3, slices=3, lesion=1)
    for number, z in enumerate((10.0, 0.0, 5.0)):
        folder = src / ("train", "train", "train")[number] / "1.2.3" / str(number)
        dicom_writer(
            folder / "raw.dcm",
            hu[number],
            PixelSpacing=[0.5, 0.5],
            SliceThickness="5",
            ImagePositionPatient=[0, 0, z],
            ImageOrientationPatient=[1, 0, 0, 0, 1, 0],
        )
        np.savez(folder / "mask.npz", mask=mask[number] * (number + 1 if number < 2 else 2))
        np.savez(folder / "image.npz", image=hu[number])
    summary = import_folder("cpaisd", src)
    record = store.case("cpaisd-1.2.3")
    assert (summary.cases, summary.slices) == (1, 3)
    assert np.array_equal(store.read_frames(record.case_id), np.maximum(hu[[1, 2, 0]], -1024))
    assert record.geometry.distances_mm.tolist() == [0, 5, 10]
    assert store.read_mask(record.head).max() == 1
