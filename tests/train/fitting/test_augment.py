from dataclasses import replace

import pytest
import torch

from cpam_train.config import AugmentConfig
from cpam_train.fitting.augment import Augment
from napari_cpam_stroke.config import STROKE, PreprocessConfig

PREPROCESS = PreprocessConfig(size=64)
NOTHING = AugmentConfig(**{f: 0.0 for f in AugmentConfig.__dataclass_fields__ if f.endswith("_p")})
CHANGES = {
    "rotate": {"rotate_p": 1},
    "scale": {"scale_p": 1},
    "translate": {"translate_p": 1, "translate_share": 0.2},
    "shear": {"shear_p": 1, "shear_degrees": 20},
    "mirror": {"mirror_p": 1},
    "flip": {"flip_p": 1},
    "crop": {"crop_p": 1},
    "elastic": {"elastic_p": 1},
    "brightness": {"brightness_p": 1},
    "contrast": {"contrast_p": 1},
    "noise": {"noise_p": 1},
    "blur": {"blur_p": 1},
    "equalize": {"equalize_p": 1},
}


def batch(n=4):
    """A disc of 20 HU with a 60 HU lesion, off centre, in three windows."""
    y, x = torch.meshgrid(torch.arange(64.0), torch.arange(64.0), indexing="ij")
    hu = torch.where((y - 32) ** 2 + (x - 32) ** 2 < 28**2, 30.0, -20.0)
    lesion = (y - 20) ** 2 + (x - 42) ** 2 < 64
    hu[lesion] = 55.0
    image = torch.stack([((hu - w.low) / w.width).clamp(0, 1) for w in PREPROCESS.windows])
    return image.expand(n, -1, -1, -1).contiguous(), lesion.to(torch.uint8).expand(n, -1, -1).contiguous()


def test_no_change_is_the_identity():
    image, mask = batch()
    changed, moved = Augment(NOTHING, PREPROCESS)(image, mask)
    torch.testing.assert_close(changed, image, atol=1e-5, rtol=0)
    assert torch.equal(moved, mask)


@pytest.mark.parametrize("name", CHANGES)
def test_every_change_changes_the_image_and_keeps_range_and_types(name):
    torch.manual_seed(1)
    image, mask = batch()
    changed, moved = Augment(replace(NOTHING, **CHANGES[name]), PREPROCESS)(image, mask)
    assert not torch.allclose(changed, image, atol=1e-3)
    assert changed.shape == image.shape
    assert changed.min() >= 0
    assert changed.max() <= 1
    assert moved.dtype == mask.dtype
    assert set(moved.unique().tolist()) <= {0, 1}


@pytest.mark.parametrize("name", ["rotate", "scale", "translate", "shear", "mirror", "flip", "crop", "elastic"])
def test_mask_moves_with_the_image(name):
    """The lesion is the only tissue above 45 HU, so the moved mask must cover just that."""
    torch.manual_seed(2)
    image, mask = batch(8)
    changed, moved = Augment(replace(NOTHING, **CHANGES[name]), PREPROCESS)(image, mask)
    bright = changed[:, 0] > 42.5 / 80
    union = (bright | moved.bool()).sum()
    assert (bright & moved.bool()).sum() / union > 0.93


def test_mirror_and_flip_are_exact():
    image, mask = batch()
    mirrored, moved = Augment(replace(NOTHING, mirror_p=1), PREPROCESS)(image, mask)
    torch.testing.assert_close(mirrored, image.flip(-1), atol=1e-5, rtol=0)
    assert torch.equal(moved, mask.flip(-1))
    flipped, _ = Augment(replace(NOTHING, flip_p=1), PREPROCESS)(image, mask)
    torch.testing.assert_close(flipped, image.flip(-2), atol=1e-5, rtol=0)


def test_brightness_is_the_same_number_of_hu_in_every_window():
    torch.manual_seed(0)
    image, _ = batch()
    changed = Augment(replace(NOTHING, brightness_p=1, brightness_hu=5), PREPROCESS).change_grey(image)
    shift = [(changed - image)[:, c, 40, 32] * w.width for c, w in enumerate(PREPROCESS.windows)]
    torch.testing.assert_close(shift[0], shift[1])
    torch.testing.assert_close(shift[0], shift[2])
    assert shift[0].abs().max() <= 5


def test_neighbours_in_windows_of_their_own_change_by_as_many_hu():
    torch.manual_seed(0)
    shown = replace(PREPROCESS, context_slices=3, context_windows=(STROKE,))
    image = torch.stack([torch.full((1, 8, 8), (35 - w.low) / w.width) for w in shown.channel_windows], dim=1)
    changed = Augment(replace(NOTHING, brightness_p=1, brightness_hu=5), shown).change_grey(image)
    shift = [float((changed - image)[0, c, 4, 4] * w.width) for c, w in enumerate(shown.channel_windows)]
    assert len(shift) == 5
    assert shift == pytest.approx([shift[0]] * 5, abs=1e-4)
    assert shift[0] != 0


def test_black_and_white_of_a_window_stay_so():
    image, _ = batch()
    image[:, :, 10:12, 10:12] = 1
    config = replace(NOTHING, brightness_p=1, contrast_p=1, noise_p=1, noise_hu=20)
    changed = Augment(config, PREPROCESS).change_grey(image)
    assert changed[:, :, 0, 0].abs().max() == 0
    assert changed[:, :, 10:12, 10:12].min() == 1


def test_from_the_bone_end_on_all_is_white_and_below_it_nothing_changes():
    torch.manual_seed(0)
    hu = torch.arange(0.0, 100.0).view(1, 1, 10, 10)
    image = torch.cat([((hu - w.low) / w.width).clamp(0, 1) for w in PREPROCESS.windows], dim=1).repeat(40, 1, 1, 1)
    changed = Augment(replace(NOTHING, bone_end_p=1, bone_end_hu=(85.0, 95.0)), PREPROCESS).change_grey(image)
    wide = PREPROCESS.windows.index(max(PREPROCESS.windows, key=lambda window: window.high))
    ends = (changed[:, wide] == 1).flatten(1).float().argmax(dim=1)
    assert ends.min() >= 85
    assert ends.max() <= 95
    assert len(ends.unique()) > 3
    below = (hu < 85).expand_as(image)
    torch.testing.assert_close(changed[below], image[below], atol=1e-5, rtol=0)


def test_crop_size_gives_native_pixels_inside_the_image():
    torch.manual_seed(0)
    image, mask = batch(16)
    augment = Augment(replace(NOTHING, crop_size=32, crop_lesion_share=1.0), PREPROCESS)
    cut, moved = augment(image, mask)
    assert cut.shape == (16, 3, 32, 32)
    assert moved.flatten(1).any(dim=1).all()
    assert torch.isin((cut[:, 0] * 80).round(), torch.arange(0, 81.0)).all()


def test_same_seed_same_batch():
    image, mask = batch()
    augment = Augment(AugmentConfig(), PREPROCESS)
    torch.manual_seed(5)
    first = augment(image, mask)
    torch.manual_seed(5)
    second = augment(image, mask)
    assert torch.equal(first[0], second[0])
    assert torch.equal(first[1], second[1])
