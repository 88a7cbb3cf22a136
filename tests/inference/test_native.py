import numpy as np
import pytest
import torch

from napari_cpam_stroke.core.head import HeadFrame
from napari_cpam_stroke.core.preprocess import to_native
from napari_cpam_stroke.inference.native import NativeGrid


@pytest.mark.parametrize(
    ("centre", "side", "degrees"), [((30.0, 25.0), 48.0, 0.0), ((33.3, 20.1), 70.5, 12.0), ((10.0, 40.0), 30.0, -20.0)]
)
def test_agrees_with_the_core(centre, side, degrees):
    frame = HeadFrame(centre, side, degrees, np.ones((1, 60, 50), dtype=bool))
    maps = np.random.default_rng(0).random((3, 2, 32, 32), dtype=np.float32)
    ours = NativeGrid(frame, size=32, shape_yx=(60, 50)).to_bytes(torch.from_numpy(maps)).numpy()
    core = np.rint(to_native(maps, frame, (60, 50)) * 255)
    different = np.abs(ours.astype(int) - core) > 1
    assert different.mean() < 1e-3  # a pixel exactly on the border may fall to either side
    assert ours.any()
