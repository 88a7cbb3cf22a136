"""What lies inside the skull, on heads whose skull is known."""

import numpy as np

from napari_cpam_stroke.core.brain import BONE_HU, inside_skull


def head(*, open_at: tuple[int, int] = (0, 0)) -> np.ndarray:
    """Two slices: air, a ring of bone with scalp around it and brain in it; the ring may have a gap."""
    y, x = np.mgrid[:80, :80] - 39.5
    radius = np.hypot(y, x)
    frame = np.full((80, 80), -1000, dtype=np.int16)
    frame[radius < 36] = 40
    frame[(radius > 28) & (radius < 32)] = 900
    frame[radius < 28] = 35
    frame[open_at[0] : open_at[1], 5:12] = np.where(frame[open_at[0] : open_at[1], 5:12] > BONE_HU, 40, 35)
    return np.stack([frame, frame])


def test_the_brain_is_inside_and_bone_scalp_and_air_are_not() -> None:
    hu = head()
    inside = inside_skull(hu)
    radius = np.hypot(*(np.mgrid[:80, :80] - 39.5))
    assert inside[:, radius < 26].all()
    assert not inside[:, radius > 28.5].any()


def test_a_small_gap_of_the_skull_is_closed() -> None:
    inside = inside_skull(head(open_at=(38, 42)))
    assert inside[:, 30:50, 30:50].all()
    assert not inside[:, :8].any()


def test_without_any_ring_of_bone_all_soft_tissue_counts() -> None:
    hu = np.minimum(head(), 80).astype(np.int16)
    np.testing.assert_array_equal(inside_skull(hu), hu >= -10)
