"""The phantom's truth against itself at a fine grid: every other measurement stands on it."""

import numpy as np
import pydicom
import pytest

from napari_cpam_stroke.core import CTVolume, LesionClass, measure_lesions
from napari_cpam_stroke.samples import (
    Ellipsoid,
    HeadPhantom,
    Wedge,
    even_steps,
    phantom_volume,
    stack_geometry,
    stroke_case,
    stroke_geometry,
)


@pytest.mark.parametrize(
    "solid",
    [
        Ellipsoid((3.0, -4.0, 5.0), (11.0, 17.0, 8.0), 25.0),
        Wedge((0.0, 0.0, 9.0), (66.0, 84.0), 0.42, 0.92, 8.0, 24.0, 22.0),
        Wedge((1.0, 2.0, 3.0), (40.0, 50.0), 0.3, 0.8, 200.0, 15.0, 12.0),
    ],
)
def test_closed_form_volume_equals_a_fine_count(solid):
    grid = [np.arange(low - 1, high + 1, 0.75) for low, high in solid.bounds_mm]
    points = np.stack(np.meshgrid(*grid, indexing="ij"), axis=-1)
    inside = solid.contains(points.astype(np.float32))
    assert inside.sum() * 0.75**3 / 1000 == pytest.approx(solid.volume_ml, rel=0.004)
    centre = solid.centroid_mm() if isinstance(solid, Wedge) else solid.centre_mm
    np.testing.assert_allclose(points[inside].mean(axis=0), centre, atol=0.05)


@pytest.mark.parametrize("phantom", [HeadPhantom.stroke(), HeadPhantom.measured()], ids=["stroke", "measured"])
def test_truth_mask_has_the_exact_ml_and_place(phantom):
    geometry = stack_geometry(
        even_steps(50, 2.0), shape_yx=(192, 192), pixel_spacing_mm=(1.1, 1.1), thickness_mm=2.0, centre_mm=(6, -21, 40)
    )
    mask = phantom.truth_mask(geometry, (192, 192))
    volume = CTVolume(np.zeros(mask.shape, np.int16), geometry, "x")
    table = measure_lesions(mask, volume)
    assert len(table.lesions) == 2
    for lesion in table.lesions:
        name = lesion.lesion_class.label
        assert table.volumes_ml[name] == pytest.approx(phantom.truth_ml[name], rel=0.01)
        np.testing.assert_allclose(lesion.centroid_lps_mm, phantom.truth_lps_mm[name], atol=0.3)


def test_bodies_of_the_measured_head_do_not_touch_each_other_or_the_skull():
    phantom = HeadPhantom.measured()
    bodies = [lesion.solid for lesion in phantom.lesions] + [ball for ball, _ in phantom.landmarks.values()]
    grid = np.stack(np.meshgrid(*[np.arange(-100, 101, 2.0, dtype=np.float32)] * 3, indexing="ij"), axis=-1)
    skull_inside = Ellipsoid((0, 0, 0), (68.0 - 4, 86.0 - 4, 92.0 - 4)).contains(grid)
    count = np.zeros(grid.shape[:3], dtype=int)
    for body in bodies:
        inside = body.contains(grid)
        assert inside.any()
        assert skull_inside[inside].all()
        count += inside
    assert count.max() == 1


def test_densities_are_those_of_a_stroke():
    volume = phantom_volume()
    mask = HeadPhantom.stroke().truth_mask(volume.geometry, volume.shape[1:])
    ischemia, hemorrhage = (volume.hu[mask == c].mean() for c in LesionClass)
    mirrored = volume.hu[:, :, ::-1][mask == LesionClass.ISCHEMIA].mean()
    assert 8 < mirrored - ischemia < 16
    assert 60 < hemorrhage < 70
    assert volume.hu.max() > 700
    assert volume.hu[0, 0, 0] < -950


def test_rendering_is_the_same_every_time_and_callers_get_their_own_copy():
    first, second = phantom_volume(), phantom_volume()
    assert first.content_hash == second.content_hash
    first.hu[:] = 0
    assert phantom_volume().hu.max() > 700
    geometry = stroke_geometry(64)
    phantom = HeadPhantom.stroke()
    np.testing.assert_array_equal(phantom.render(geometry, (64, 64)), phantom.render(geometry, (64, 64)))


def test_stroke_case_is_24_files_of_256_by_256(tmp_path):
    folder = stroke_case(tmp_path / "case")
    files = sorted(folder.iterdir())
    assert len(files) == 24
    dataset = pydicom.dcmread(files[3])
    assert (dataset.Rows, dataset.Columns, float(dataset.SliceThickness)) == (256, 256, 5.0)
    assert dataset.pixel_array.shape == (256, 256)
