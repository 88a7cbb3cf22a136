"""Pictures and label pictures: window and values are declared, colours and see-through pixels are refused."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from cpam_train.importers import import_options
from cpam_train.importers.options import window_of
from napari_cpam_stroke.errors import ConfigError, InputError

SAID = {"meanings": ["255=hemorrhage", "128=ignore"], "grey_window": {"centre": 40, "width": 120}}


@pytest.fixture
def slices(tmp_path, head, to_grey):
    """Two slices with a bleed of value 255 and something else of 128."""
    src = tmp_path / "src"
    for part in ("images", "masks"):
        (src / part).mkdir(parents=True)
    for number, name in enumerate(("a", "b")):
        hu, mask = head(number, size=64, lesion=2)
        values = np.where(mask[0] > 0, 255, 0).astype(np.uint8)
        values[0, 0] = 128
        Image.fromarray(to_grey(hu[0])).save(src / "images" / f"{name}.png")
        Image.fromarray(values).save(src / "masks" / f"{name}.png")
    return src


def picture(src, name="images/a.png"):
    return Image.open(src / name)


def test_a_pair_comes_in_by_the_declared_window_and_values(slices, store, head, import_folder):
    assert import_folder("png", slices, import_options(**SAID)).cases == 2
    hu, mask = head(0, size=64, lesion=2)
    brain = (hu[0] > -15) & (hu[0] < 95)
    far = {r.case_id: np.abs(store.read_frames(r.case_id)[0] - hu[0])[brain].max() for r in store.cases()}
    record = store.case(min(far, key=far.get))
    assert far[record.case_id] <= 1
    assert (store.read_mask(record.head) == mask).all()
    assert record.labels == (-1, 1)
    assert (record.hu_floor, record.hu_ceiling) == (-20, 100)


@pytest.mark.parametrize(
    ("left_out", "says"),
    [("grey_window", r"Nothing says with which window.*--window"), ("meanings", r"Nothing says what the values")],
)
def test_what_is_not_declared_is_refused(slices, import_folder, left_out, says):
    with pytest.raises(InputError, match=says):
        import_folder("png", slices, import_options(**{k: v for k, v in SAID.items() if k != left_out}))


def test_an_undeclared_value_is_skipped_by_name(slices, import_folder):
    with pytest.raises(InputError, match=r"without a meaning, got 128"):
        import_folder("png", slices, import_options(**{**SAID, "meanings": ["255=hemorrhage"]}))


def rgb(image):
    return image.convert("RGB")


def tinted(image):
    pixels = np.array(image.convert("RGB"))
    pixels[..., 0] //= 2
    return Image.fromarray(pixels)


def see_through(image):
    pixels = np.array(image.convert("RGBA"))
    pixels[0, 0, 3] = 100
    return Image.fromarray(pixels)


def deep(image):
    return Image.fromarray(np.array(image).astype(np.uint16) * 16)


def palette(image):
    """Two numbers, 0 and 1, shown as black and white: neither reading is the declared one."""
    shown = Image.fromarray((np.array(image) == 255).astype(np.uint8))
    shown.putpalette([0, 0, 0, 255, 255, 255])
    return shown


@pytest.mark.parametrize(
    ("name", "change", "says"),
    [
        ("images/a.png", rgb, ""),
        ("images/a.png", tinted, "is in colour"),
        ("images/a.png", see_through, "see-through"),
        ("images/a.png", deep, "more than 8 bits"),
        ("masks/a.png", rgb, ""),
        ("masks/a.png", tinted, "is in colour"),
        ("masks/a.png", see_through, "see-through"),
        ("masks/a.png", deep, "without a meaning"),
        ("masks/a.png", palette, "greys are other values"),
    ],
)
def test_other_kinds_of_picture(slices, import_folder, name, change, says):
    change(picture(slices, name)).save(slices / name)
    summary = import_folder("png", slices, import_options(**SAID))
    assert [says in case.reason for case in summary.skipped] == ([True] if says else [])
    assert {case.name for case in summary.skipped} <= {"a"}


def test_a_jpeg_is_an_image_but_no_mask(slices, import_folder):
    for part, name in (("images", "a"), ("masks", "b")):
        picture(slices, f"{part}/{name}.png").save(slices / part / f"{name}.jpg", quality=95)
        (slices / part / f"{name}.png").unlink()
    summary = import_folder("png", slices, import_options(**SAID))
    assert summary.cases == 1
    assert "is a JPEG" in summary.skipped[0].reason


def test_a_picture_that_its_header_would_turn_is_refused(slices, import_folder):
    turned = Image.Exif()
    turned[0x0112] = 6
    picture(slices).save(slices / "images" / "a.png", exif=turned)
    assert "asks to turn it" in import_folder("png", slices, import_options(**SAID)).skipped[0].reason


def test_several_pictures_in_one_file_are_refused(slices, import_folder):
    first = picture(slices).copy()
    first.save(slices / "images" / "a.png", save_all=True, append_images=[picture(slices, "images/b.png")])
    assert "several pictures" in import_folder("png", slices, import_options(**SAID)).skipped[0].reason


def test_deep_pictures_need_the_value_of_0_hu(slices, store, import_folder):
    hu = np.arange(64 * 64).reshape(64, 64) % 100
    Image.fromarray((hu + 1024).astype(np.uint16)).save(slices / "images" / "a.png")
    import_folder("png", slices, import_options(**SAID, zero_hu=1024))
    deep_one = next(r for r in store.cases() if r.hu_floor is None)
    assert (store.read_frames(deep_one.case_id)[0] == hu).all()


def test_what_has_no_partner_is_named(slices, import_folder):
    (slices / "masks" / "a.png").unlink()
    (slices / "images" / "b.png").rename(slices / "images" / "c.png")
    with pytest.raises(InputError, match=r"has no mask.*has no picture") as refused:
        import_folder("png", slices, import_options(**SAID))
    assert [case.name for case in refused.value.skipped] == ["a", "c", "b"]


@pytest.mark.parametrize("text", ["", "40", "40/0", "40/-80", "a/b", "40/80/1"])
def test_a_window_is_centre_and_width(text):
    with pytest.raises(ConfigError, match="--window"):
        window_of(text)
