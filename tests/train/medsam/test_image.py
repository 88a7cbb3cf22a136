from __future__ import annotations

import numpy as np
import pytest
import torch

from cpam_train.medsam.image import image_of, padded, shown, shrunk


def test_a_slice_fills_the_upper_left_of_its_image():
    image = shown(_upright())
    assert image.shape == (1, 3, 256, 256)
    assert torch.equal(image[0, 0], image[0, 2])
    assert float(image[0, 0, 100, 75]) == pytest.approx(0.875)
    assert (image[..., 200:] == 0).all(), "beyond the slice"


def test_it_shows_the_window_of_the_brain():
    hu = np.full((256, 256), 40, dtype=np.int16)
    hu[:, :100], hu[:, 200:] = -50, 300
    image = image_of(hu)
    assert image[0, 0, 5, [50, 150, 250]].tolist() == [0, 0.5, 1]


def test_what_is_known_of_pixels_lies_where_the_slice_is_shown():
    share = padded(shrunk((_upright() > 0.8).float()))
    assert share.shape == (256, 256)
    assert float(share[100, 75]) == 1
    assert float(share.sum()) == pytest.approx(60 * 60 / 4, rel=0.02)


def _upright() -> torch.Tensor:
    """Return a slice of 512 x 400 with a bright square about row 200, column 150."""
    image = torch.full((512, 400), 0.5)
    image[170:230, 120:180] = 0.875
    return image
