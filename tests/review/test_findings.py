import numpy as np
import pytest

from napari_cpam_stroke.core import CTVolume, measure_lesions
from napari_cpam_stroke.review.findings import erasing, measure_drawn


@pytest.mark.parametrize("slices", [(), (0,), (7,), (3, 4), (0, 5), (2, 7), tuple(range(8))])
@pytest.mark.parametrize("with_geometry", [True, False])
def test_measuring_the_drawn_slices_alone_changes_no_figure(volume, slices, with_geometry):
    if not with_geometry:
        volume = CTVolume(volume.hu, None, "case")
    mask = np.zeros(volume.shape, np.uint8)
    for z in slices:
        mask[z, 2:6, 3:9], mask[z, 10:12, 0:2] = 1, 2
    ours, whole = measure_drawn(mask, volume, mask.any(axis=(1, 2))), measure_lesions(mask, volume)
    assert len(ours.lesions) == len(whole.lesions)
    for name, ml in whole.volumes_ml.items():
        assert ours.volumes_ml[name] == (None if ml is None else pytest.approx(ml))
    for a, b in zip(ours.lesions, whole.lesions, strict=True):
        assert (a.lesion_class, a.first_slice, a.last_slice, a.voxels) == (
            b.lesion_class, b.first_slice, b.last_slice, b.voxels,
        )  # fmt: skip
        assert a.centroid_zyx == pytest.approx(b.centroid_zyx)
        assert a.volume_ml == (None if b.volume_ml is None else pytest.approx(b.volume_ml))
        if b.centroid_lps_mm is not None:
            assert a.centroid_lps_mm == pytest.approx(b.centroid_lps_mm)


def test_erasing_takes_one_lesion_and_no_other(volume):
    mask = np.zeros(volume.shape, np.uint8)
    mask[2:4, 2:4, 2:4], mask[2:4, 8:10, 8:10], mask[6, 0, 0] = 1, 1, 2
    for lesion in measure_lesions(mask, volume).lesions:
        left = erasing(mask, lesion).applied(mask)
        assert np.count_nonzero(left != mask) == lesion.voxels
        assert lesion not in measure_lesions(left, volume).lesions
        assert erasing(left, lesion).voxels == 0
