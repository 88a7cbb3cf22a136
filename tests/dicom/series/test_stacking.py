"""Order, copies, geometry and gaps of a stack of frame headers."""

from pathlib import Path

import numpy as np
import pytest

from napari_cpam_stroke.core import VolumeGeometry
from napari_cpam_stroke.dicom.series.stacking import (
    gap_warnings,
    gaps,
    geometry_notices,
    stack_frames,
    stack_geometry,
)


def geometry_of(places, thickness=5.0, *, tilt_degrees: float = 0.0) -> VolumeGeometry:
    z = np.asarray(places, dtype=float)
    sway = z * np.tan(np.radians(tilt_degrees))
    return VolumeGeometry(
        np.stack([0 * z, sway, z], axis=1), np.eye(3)[0], np.eye(3)[1], (0.5, 0.5), np.broadcast_to(thickness, z.shape)
    )


def sentences(notices) -> list[str]:
    return [notice.sentence for notice in notices]


def told(frames) -> list[str]:
    """Return the sentences about the stack of some frames."""
    return sentences(geometry_notices(stack_geometry(frames), frames))


def heights(frames) -> list[float]:
    return [frame.position[2] for frame in frames]


def test_frames_are_ordered_by_place_and_not_by_number(header):
    shuffled = [header(z, instance_number=n) for z, n in ((10, 1), (0, 2), (15, 3), (5, 4))]
    stack = stack_frames(shuffled)
    assert heights(stack.frames) == [0, 5, 10, 15]
    assert stack.copies == ()


def test_without_positions_frames_are_ordered_by_number_then_name_then_frame(header):
    said = [(2, "b", 1), (1, "c", 2), (1, "c", 1), (1, "a", 9)]
    frames = [
        header(position=None, instance_number=n, path=Path(name), frame_number=f, sop_instance_uid=f"1.{i}")
        for i, (n, name, f) in enumerate(said)
    ]
    kept = stack_frames(frames).frames
    assert [(f.instance_number, f.path.name, f.frame_number) for f in kept] == sorted(said)


def test_one_frame_without_a_position_leaves_the_order_to_the_numbers(header):
    frames = [header(10, instance_number=1), header(0, instance_number=2, position=None)]
    assert [f.instance_number for f in stack_frames(frames).frames] == [1, 2]


@pytest.mark.parametrize(("apart_mm", "kept"), [(0.0, 1), (0.049, 1), (0.051, 2)])
def test_two_images_of_one_place_are_one_slice(header, apart_mm, kept):
    frames = [header(0, instance_number=1), header(apart_mm, instance_number=2)]
    stack = stack_frames(frames)
    assert len(stack.frames) == kept
    assert [(f.instance_number, same) for f, same in stack.copies] == [(2, False)][: 2 - kept]


def test_closeness_is_measured_from_the_slice_kept(header):
    """Four images 0.03 mm apart reach over 0.09 mm: two places, not one."""
    stack = stack_frames([header(0.03 * i, instance_number=i + 1) for i in range(4)])
    assert [f.instance_number for f in stack.frames] == [1, 3]


def test_a_copy_of_the_same_image_is_told_from_another_one(header):
    first, again = (header(0, instance_number=1, path=Path(name)) for name in "ab")
    other = header(0, instance_number=2)
    stack = stack_frames([again, other, first])
    assert [f.path.name for f in stack.frames] == ["a"]
    assert [same for _, same in stack.copies] == [True, False]


def test_without_positions_only_the_same_image_is_a_copy(header):
    def at(number, uid, frame=1):
        return header(position=None, instance_number=number, sop_instance_uid=uid, frame_number=frame)

    stack = stack_frames([at(1, "x"), at(2, "x"), at(3, "x", 2), at(4, "y"), at(5, ""), at(6, "")])
    assert [f.instance_number for f in stack.frames] == [1, 3, 4, 5, 6]
    assert [(f.instance_number, same) for f, same in stack.copies] == [(2, True)]


def test_the_geometry_is_that_of_the_frames(header):
    geometry = stack_geometry([header(z, thickness=t) for z, t in ((0, 4), (5, 4.5), (12, 5))])
    assert geometry.positions_mm.tolist() == [[0, 0, 0], [0, 0, 5], [0, 0, 12]]
    assert geometry.thickness_mm.tolist() == [4, 4.5, 5]
    assert geometry.pixel_spacing_mm == (0.5, 0.4)
    assert geometry.frame_of_reference_uid == "1.3"
    np.testing.assert_allclose(geometry.row_direction, [1, 0, 0])
    np.testing.assert_allclose(geometry.column_direction, [0, 1, 0])


def test_axes_that_are_not_quite_right_are_made_so(header):
    turn = 1e-3
    axes = [((1.0, turn, 0.0), (turn, 1.0, 0.0)), ((1.0, 3 * turn, 0.0), (turn, 1.0, 0.0))]
    geometry = stack_geometry([header(5 * i, orientation=a) for i, a in enumerate(axes)])
    mean = np.array([1, 2 * turn, 0])
    np.testing.assert_allclose(geometry.row_direction, mean / np.linalg.norm(mean), atol=1e-12)
    assert geometry.row_direction @ geometry.column_direction == pytest.approx(0, abs=1e-15)
    assert np.linalg.norm(geometry.column_direction) == pytest.approx(1, abs=1e-15)
    assert geometry.column_direction[1] > 0.99


@pytest.mark.parametrize("lacking", [{"spacing": None}, {"position": None}, {"orientation": None}])
def test_what_cannot_be_measured_has_no_geometry(header, lacking):
    assert stack_geometry([header(0, **lacking), header(5)]) is None


def test_a_thickness_not_given_is_the_typical_step(header):
    places = (0, 4, 8, 12, 30)
    geometry = stack_geometry([header(z, thickness=None if z != 8 else 5.0) for z in places])
    assert geometry.thickness_mm.tolist() == [4, 4, 5, 4, 4]
    assert stack_geometry([header(0), header(7, thickness=None)]).thickness_mm.tolist() == [5, 7]


def test_a_single_slice_of_unknown_thickness_has_no_geometry(header):
    assert stack_geometry([header(0, thickness=None)]) is None
    assert stack_geometry([header(0)]).thickness_mm.tolist() == [5]


@pytest.mark.parametrize(
    ("places", "thickness", "found"),
    [
        ([0, 5, 10, 15, 20], 5, []),
        ([0, 5, 15, 20, 25], 5, [1]),
        ([0, 5, 10, 20], 5, [2]),
        ([0, 10, 15, 20], 5, [0]),
        ([0, 5, 12.5, 17.5], 1, []),  # one and a half steps are no gap
        ([0, 5, 12.6, 17.6], 1, [1]),
        ([0, 5, 10, 17.4, 24.8, 29.8], 1, []),  # a neighbour as long
        ([0, 5, 10, 15, 25, 35, 40, 45], 5, [3, 4]),  # touching slices: longer than they are thick
        ([0, 5, 10, 15, 22.5, 30, 35, 40], 5, []),  # just as long as one and a half slices are thick
        ([0, 5, 10, 15, 25, 35, 40, 45], 4, []),
        ([0, 5, 10, 15, 25, 35, 40, 45], 4.6, [3, 4]),  # still nearly touching
        ([0, 10], 5, []),
        ([0], 5, []),
    ],
)
def test_gaps(places, thickness, found):
    assert gaps(geometry_of(places, thickness)) == found


def test_a_step_from_thin_to_thick_slices_is_no_gap():
    places = [0, 1, 2, 3, 4, 7, 13, 19]
    thickness = np.array([1, 1, 1, 1, 1, 6, 6, 6.0])
    assert gaps(geometry_of(places, thickness)) == []


def test_a_gap_is_told_with_the_places_that_are_missing():
    (one,) = sentences(gap_warnings(geometry_of([0, 5, 10, 20, 25, 30])))
    assert one == "Slices are missing between z = 10.0 and z = 20.0 mm (at 15.0): a gap of 10.0 mm."
    (three,) = sentences(gap_warnings(geometry_of([0, 5, 25, 30])))
    assert "(at 10.0, 15.0, 20.0)" in three
    assert gap_warnings(geometry_of([0, 5, 10])) == []


def test_gaps_at_either_end_are_measured_by_the_step_beside_them():
    first, last = sentences(gap_warnings(geometry_of([0, 15, 20, 25, 45])))
    assert "(at 5.0, 10.0)" in first
    assert "(at 30.0, 35.0, 40.0)" in last


@pytest.mark.parametrize(("missing", "words"), [(5, "10.0, 15.0, 20.0, 25.0, 30.0"), (6, "6 places")])
def test_many_missing_slices_are_counted(missing, words):
    end = 5 + 5 * (missing + 1)
    (warning,) = sentences(gap_warnings(geometry_of([0, 5, end, end + 5])))
    assert f"(at {words})" in warning


def test_a_gap_just_longer_than_a_step_misses_one_slice():
    (warning,) = sentences(gap_warnings(geometry_of([0, 5, 12.6, 17.6], 1)))
    assert "(at 8.8)" in warning, "never none"


def test_facts_of_an_even_stack(header):
    frames = [header(5 * i) for i in range(4)]
    assert told(frames) == ["Slices 5.00 mm apart.", "Slice thickness 5 mm."]
    alone = [header(0)]
    assert told(alone) == ["Slice thickness 5 mm."]


def test_two_slices_have_a_distance(header):
    assert told([header(0), header(7)]) == ["Slices 7.00 mm apart.", "Slice thickness 5 mm."]


def test_images_at_two_places_are_two_slices_whatever_they_call_themselves(header):
    stack = stack_frames([header(z, instance_number=1, sop_instance_uid="1.9") for z in (0, 5)])
    assert heights(stack.frames) == [0, 5]
    assert stack.copies == ()


def test_thicknesses_are_listed_once_each_in_order(header):
    frames = [header(5 * i, thickness=t) for i, t in enumerate((5.0, 2.504, 2.5, 5.0))]
    assert told(frames)[1] == "Slice thickness 2.5, 5 mm."


def test_variable_steps_are_listed_by_how_common_they_are(header):
    frames = [header(z) for z in (0, 2, 7, 12, 17, 19, 22.52)]
    said = told(frames)[0]
    assert said == "Variable slice distance: 5 mm (3 times), 2 mm (2 times), 3.5 mm (1 times)."


def test_only_six_steps_are_listed(header):
    def said(steps):
        frames = [header(z) for z in np.cumsum([0, *steps])]
        return told(frames)[0]

    six = said((1, 2, 3, 4, 5, 6))
    assert six.count("mm (") == 6
    assert six.endswith("6 mm (1 times).")
    seven = said((1, 2, 3, 4, 5, 6, 7))
    assert seven.count("mm (") == 6
    assert seven.endswith("6 mm (1 times) and others.")


@pytest.mark.parametrize(("degrees", "said"), [(0.19, False), (0.21, True), (18.5, True)])
def test_a_tilt_is_told_from_a_fifth_of_a_degree(header, degrees, said):
    facts = sentences(geometry_notices(geometry_of([0, 5, 10], tilt_degrees=degrees), [header()]))
    assert any("Gantry tilt" in fact for fact in facts) is said
    if said:
        assert facts[-1] == f"Gantry tilt {degrees:.1f} degrees, found from the slice positions."


@pytest.mark.parametrize(("tag", "remark"), [(18.5, False), (-18.5, False), (17.6, False), (17.4, True), (-25, True)])
def test_a_tilt_tag_that_says_otherwise_is_named_and_not_used(header, tag, remark):
    fact = sentences(geometry_notices(geometry_of([0, 5, 10], tilt_degrees=18.5), [header(tilt_tag=tag)]))[-1]
    assert (f"the header's tilt tag says {tag:g} and is not used" in fact) is remark
    assert "Gantry tilt 18.5" in fact


def test_a_gap_carries_its_numbers():
    (gap,) = gap_warnings(geometry_of([0, 5.006, 25.034, 30.034]))
    assert (gap.code, gap.severity) == ("slices-missing", "warning")
    assert gap.data == {"from_z_mm": 5.01, "to_z_mm": 25.03, "slices": 3, "gap_mm": 20.03}
    (short,) = gap_warnings(geometry_of([0, 5, 12.6, 17.6], 1))
    assert short.data == {"from_z_mm": 5, "to_z_mm": 12.6, "slices": 1, "gap_mm": 7.6}


def test_distance_thickness_and_tilt_carry_their_numbers(header):
    frames = [header(z, thickness=t) for z, t in ((0, 5.0), (2.3456, 2.5), (7, 4.0))]
    distance, thickness = geometry_notices(stack_geometry(frames), frames)
    assert distance.data == {"uniform": False, "shortest_mm": 2.346, "longest_mm": 4.654}
    assert thickness.data == {"thinnest_mm": 2.5, "thickest_mm": 5}
    even, _, tilt = geometry_notices(geometry_of([0, 5, 10], tilt_degrees=18.456), [header()])
    assert even.data == {"uniform": True, "shortest_mm": 5, "longest_mm": 5}
    assert tilt.data == {"tilt_degrees": 18.46}
    assert {notice.severity for notice in (distance, thickness, tilt)} == {"info"}
