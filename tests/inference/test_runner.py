"""Mirror averaging of a network whose answer is known."""

import numpy as np
import pytest
import torch
from torch import nn

from napari_cpam_stroke.config import ClassifierConfig, SegmenterConfig
from napari_cpam_stroke.core.head import HeadFrame
from napari_cpam_stroke.errors import BundleError
from napari_cpam_stroke.inference.native import NativeGrid
from napari_cpam_stroke.inference.runner import Runner
from napari_cpam_stroke.models import SegmenterOutput

EDGE = 32
CONFIG = SegmenterConfig(input_size=EDGE)


class Pointwise(nn.Module):
    """Finds a class wherever the input is bright: what is mirrored is found mirrored."""

    def forward(self, x):
        masks = (x[:, :1] * 8 - 4).expand(-1, CONFIG.out_channels, -1, -1)
        return SegmenterOutput(masks=masks, image=x[:, 0, :, : EDGE // 4].mean((1, 2))[:, None].expand(-1, 2) * 8 - 4)


class OneSided(nn.Module):
    """Answers by the left half of the image alone."""

    def forward(self, x):
        return x[:, 0, :, : EDGE // 2].mean((1, 2))[:, None].expand(-1, 2) * 8 - 4


@pytest.fixture
def bright_left():
    """Two slices with something on the left of the image only."""
    x = torch.zeros(2, 3, EDGE, EDGE)
    x[:, :, 6:14, 4:12] = 1
    return x


@pytest.fixture
def grid():
    frame = HeadFrame(((EDGE - 1) / 2,) * 2, float(EDGE), 0.0, np.ones((2, EDGE, EDGE), dtype=bool))
    return NativeGrid(frame, size=EDGE, shape_yx=(EDGE, EDGE))


def test_masks_of_the_mirrored_slice_are_mirrored_back(bright_left, grid):
    cpu = torch.device("cpu")
    straight = Runner(Pointwise(), CONFIG, cpu)(bright_left, grid).masks.numpy().astype(int)
    averaged = Runner(Pointwise(), CONFIG, cpu, tta=True)(bright_left, grid).masks.numpy().astype(int)
    assert straight[:, :, 6:14, 4:12].min() > 200
    assert np.abs(averaged - straight).max() <= 1, "a network that treats both sides alike gains and loses nothing"


def test_slice_probabilities_are_the_mean_of_both_sides(bright_left, grid):
    config, cpu = ClassifierConfig(output="sigmoid"), torch.device("cpu")
    there, back = (Runner(OneSided(), config, cpu)(x, grid).image for x in (bright_left, bright_left.flip(-1)))
    assert (there - back).abs().min() > 0.01
    averaged = Runner(OneSided(), config, cpu, tta=True)(bright_left, grid)
    assert averaged.masks is None
    torch.testing.assert_close(averaged.image, (there + back) / 2, atol=5e-3, rtol=0)


def test_masks_and_slices_are_averaged_together(bright_left, grid):
    cpu = torch.device("cpu")
    there, back = (Runner(Pointwise(), CONFIG, cpu)(x, grid).image for x in (bright_left, bright_left.flip(-1)))
    averaged = Runner(Pointwise(), CONFIG, cpu, tta=True)(bright_left, grid).image
    torch.testing.assert_close(averaged, (there + back) / 2, atol=5e-3, rtol=0)


@pytest.mark.parametrize("where", ["masks", "image"])
def test_an_answer_that_is_no_number_is_refused(bright_left, grid, where):
    class TooLarge(Pointwise):
        def forward(self, x):
            answer = super().forward(x)
            return answer._replace(**{where: getattr(answer, where) * torch.inf * 0})

    with pytest.raises(BundleError, match="values that are no numbers, got on cpu"):
        Runner(TooLarge(), CONFIG, torch.device("cpu"))(bright_left, grid)
