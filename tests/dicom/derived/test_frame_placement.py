"""A SEG frame lies where it says it lies: all 48 axis orders, and what does not fit is refused in mm."""

from __future__ import annotations

import numpy as np
import pytest
from foreign_seg import (
    AXIS_ORDERS,
    HEMORRHAGE,
    a_mask,
    foreign_seg,
    groups,
    in_axis_order,
    named_image,
    segment,
    shared,
    small_series,
    without_references,
)
from pydicom.uid import generate_uid

from napari_cpam_stroke.dicom import read_segmentation
from napari_cpam_stroke.errors import GeometryMismatchError, InputError


@pytest.fixture(scope="module")
def volume(tmp_path_factory):
    return small_series(tmp_path_factory.mktemp("small"))


@pytest.fixture
def seg(volume):
    return foreign_seg(volume, [a_mask(volume)], [segment(1, "Hemorrhage", HEMORRHAGE)])


def saved(dataset, tmp_path):
    dataset.save_as(tmp_path / "seg.dcm")
    return tmp_path / "seg.dcm"


@pytest.mark.parametrize(("order", "flips"), AXIS_ORDERS)
def test_every_axis_order_comes_back_to_the_voxel(volume, tmp_path, order, flips):
    drawn = a_mask(volume)
    mask = read_segmentation(saved(in_axis_order(volume, drawn, order, flips), tmp_path), volume)
    np.testing.assert_array_equal(mask, drawn * 2)


@pytest.mark.parametrize("flips", [(1, -1, -1), (-1, 1, -1), (1, 1, -1)])
def test_the_hemisphere_is_right_in_mm(volume, tmp_path, flips):
    """A lesion in the patient's left half (LPS x above 0) stays there, however its frames are stored."""
    x = volume.geometry.index_to_patient(np.argwhere(np.ones(volume.shape)))[:, 0].reshape(volume.shape)
    left = x > np.median(x) + 20
    left[:, :10] = False
    path = saved(in_axis_order(volume, left, (0, 1, 2), flips), tmp_path)
    voxels = np.argwhere(read_segmentation(path, volume) == 2)
    assert volume.geometry.index_to_patient(voxels)[:, 0].min() > np.median(x)


@pytest.mark.parametrize("how", [{"tilt": 18.5}, {"distances": (0.0, 5.0, 10.0, 20.0, 30.0, 40.0)}])
@pytest.mark.parametrize("flips", [(1, 1, 1), (1, -1, 1), (-1, -1, -1)])
def test_tilted_and_uneven_series_take_frames_along_their_slices(tmp_path, how, flips):
    volume = small_series(tmp_path / "ct", **how)
    drawn = a_mask(volume)
    seg = foreign_seg(volume, [drawn], [segment(1, "Hemorrhage", HEMORRHAGE)])
    turn_frames(seg, volume, flips)
    np.testing.assert_array_equal(read_segmentation(saved(seg, tmp_path), volume), drawn * 2)


def turn_frames(seg, volume, flips):
    """Store every frame turned as its place says, references untouched."""
    count, rows, columns = int(seg.NumberOfFrames), seg.Rows, seg.Columns
    frames = np.unpackbits(np.frombuffer(seg.PixelData, np.uint8), bitorder="little")[: count * rows * columns]
    frames = frames.reshape(count, rows, columns)[:, :: flips[1], :: flips[2]]
    packed = np.packbits(frames.reshape(-1), bitorder="little").tobytes()
    seg.PixelData = packed + bytes(len(packed) % 2)
    geometry = volume.geometry
    across, down = geometry.row_direction * flips[2], geometry.column_direction * flips[1]
    shift = (geometry.column_direction * geometry.pixel_spacing_mm[0] * (rows - 1)) * (flips[1] < 0)
    shift = shift + (geometry.row_direction * geometry.pixel_spacing_mm[1] * (columns - 1)) * (flips[2] < 0)
    for group in groups(seg):
        place = group.PlanePositionSequence[0]
        place.ImagePositionPatient = [f"{v:.4f}" for v in np.array(place.ImagePositionPatient, float) + shift]
    shared(seg).PlaneOrientationSequence[0].ImageOrientationPatient = [f"{v:.9f}" for v in (*across, *down)]


def test_without_references_the_position_places_it(volume, seg, tmp_path):
    mask = read_segmentation(saved(without_references(seg), tmp_path), volume)
    np.testing.assert_array_equal(mask, a_mask(volume) * 2)


def test_without_references_and_in_no_known_space_it_is_refused(volume, seg, tmp_path):
    del without_references(seg).FrameOfReferenceUID
    with pytest.raises(GeometryMismatchError, match="neither images nor the frame of reference"):
        read_segmentation(saved(seg, tmp_path), volume)


def test_a_part_of_the_field_is_placed(volume, tmp_path):
    """Programs that cut to the lesion write smaller frames on the same pixels."""
    drawn = np.zeros(volume.shape, bool)
    drawn[2:4, 10:15, 8:12] = True
    seg = foreign_seg(volume, [drawn], [segment(1, "Hemorrhage", HEMORRHAGE)])
    cut_frames(seg, drawn, slice(8, 20), slice(6, 22), volume)
    np.testing.assert_array_equal(read_segmentation(saved(seg, tmp_path), volume), drawn * 2)


def cut_frames(seg, drawn, rows, columns, volume):
    slices = {frame.sop_instance_uid: z for z, frame in enumerate(volume.source)}
    kept = [slices[named_image(group).ReferencedSOPInstanceUID] for group in groups(seg)]
    seg.Rows, seg.Columns = rows.stop - rows.start, columns.stop - columns.start
    seg.PixelData = np.packbits(drawn[kept][:, rows, columns].reshape(-1), bitorder="little").tobytes()
    for z, group in zip(kept, groups(seg), strict=True):
        corner = volume.geometry.index_to_patient([[z, rows.start, columns.start]])[0]
        group.PlanePositionSequence[0].ImagePositionPatient = [f"{v:.4f}" for v in corner]


def shift_all(seg, mm):
    for group in groups(seg):
        place = group.PlanePositionSequence[0]
        place.ImagePositionPatient = [
            f"{float(a) + b:.4f}" for a, b in zip(place.ImagePositionPatient, mm, strict=True)
        ]


@pytest.mark.parametrize("mm", [(0.3, 0, 0), (4.5, 0, 0), (0, 4.0, 0), (0, 0, 2.5)])
@pytest.mark.parametrize("references", [True, False])
def test_a_grid_between_the_pixels_is_refused_in_mm(volume, seg, tmp_path, mm, references):
    shift_all(seg if references else without_references(seg), mm)
    with pytest.raises(GeometryMismatchError, match=r"\d\.\d\d mm beside"):
        read_segmentation(saved(seg, tmp_path), volume)


@pytest.mark.parametrize("mm", [(9.0, 0, 0), (-18.0, 0, 0), (0, 16.0, 0), (0, 0, 30.0)])
def test_a_grid_moved_by_whole_voxels_is_refused_in_mm(volume, seg, tmp_path, mm):
    shift_all(without_references(seg), mm)
    far = max(abs(v) for v in mm)
    with pytest.raises(GeometryMismatchError, match=rf"{far:.2f} mm beyond the series"):
        read_segmentation(saved(seg, tmp_path), volume)


def test_a_position_on_another_slice_than_the_image_named_is_refused_in_mm(volume, seg, tmp_path):
    shift_all(seg, (0, 0, 5.0))
    with pytest.raises(GeometryMismatchError, match=r"contradicts itself.*slice 2.*slice 1, 5\.00 mm away|beyond"):
        read_segmentation(saved(seg, tmp_path), volume)


def test_frames_that_all_name_one_image_are_refused(volume, seg, tmp_path):
    for group in groups(seg):
        named_image(group).ReferencedSOPInstanceUID = volume.source[0].sop_instance_uid
    with pytest.raises(GeometryMismatchError, match=r"contradicts itself.*mm away"):
        read_segmentation(saved(seg, tmp_path), volume)


def test_another_spacing_is_refused_with_both(volume, seg, tmp_path):
    shared(seg).PixelMeasuresSequence[0].PixelSpacing = [4.0, 4.5]
    with pytest.raises(GeometryMismatchError, match=r"4 x 4\.5 mm apart, those of the series 8 x 9 mm"):
        read_segmentation(saved(seg, tmp_path), volume)


def test_a_spacing_that_swaps_rows_and_columns_is_refused(volume, seg, tmp_path):
    shared(seg).PixelMeasuresSequence[0].PixelSpacing = [9.0, 8.0]
    with pytest.raises(GeometryMismatchError, match="9 x 8 mm apart"):
        read_segmentation(saved(seg, tmp_path), volume)


def test_an_oblique_frame_is_refused_in_degrees(volume, seg, tmp_path):
    c, s = np.cos(np.radians(7)), np.sin(np.radians(7))
    shared(seg).PlaneOrientationSequence[0].ImageOrientationPatient = [c, s, 0, -s, c, 0]
    with pytest.raises(GeometryMismatchError, match=r"turned by 7\.0 degrees"):
        read_segmentation(saved(seg, tmp_path), volume)


def test_another_frame_of_reference_is_refused_with_both(volume, seg, tmp_path):
    seg.FrameOfReferenceUID = other = generate_uid()
    with pytest.raises(GeometryMismatchError, match=f"{other}, expected {volume.geometry.frame_of_reference_uid}"):
        read_segmentation(saved(seg, tmp_path), volume)


@pytest.mark.parametrize("missing", ["PlaneOrientationSequence", "PixelMeasuresSequence"])
def test_what_a_frame_leaves_out_comes_from_the_image_it_names(volume, seg, tmp_path, missing):
    delattr(shared(seg), missing)
    np.testing.assert_array_equal(read_segmentation(saved(seg, tmp_path), volume), a_mask(volume) * 2)


def test_what_a_frame_leaves_out_must_not_hide_a_turn(volume, seg, tmp_path):
    turn_frames(seg, volume, (1, -1, -1))
    del shared(seg).PlaneOrientationSequence
    with pytest.raises(GeometryMismatchError, match=r"mm from the image it names"):
        read_segmentation(saved(seg, tmp_path), volume)


def test_one_misplaced_frame_is_enough(volume, seg, tmp_path):
    place = groups(seg)[3].PlanePositionSequence[0]
    place.ImagePositionPatient = [f"{float(v) + 1:.3f}" for v in place.ImagePositionPatient]
    with pytest.raises(GeometryMismatchError, match="Frame 4"):
        read_segmentation(saved(seg, tmp_path), volume)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("ImagePositionPatient", ["1e9", "0", "0"], "nowhere near"),
        ("ImagePositionPatient", ["1", "0"], "3 numbers"),
    ],
)
def test_an_impossible_place_is_one_sentence(volume, seg, tmp_path, name, value, says):
    setattr(groups(seg)[0].PlanePositionSequence[0], name, value)
    with pytest.raises(InputError, match=says):
        read_segmentation(saved(seg, tmp_path), volume)
