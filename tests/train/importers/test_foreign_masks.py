"""Masks of other programs through the importers: by geometry, by name, and never a model's mask as truth unasked."""

from __future__ import annotations

import json

import nibabel as nib
import numpy as np
import pytest
from foreign_seg import (
    BRAIN,
    HEMORRHAGE,
    INFARCT,
    TISSUE,
    a_mask,
    foreign_seg,
    segment,
    small_series,
    without_references,
)

from cpam_train.importers import ImportOptions, import_options
from cpam_train.importers.fill import fill_store
from cpam_train.importers.registry import FINDERS
from napari_cpam_stroke.core.label_map import LabelMap
from napari_cpam_stroke.dicom import write_nifti, write_segmentation
from napari_cpam_stroke.errors import ConfigError, InputError


def bring_in(source, src, store, options=None):
    options = options or ImportOptions()
    return fill_store(store, source, FINDERS[source](src, options), options)


def only_mask(store):
    (record,) = store.cases()
    return store.read_annotation(record.head)


@pytest.fixture
def volume(tmp_path):
    return small_series(tmp_path / "src" / "ct")


@pytest.fixture
def src(volume, tmp_path):
    return tmp_path / "src"


def add(src, volume, *parts, name="seg.dcm", **how):
    seg = foreign_seg(volume, [p[0] for p in parts], [segment(i, *p[1:]) for i, p in enumerate(parts, 1)], **how)
    seg.save_as(src / name)
    return seg


def test_a_segment_of_another_program_becomes_the_reference_and_says_no_more(src, volume, store):
    add(src, volume, (a_mask(volume), "Intracerebral haematoma", TISSUE), (~a_mask(volume), "Brain", BRAIN))
    summary = bring_in("dicom-seg", src, store)
    annotation = only_mask(store)
    np.testing.assert_array_equal(annotation.mask, a_mask(volume) * 2)
    assert not annotation.mask_known[:, 0].any(), "nobody looked for ischemia"
    assert annotation.series_labels.tolist() == [-1, 1]
    assert any("'Brain'" in notice for notice in summary.complaints)


def test_an_unknown_segment_stops_and_the_option_maps_it(src, volume, store):
    add(src, volume, (a_mask(volume), "Segment_1", TISSUE))
    with pytest.raises(InputError, match=r"1 'Segment_1' \(Tissue\).*--map \"Segment_1=hemorrhage\""):
        bring_in("dicom-seg", src, store)
    bring_in("dicom-seg", src, store, import_options(meanings=["segment_1=ischemia"]))
    np.testing.assert_array_equal(only_mask(store).mask, a_mask(volume))


def test_a_bad_segmentation_stops_no_other(src, volume, store, tmp_path):
    from hazard_suite.base import text

    from napari_cpam_stroke.dicom import read_series, scan_folder
    from napari_cpam_stroke.samples import write_dicom_series

    write_dicom_series(src / "ct2", volume.hu + np.int16(1), volume.geometry, text=text(series="second"))
    second = read_series(scan_folder(src / "ct2").series[0])
    add(src, volume, (a_mask(volume), "Segment_1", TISSUE), name="a.dcm")
    add(src, second, (a_mask(second), "ICH", HEMORRHAGE), name="b.dcm")
    (src / "c.dcm").write_bytes((src / "b.dcm").read_bytes()[:700])
    summary = bring_in("dicom-seg", src, store)
    assert summary.cases == 1
    assert len(summary.skipped) == 2
    assert any("'Segment_1'" in sentence for sentence in summary.complaints)


def test_a_segmentation_without_references_finds_its_series_by_its_space(src, volume, store):
    seg = add(src, volume, (a_mask(volume), "ICH", HEMORRHAGE))
    without_references(seg).save_as(src / "seg.dcm")
    bring_in("dicom-seg", src, store)
    np.testing.assert_array_equal(only_mask(store).mask, a_mask(volume) * 2)


def test_a_segmentation_of_another_folder_is_said(src, volume, store, tmp_path):
    add(src, volume, (a_mask(volume), "ICH", HEMORRHAGE))
    other = small_series(tmp_path / "other", distances=(0.0, 4.0, 8.0))
    seg = foreign_seg(other, [a_mask(other)], [segment(1, "ICH", HEMORRHAGE)])
    seg.FrameOfReferenceUID = "1.2.3.4"
    seg.ReferencedSeriesSequence[0].SeriesInstanceUID = "1.2.3.5"
    seg.save_as(src / "z.dcm")
    summary = bring_in("dicom-seg", src, store)
    assert summary.cases == 1
    assert "z.dcm belongs to no series" in summary.skipped[0].reason


@pytest.mark.parametrize(
    ("sop_class", "says"),
    [("481.3", "an RT structure set: outlines, not pixels"), ("66.5", "a surface segmentation"), ("66.1", "")],
)
def test_outlines_that_are_not_read_are_named_and_a_registration_is_none(src, volume, store, sop_class, says):
    seg = add(src, volume, (a_mask(volume), "ICH", HEMORRHAGE))
    uid = f"1.2.840.10008.5.1.4.1.1.{sop_class}"
    seg.SOPClassUID = seg.file_meta.MediaStorageSOPClassUID = uid
    seg.save_as(src / "other.dcm")
    summary = bring_in("dicom-seg", src, store)
    np.testing.assert_array_equal(only_mask(store).mask, a_mask(volume) * 2)
    assert [says in case.reason for case in summary.skipped] == ([True] if says else [])


def test_several_segmentations_are_all_read(src, volume, store):
    bleed, infarct = a_mask(volume, 1), a_mask(volume, 2) & ~a_mask(volume, 1)
    add(src, volume, (bleed, "ICH", HEMORRHAGE), name="one.dcm")
    add(src, volume, (infarct, "Infarct", INFARCT), name="two.dcm")
    bring_in("dicom-seg", src, store)
    np.testing.assert_array_equal(only_mask(store).mask, bleed * 2 + infarct)


@pytest.mark.parametrize("ours", [True, False])
def test_an_untouched_model_mask_is_truth_only_when_asked(src, volume, store, ours):
    if ours:
        how = {"algorithm_type": "AUTOMATIC", "algorithm_name": "default", "algorithm_version": "1.0"}
        write_segmentation(src / "seg.dcm", (a_mask(volume) * 2).astype(np.uint8), volume, **how)
    else:
        add(src, volume, (a_mask(volume), "ICH", HEMORRHAGE, "AUTOMATIC", ("default", "1.0")))
    with pytest.raises(InputError, match=r"untouched output of a model.*automatic=truth"):
        bring_in("dicom-seg", src, store)
    bring_in("dicom-seg", src, store, import_options(["automatic=truth"]))
    (record,) = store.cases()
    revision = store.revision(record.head)
    assert revision.algorithm_type == "AUTOMATIC"
    assert "default 1.0" in revision.comment
    assert "default 1.0" in record.comment


def test_what_made_a_corrected_mask_is_kept_with_the_case(src, volume, store):
    add(src, volume, (a_mask(volume), "ICH", HEMORRHAGE, "SEMIAUTOMATIC", ("Bleeder", "3.1")))
    bring_in("dicom-seg", src, store)
    revision = store.revision(store.cases()[0].head)
    assert revision.algorithm_type == "SEMIAUTOMATIC"
    assert revision.comment == "SEMIAUTOMATIC by Bleeder 3.1 in Other 1"


def nifti_case(root, images, masks, hu, mask, affine, mask_affine=None):
    for folder, values, where in (
        (images, hu, affine),
        (masks, mask, affine if mask_affine is None else mask_affine),
    ):
        (root / folder).parent.mkdir(parents=True, exist_ok=True)
        nib.save(nib.Nifti1Image(np.ascontiguousarray(values), where), root / folder)


AFFINE = np.array([[-0.8, 0, 0, 40], [0, -0.6, 0, 30], [0, 0, 5, -20], [0, 0, 0, 1]])
HU = np.random.default_rng(0).integers(-50, 100, (20, 16, 6)).astype(np.int16)
DRAWN = np.random.default_rng(1).random(HU.shape) < 0.2


@pytest.mark.parametrize("codes", [a + b + c for a in "LR" for b in "AP" for c in "SI"] + ["SAR", "PLS", "PIR", "IRP"])
def test_a_nifti_mask_in_other_axes_is_the_same_mask(tmp_path, store, codes):
    mask = nib.Nifti1Image((DRAWN * 2).astype(np.uint8), AFFINE)
    wanted = nib.orientations.axcodes2ornt(tuple(codes))
    turned = mask.as_reoriented(nib.orientations.ornt_transform(nib.io_orientation(AFFINE), wanted))
    values = np.asarray(turned.dataobj)
    nifti_case(tmp_path, "images/a.nii.gz", "masks/a.nii.gz", HU, values, AFFINE, turned.affine)
    bring_in("nifti", tmp_path, store)
    record = store.cases()[0]
    mask, hu = store.read_mask(record.head), store.read_frames(record.case_id)
    assert sorted(hu[mask == 2].tolist()) == sorted(HU[DRAWN].tolist())
    assert (mask == 2).sum() == DRAWN.sum()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (np.diag([-1.0, -1, 1, 1]), r"corners up to \d+\.\d\d mm apart, expected at most 0\.1 mm"),
        (np.array([[1, 0, 0, 0.4], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1.0]]), r"corners up to 0\.40 mm"),
        (np.diag([1.1, 1, 1, 1]), r"0\.88 x 0\.6 x 5 mm.*0\.8 x 0\.6 x 5 mm"),
    ],
)
def test_a_nifti_mask_on_another_grid_is_refused_in_mm(tmp_path, store, change, says):
    """The first: same origin, rows and columns in opposite directions."""
    moved = change @ AFFINE
    if change[0, 0] == -1:
        moved[:3, 3] = AFFINE[:3, 3]
    nifti_case(tmp_path, "images/a.nii.gz", "masks/a.nii.gz", HU, (DRAWN * 2).astype(np.uint8), AFFINE, moved)
    with pytest.raises(InputError, match=rf"on another grid than its image, got .*{says}") as refused:
        bring_in("nifti", tmp_path, store)
    got, _, expected = str(refused.value).partition(", got ")[2].partition(", expected ")
    assert got != expected.split(";")[0]


def test_a_header_with_two_places_is_refused(tmp_path, store):
    nifti_case(tmp_path, "images/a.nii", "masks/a.nii", HU, (DRAWN * 2).astype(np.uint8), AFFINE)
    mask = nib.load(tmp_path / "masks" / "a.nii", mmap=False)
    mask = nib.Nifti1Image(np.asarray(mask.dataobj), AFFINE)
    mask.set_qform(AFFINE @ np.diag([-1, -1, 1, 1]), code=1)
    mask.set_sform(AFFINE, code=1)
    nib.save(mask, tmp_path / "masks" / "a.nii")
    with pytest.raises(InputError, match=r"two places.*qform and sform \d+\.\d\d mm apart"):
        bring_in("nifti", tmp_path, store)


@pytest.mark.parametrize("second", ["masks/a.nii", "images/a.nii"])
def test_two_files_of_one_name_are_refused(tmp_path, store, second):
    nifti_case(tmp_path, "images/a.nii.gz", "masks/a.nii.gz", HU, (DRAWN * 2).astype(np.uint8), AFFINE)
    nib.save(nib.Nifti1Image((DRAWN * 1).astype(np.uint8), AFFINE), tmp_path / second)
    with pytest.raises(InputError, match=r"differ in their suffix alone, got a\.nii, a\.nii\.gz"):
        bring_in("nifti", tmp_path, store)


def test_several_masks_of_one_image_are_refused_and_a_mask_without_one_is_named(tmp_path, store):
    values = (DRAWN * 2).astype(np.uint8)
    for name in ("a", "b"):
        nifti_case(tmp_path, f"images/{name}.nii", f"masks/{name}.nii", HU + (name == "b"), values, AFFINE)
    nifti_case(tmp_path, "spare/b.nii", "masks/b_seg.nii", HU, values, AFFINE)
    nifti_case(tmp_path, "spare/c.nii", "masks/c.nii", HU, values, AFFINE)
    (tmp_path / "masks" / "._a.nii").write_bytes(b"left by another system")
    summary = bring_in("nifti", tmp_path, store)
    assert summary.cases == 1
    several, lonely = (case.reason for case in summary.skipped)
    assert "has several masks, got 2" in several
    assert "has no image" in lonely


def test_values_that_nothing_names_are_said(tmp_path, store):
    nifti_case(tmp_path, "images/a.nii", "masks/a.nii", HU, DRAWN.astype(np.uint8), AFFINE)
    summary = bring_in("nifti", tmp_path, store)
    assert summary.complaints == ("Nothing names the mask's values: 1 as ischemia (--map says otherwise).",)


def test_values_follow_the_users_word(tmp_path, store):
    values = (DRAWN * 5).astype(np.uint8)
    values[0, 0, 0] = 9
    nifti_case(tmp_path, "images/a.nii", "masks/a.nii", HU, values, AFFINE)
    with pytest.raises(InputError, match=r'without a meaning, got 5, 9.*--map "5=hemorrhage"'):
        bring_in("nifti", tmp_path, store)
    summary = bring_in("nifti", tmp_path, store, import_options(meanings=["5=hemorrhage", "9=ignore"]))
    annotation = only_mask(store)
    assert (annotation.mask == 2).sum() == (values == 5).sum()
    assert not annotation.mask_known[:, 0].any()
    assert summary.complaints == ()


def test_our_own_nifti_of_a_model_is_no_truth_unasked(tmp_path, volume, store):
    mask = (a_mask(volume) * 2).astype(np.uint8)
    for folder in ("images", "masks"):
        (tmp_path / "n" / folder).mkdir(parents=True)
    write_nifti(tmp_path / "n" / "masks" / "a.nii.gz", mask, volume, algorithm_type="AUTOMATIC")
    values = volume.hu.transpose(2, 1, 0)
    from napari_cpam_stroke.nifti.grid import LPS_TO_RAS, native_affine

    nib.save(nib.Nifti1Image(values, LPS_TO_RAS @ native_affine(volume.geometry)), tmp_path / "n/images/a.nii.gz")
    with pytest.raises(InputError, match="untouched output of a model"):
        bring_in("nifti", tmp_path / "n", store)
    bring_in("nifti", tmp_path / "n", store, import_options(["automatic=truth"]))
    assert store.revision(store.cases()[0].head).algorithm_type == "AUTOMATIC"


def nnunet(root, labels, values=None):
    values = DRAWN.astype(np.uint8) if values is None else values
    nifti_case(root, "imagesTr/a_0000.nii.gz", "labelsTr/a.nii.gz", HU, values, AFFINE)
    (root / "dataset.json").write_text(json.dumps({"channel_names": {"0": "CT"}, "labels": labels}))
    return root


@pytest.mark.parametrize(
    "labels",
    [{"background": 0, "ICH": 1}, {"0": "background", "1": "Hämatom"}, {"background": 0, "hemorajik inme": "1"}],
)
def test_nnunet_names_are_understood(tmp_path, store, labels):
    summary = bring_in("nnunet", nnunet(tmp_path, labels), store)
    annotation = only_mask(store)
    assert (annotation.mask == 2).sum() == DRAWN.sum()
    assert not annotation.mask_known[:, 0].any()
    assert "was read as hemorrhage" in summary.complaints[0]


def test_nnunet_names_that_are_no_lesion_are_passed_over(tmp_path, store):
    values = DRAWN.astype(np.uint8)
    values[values == 0] = 2
    bring_in("nnunet", nnunet(tmp_path, {"background": 0, "stroke": 1, "brain": 2}, values), store)
    assert (only_mask(store).mask == 1).sum() == DRAWN.sum()


@pytest.mark.parametrize("options", [['label_values={"1": 2}'], []])
def test_nnunet_names_that_are_not_understood_need_the_users_word(tmp_path, store, options):
    root = nnunet(tmp_path, {"background": 0, "lesion": 1})
    with pytest.raises(InputError, match=r"not understood, got 1 'lesion'.*--map \"lesion=hemorrhage\""):
        bring_in("nnunet", root, store)
    said = import_options(options, meanings=[] if options else ["lesion=hemorrhage"])
    bring_in("nnunet", root, store, said)
    assert (only_mask(store).mask == 2).sum() == DRAWN.sum()


@pytest.mark.parametrize(
    "labels", [{"background": 0, "all": [1, 2], "ICH": 2}, ["ICH"], {"ICH": True}, {"ICH": 1.5}, None]
)
def test_nnunet_labels_that_cannot_be_told_are_one_sentence(tmp_path, store, labels):
    with pytest.raises(InputError, match=r"dataset\.json"):
        bring_in("nnunet", nnunet(tmp_path, labels), store)


@pytest.mark.parametrize(
    ("labels", "options"),
    [
        ({"background": 0, "ICH": [1]}, {}),
        ({"background": 0, "all": [1, 2], "ICH": 1, "edema": 2}, {}),
        ({"background": 0, "all": [1, 2], "ICH": 1}, {"meanings": ["2=ignore"]}),
        ({"background": 0, "all": [1, 2]}, {"meanings": ["1=hemorrhage", "2=ignore"]}),
        ({"background": 0}, {"meanings": ["1=hemorrhage"]}),
    ],
)
def test_a_region_is_passed_over_where_each_of_its_values_is_named(tmp_path, store, labels, options):
    bring_in("nnunet", nnunet(tmp_path, labels), store, import_options(**options))
    assert (only_mask(store).mask == 2).sum() == DRAWN.sum()


def test_the_sentence_about_a_region_names_the_value_without_a_name(tmp_path, store):
    root = nnunet(tmp_path, {"background": 0, "all": [1, 2], "ICH": 1})
    with pytest.raises(InputError, match=r"region 'all'.*--map \"2=hemorrhage\""):
        bring_in("nnunet", root, store)


@pytest.mark.parametrize("channel", ["T1", "MRI", "FLAIR", "DWI", "PET"])
def test_a_channel_that_is_not_ct_is_refused(tmp_path, store, channel):
    root = nnunet(tmp_path, {"background": 0, "ICH": 1})
    (root / "dataset.json").write_text(json.dumps({"channel_names": {"0": channel}, "labels": {"ICH": 1}}))
    with pytest.raises(InputError, match=f"not CT, got {channel}"):
        bring_in("nnunet", root, store)


@pytest.mark.parametrize("channel", ["CT", "NCCT", "image", "noNorm", "zscore", "petrous CT"])
def test_other_names_of_a_channel_say_nothing_against_ct(tmp_path, store, channel):
    root = nnunet(tmp_path, {"background": 0, "ICH": 1})
    (root / "dataset.json").write_text(json.dumps({"modality": {"0": channel}, "labels": {"ICH": 1}}))
    assert bring_in("nnunet", root, store).cases == 1


def test_a_wrong_map_is_told_before_anything_is_read():
    with pytest.raises(ConfigError, match="--map"):
        import_options(meanings=["Segment_1"])
    assert LabelMap.parse(import_options(meanings=["a=ICH"]).meanings).of("A")
