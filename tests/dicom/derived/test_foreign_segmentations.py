"""SEG of other programs: groups shared or not, every kind of segmentation, classes by name and code, nothing unsaid."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from foreign_seg import (
    BRAIN,
    HEMORRHAGE,
    INFARCT,
    TISSUE,
    a_mask,
    foreign_seg,
    groups,
    segment,
    shared,
    small_series,
)
from pydicom.sequence import Sequence as Items
from pydicom.uid import RLELossless

from napari_cpam_stroke.core.label_map import LabelMap
from napari_cpam_stroke.core.labels import LesionClass
from napari_cpam_stroke.core.notice import NoticeCode
from napari_cpam_stroke.dicom import read_segmentation
from napari_cpam_stroke.dicom.derived.segmentation_reader import segmentation_reading
from napari_cpam_stroke.errors import CpamError, InputError, UntouchedMaskError


@pytest.fixture(scope="module")
def volume(tmp_path_factory):
    return small_series(tmp_path_factory.mktemp("small"))


@pytest.fixture
def save(tmp_path):
    def to_file(dataset):
        dataset.save_as(tmp_path / "seg.dcm")
        return tmp_path / "seg.dcm"

    return to_file


def one(volume, label="Hemorrhage", kind=HEMORRHAGE, **how):
    return foreign_seg(volume, [a_mask(volume)], [segment(1, label, kind)], **how)


def test_what_all_frames_share_may_stand_in_the_shared_groups_or_with_each(volume, save):
    seg = one(volume)
    assert "SegmentIdentificationSequence" in shared(seg), "highdicom shares the only segment's number"
    drawn = a_mask(volume) * 2
    np.testing.assert_array_equal(read_segmentation(save(seg), volume), drawn)
    for name in ("SegmentIdentificationSequence", "PlaneOrientationSequence", "PixelMeasuresSequence"):
        for group in groups(seg):
            setattr(group, name, copy.deepcopy(shared(seg)[name].value))
        delattr(shared(seg), name)
    np.testing.assert_array_equal(read_segmentation(save(seg), volume), drawn)


def single_frame(volume):
    drawn = np.zeros(volume.shape, bool)
    drawn[3, 5:9, 5:11] = True
    return foreign_seg(volume, [drawn], [segment(1, "Hemorrhage", HEMORRHAGE)]), drawn


def test_a_single_frame_is_read(volume, save):
    seg, drawn = single_frame(volume)
    assert int(seg.NumberOfFrames) == 1
    np.testing.assert_array_equal(read_segmentation(save(seg), volume), drawn * 2)


@pytest.mark.parametrize("place", ["shared", "root"])
def test_a_single_frame_described_outside_its_group_is_read(volume, save, place):
    seg, drawn = single_frame(volume)
    group = groups(seg)[0]
    target = shared(seg) if place == "shared" else seg
    for name in ("PlanePositionSequence", "DerivationImageSequence", "FrameContentSequence"):
        if place == "shared":
            setattr(shared(seg), name, group[name].value)
        elif name == "PlanePositionSequence":
            target.ImagePositionPatient = group.PlanePositionSequence[0].ImagePositionPatient
    del seg.PerFrameFunctionalGroupsSequence
    np.testing.assert_array_equal(read_segmentation(save(seg), volume), drawn * 2)


def test_fewer_groups_than_frames_is_one_sentence(volume, save):
    seg = one(volume)
    seg.PerFrameFunctionalGroupsSequence = Items(groups(seg)[:-1])
    with pytest.raises(InputError, match="5 descriptions, expected 6"):
        read_segmentation(save(seg), volume)


def test_missing_property_type_leaves_the_label(volume, save):
    seg = one(volume)
    del seg.SegmentSequence[0].SegmentedPropertyTypeCodeSequence
    np.testing.assert_array_equal(read_segmentation(save(seg), volume), a_mask(volume) * 2)
    seg.SegmentSequence[0].SegmentLabel = "Segment_1"
    with pytest.raises(InputError, match=r"not understood, got 1 'Segment_1'.*--map"):
        read_segmentation(save(seg), volume)


@pytest.mark.parametrize("rle", [False, True])
def test_label_map_of_others(volume, save, rle):
    """Values are segment numbers; the numbers need not be ours."""
    bleed, brain = a_mask(volume), ~a_mask(volume)
    how = {"transfer_syntax_uid": RLELossless} if rle else {}
    described = [segment(1, "Brain", BRAIN), segment(2, "ICH", HEMORRHAGE)]
    seg = foreign_seg(volume, [brain, bleed], described, kind="LABELMAP", **how)
    np.testing.assert_array_equal(read_segmentation(save(seg), volume), bleed * 2)


@pytest.mark.parametrize("value", [0.49, 0.51])
def test_fractions_are_cut_at_half_and_said(volume, save, value):
    drawn = a_mask(volume)
    seg = foreign_seg(volume, [drawn * value], [segment(1, "Infarct", INFARCT)], kind="FRACTIONAL")
    reading = segmentation_reading(save(seg), volume)
    np.testing.assert_array_equal(reading.mask, drawn * (value > 0.5))
    assert "pixels from 50% of its maximum" in " ".join(n.sentence for n in reading.notices)


def test_fractions_without_a_maximum_are_refused(volume, save):
    seg = foreign_seg(volume, [a_mask(volume) * 0.7], [segment(1, "Infarct", INFARCT)], kind="FRACTIONAL")
    del seg.MaximumFractionalValue
    with pytest.raises(InputError, match="wholly inside"):
        read_segmentation(save(seg), volume)


def test_empty_frames_are_read(volume, save):
    drawn = np.zeros(volume.shape, bool)
    drawn[2, 4, 5] = True
    seg = foreign_seg(volume, [drawn], [segment(1, "Hemorrhage", HEMORRHAGE)], omit_empty_frames=False)
    assert int(seg.NumberOfFrames) == len(drawn)
    np.testing.assert_array_equal(read_segmentation(save(seg), volume), drawn * 2)


@pytest.mark.parametrize("bleed_first", [True, False])
def test_what_is_no_lesion_erases_nothing_and_is_named(volume, save, bleed_first):
    bleed = a_mask(volume)
    parts = [(bleed, "Hemorrhage", HEMORRHAGE), (np.ones_like(bleed), "Brain", BRAIN)]
    parts = parts if bleed_first else parts[::-1]
    seg = foreign_seg(volume, [p[0] for p in parts], [segment(i, *p[1:]) for i, p in enumerate(parts, start=1)])
    reading = segmentation_reading(save(seg), volume)
    np.testing.assert_array_equal(reading.mask, bleed * 2)
    assert reading.drawn == {LesionClass.HEMORRHAGE}
    assert any(
        "'Brain'" in notice.sentence and notice.code is NoticeCode.LABEL_PASSED_OVER for notice in reading.notices
    )


@pytest.mark.parametrize("bleed_first", [True, False])
def test_where_classes_overlap_hemorrhage_wins_and_the_voxels_are_told(volume, save, bleed_first):
    bleed, infarct = a_mask(volume, 1), a_mask(volume, 2)
    parts = [(bleed, "Hemorrhage", HEMORRHAGE), (infarct, "Infarct", INFARCT)]
    parts = parts if bleed_first else parts[::-1]
    seg = foreign_seg(volume, [p[0] for p in parts], [segment(i, *p[1:]) for i, p in enumerate(parts, start=1)])
    reading = segmentation_reading(save(seg), volume)
    np.testing.assert_array_equal(reading.mask, np.where(bleed, 2, infarct))
    assert f"overlap in {(bleed & infarct).sum()} voxels" in " ".join(n.sentence for n in reading.notices)


@pytest.mark.parametrize(("label", "kind"), [("Segment_1", TISSUE), ("Segment_1", ("1", "99X", "Lesion"))])
def test_a_segment_that_is_not_understood_is_never_an_empty_mask(volume, save, label, kind):
    path = save(one(volume, label, kind))
    with pytest.raises(InputError, match=rf'got 1 \'{label}\'.*--map "{label}=hemorrhage"'):
        read_segmentation(path, volume)
    for word, value in (("hemorrhage", 2), ("ischemia", 1)):
        said = LabelMap.parse([f"{label}={word}"])
        np.testing.assert_array_equal(read_segmentation(path, volume, labels=said), a_mask(volume) * value)


def test_an_unknown_segment_beside_a_known_one_stops_too(volume, save):
    parts = [segment(1, "Hemorrhage", HEMORRHAGE), segment(2, "Segment_2")]
    seg = foreign_seg(volume, [a_mask(volume, 1), a_mask(volume, 2)], parts)
    with pytest.raises(InputError, match="2 'Segment_2'"):
        read_segmentation(save(seg), volume)
    ignored = read_segmentation(save(seg), volume, labels=LabelMap.parse(["Segment_2=ignore"]))
    np.testing.assert_array_equal(ignored, a_mask(volume, 1) * 2)


def test_a_segmentation_of_no_lesion_is_refused(volume, save):
    with pytest.raises(InputError, match=r"No segment .* shows a lesion, got 1 'Brain'"):
        read_segmentation(save(one(volume, "Brain", BRAIN)), volume)


def test_label_and_code_that_contradict_each_other_stop(volume, save):
    with pytest.raises(InputError, match="not understood"):
        read_segmentation(save(one(volume, "Infarct", HEMORRHAGE)), volume)


def test_a_frame_of_an_undescribed_segment_is_refused(volume, save):
    seg = one(volume)
    shared(seg).SegmentIdentificationSequence[0].ReferencedSegmentNumber = 7
    with pytest.raises(InputError, match="does not describe, got 7"):
        read_segmentation(save(seg), volume)


def test_who_made_it_is_told(volume, save):
    seg = foreign_seg(volume, [a_mask(volume)], [segment(1, "ICH", HEMORRHAGE, "SEMIAUTOMATIC", ("Bleeder", "3.1"))])
    (maker,) = segmentation_reading(save(seg), volume).makers
    assert (maker.made_by, maker.algorithm_name, maker.algorithm_version) == ("SEMIAUTOMATIC", "Bleeder", "3.1")
    assert "Other" in maker.program


def test_an_untouched_model_mask_is_read_but_is_no_truth(volume, save):
    path = save(foreign_seg(volume, [a_mask(volume)], [segment(1, "ICH", HEMORRHAGE, "AUTOMATIC")]))
    assert read_segmentation(path, volume).any()
    with pytest.raises(UntouchedMaskError, match=r"untouched output of a model.*nnU-Net 2\.5.*automatic=truth"):
        segmentation_reading(path, volume, take_automatic=False)


def test_automatic_segments_beside_drawn_ones_are_left_out_and_named(volume, save):
    parts = [segment(1, "Hemorrhage", HEMORRHAGE), segment(2, "Infarct", INFARCT, "AUTOMATIC")]
    path = save(foreign_seg(volume, [a_mask(volume, 1), a_mask(volume, 2)], parts))
    reading = segmentation_reading(path, volume, take_automatic=False)
    np.testing.assert_array_equal(reading.mask, a_mask(volume, 1) * 2)
    assert reading.drawn == {LesionClass.HEMORRHAGE}
    assert any(
        "2 'Infarct'" in notice.sentence and notice.code is NoticeCode.UNTOUCHED_MASK_LEFT_OUT
        for notice in reading.notices
    )


def test_one_that_names_an_algorithm_but_not_its_part_counts_as_automatic(volume, save):
    seg = foreign_seg(volume, [a_mask(volume)], [segment(1, "ICH", HEMORRHAGE, "AUTOMATIC")])
    del seg.SegmentSequence[0].SegmentAlgorithmType
    with pytest.raises(UntouchedMaskError):
        segmentation_reading(save(seg), volume, take_automatic=False)


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.2", "1.2.3"])
def test_an_encoding_that_is_not_read_is_one_sentence(volume, save, syntax):
    path = save(one(volume))
    path.write_bytes(path.read_bytes().replace(b"1.2.840.10008.1.2.1\0", syntax.encode().ljust(20, b"\0")[:20]))
    with pytest.raises(CpamError):
        read_segmentation(path, volume)
