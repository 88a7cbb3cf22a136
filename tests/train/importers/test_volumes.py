"""Volumes with masks of the same name, AISD's slice folders, RSNA's labels."""

from __future__ import annotations

import json

import nibabel as nib
import numpy as np
import pytest

from cpam_train.importers import ImportOptions
from cpam_train.importers.nifti_volume import read_nifti
from napari_cpam_stroke.config import Window
from napari_cpam_stroke.core import LesionClass
from napari_cpam_stroke.errors import InputError


@pytest.fixture
def layouts(tmp_path, head, nifti_writer):
    """One case in the layout of each set; the lesion is written with that set's own values."""
    hu, mask = head(5, slices=3, lesion=2)
    lesion = mask > 0
    split = lesion & (np.arange(lesion.shape[2]) > lesion.shape[2] * 0.67)
    instance, bhsd, nnunet, plain = (tmp_path / name for name in ("instance", "bhsd", "nnunet", "nifti"))
    nifti_writer(instance / "train_2" / "data" / "001.nii.gz", hu)
    nifti_writer(instance / "train_2" / "label" / "001.nii.gz", lesion.astype(np.uint8))
    nifti_writer(bhsd / "label_192" / "images" / "ID_0219ef88_ID_e5c1a31210.nii.gz", hu)
    nifti_writer(
        bhsd / "label_192" / "ground truths" / "ID_0219ef88_ID_e5c1a31210.nii.gz",
        (lesion * 2 + split * 3).astype(np.uint8),
    )
    nifti_writer(nnunet / "imagesTr" / "stroke_007_0000.nii.gz", hu)
    nifti_writer(nnunet / "labelsTr" / "stroke_007.nii.gz", (lesion * 1).astype(np.uint8))
    labels = {"background": 0, "hemorrhage": 1, "ischemia": 2}
    (nnunet / "dataset.json").write_text(json.dumps({"channel_names": {"0": "CT"}, "labels": labels}))
    nifti_writer(plain / "images" / "Doe_Jane.nii.gz", hu)
    nifti_writer(plain / "masks" / "Doe_Jane.nii.gz", mask)
    return tmp_path


@pytest.mark.parametrize(
    ("source", "labels"),
    [("instance", [0, 1]), ("bhsd", [-1, 1]), ("nnunet", [0, 1]), ("nifti", [0, 1])],
)
def test_every_layout_gives_the_same_hemorrhage(layouts, store, source, labels, import_folder):
    summary = import_folder(source, layouts / source)
    record = store.cases(source=source)[0]
    annotation = store.read_annotation(record.head)
    truth = nib.load(next((layouts / "nifti" / "masks").iterdir())).get_fdata()
    assert (summary.cases, summary.slices) == (1, 3)
    assert annotation.slice_labels.tolist() == [labels] * 3
    assert (annotation.mask == LesionClass.HEMORRHAGE).sum() == (truth > 0).sum()
    assert record.geometry.voxel_volumes_ml.tolist() == pytest.approx([5 * 0.5 * 0.5 / 1000] * 3)
    assert import_folder(source, layouts / source).cases == 0


def test_bhsd_subtypes_follow_the_order_asked_for(layouts, store, import_folder):
    import_folder("bhsd", layouts / "bhsd", ImportOptions(subtypes=("EDH", "SDH", "IPH", "SAH", "IVH")))
    assert "hemorrhage types: IVH, SDH" in store.cases(source="bhsd")[0].facts


@pytest.mark.parametrize(("source", "name"), [("nifti", "Doe"), ("nnunet", "stroke")])
def test_names_of_own_files_do_not_reach_the_store(layouts, store, source, name, import_folder):
    import_folder(source, layouts / source)
    (record,) = store.cases()
    revision = store.head(record.case_id)
    text = f"{record!r} {record.facts} {revision!r}"
    pseudonym = record.case_id.removeprefix(f"{source}-")
    assert name not in text.replace(pseudonym, "")
    assert len(pseudonym) == 12


def test_classes_nobody_drew_stay_unknown(layouts, store, import_folder):
    import_folder("nifti", layouts / "nifti", ImportOptions(unknown_classes=("ischemia",)))
    annotation = store.read_annotation(store.cases()[0].head)
    assert annotation.series_labels.tolist() == [-1, 1]
    assert not annotation.mask_known[:, 0].any()


def test_value_without_meaning_is_named(layouts, import_folder):
    with pytest.raises(InputError, match=r"values without a meaning, got 2, expected 1 for hemorrhage") as raised:
        import_folder("nifti", layouts / "nifti", ImportOptions(label_values={1: LesionClass.HEMORRHAGE}))
    assert not str(raised.value).endswith("..")


@pytest.mark.parametrize("source", ["instance", "bhsd", "nnunet", "nifti", "aisd", "rsna"])
def test_other_folders_are_refused_in_one_sentence(tmp_path, source, import_folder):
    (tmp_path / "src").mkdir()
    with pytest.raises(InputError, match=r"expected layout|dataset\.json is missing") as raised:
        import_folder(source, tmp_path / "src")
    assert str(raised.value).count(". ") == 0


@pytest.mark.parametrize("codes", [("L", "A", "S"), ("R", "P", "S"), ("R", "A", "I"), ("S", "R", "A"), ("P", "I", "L")])
def test_any_storage_order_gives_the_same_place_and_values(tmp_path, head, nifti_writer, codes):
    """Moving axes in the file must not move a voxel in the patient."""
    hu, _ = head(1, slices=4, size=32)
    base = nib.load(nifti_writer(tmp_path / "base.nii.gz", hu, spacing=(3.0, 0.8, 0.6)))
    wanted = nib.orientations.axcodes2ornt(codes)
    turned = base.as_reoriented(nib.orientations.ornt_transform(nib.io_orientation(base.affine), wanted))
    nib.save(turned, tmp_path / "turned.nii.gz")
    volume = read_nifti(tmp_path / "turned.nii.gz")
    world = volume.geometry.index_to_patient(np.argwhere(np.ones(volume.values.shape)))
    ras = np.c_[-world[:, :2], world[:, 2]]
    index = np.rint(nib.affines.apply_affine(np.linalg.inv(base.affine), ras)).astype(int)
    original = np.asarray(base.dataobj)
    assert np.array_equal(original[tuple(index.T)], volume.values.ravel())
    assert (np.diff(volume.geometry.distances_mm) > 0).all()


def test_damaged_nifti_is_one_sentence(tmp_path):
    (tmp_path / "a.nii.gz").write_bytes(b"\x1f\x8b broken")
    with pytest.raises(InputError, match=r"a\.nii\.gz cannot be read as NIfTI"):
        read_nifti(tmp_path / "a.nii.gz")


def test_a_surface_is_no_image(tmp_path):
    points = nib.gifti.GiftiDataArray(np.zeros((3, 3), np.float32), intent="NIFTI_INTENT_POINTSET")
    nib.save(nib.GiftiImage(darrays=[points]), tmp_path / "head.surf.gii")
    with pytest.raises(InputError, match=r"head\.surf\.gii (cannot be read as|is no) NIfTI"):
        read_nifti(tmp_path / "head.surf.gii")


def test_aisd_reads_any_value_as_ischemia_seen_on_mr(tmp_path, store, head, image_writer, to_grey, import_folder):
    hu, mask = head(6, slices=11, lesion=1)
    for number in range(11):
        image_writer(tmp_path / "src" / "images" / "0091402" / f"{number}.png", to_grey(hu[number]))
        image_writer(tmp_path / "src" / "masks" / "0091402" / f"{number}.png", mask[number] * (1 + number % 5))
    import_folder("aisd", tmp_path / "src", ImportOptions(grey_window=Window(40, 120)))
    record = store.case("aisd-0091402")
    assert store.head(record.case_id).truth_source == "MR"
    assert np.array_equal(store.read_mask(record.head), mask)
    assert np.abs(store.read_frames(record.case_id) - np.clip(hu, -20, 100)).max() <= 1


@pytest.fixture
def rsna_set(tmp_path, head, dicom_writer):
    """Two patients; patient B's slices lost their sign. One line twice, one slice contradicts itself."""
    src = tmp_path / "src"
    hu, _ = head(7, slices=4)
    lines = ["ID,Label"]
    for number, (patient, series, z) in enumerate([("A", "1.1", 5), ("A", "1.1", 0), ("B", "1.2", 0), ("B", "1.2", 5)]):
        name = f"ID_{number:09x}abc"
        place = {"PatientID": patient, "SeriesInstanceUID": series, "ImagePositionPatient": [0, 0, z]}
        place |= {"ImageOrientationPatient": [1, 0, 0, 0, 1, 0], "PixelSpacing": [0.5, 0.5], "SliceThickness": "5"}
        if patient == "B":
            place |= {"BitsStored": 12, "HighBit": 11, "PixelRepresentation": 0}
            dicom_writer(src / "stage_2_train" / f"{name}.dcm", hu[number].astype(int) % 4096, intercept=0, **place)
        else:
            dicom_writer(src / "stage_2_train" / f"{name}.dcm", hu[number], **place)
        label = int(number == 1)
        lines += [f"{name}_epidural,{label}", f"{name}_any,{label}"]
    lines += [lines[2]]
    (src / "stage_2_train.csv").write_text("\n".join(lines) + "\n")
    return src


def test_rsna_series_are_put_together_and_unwrapped(rsna_set, store, head, import_folder):
    summary = import_folder("rsna", rsna_set)
    hu, _ = head(7, slices=4)
    frames = {r.patient_id: store.read_frames(r.case_id) for r in store.cases()}
    labels = sorted(store.read_annotation(r.head).slice_labels[:, 1].tolist() for r in store.cases())
    assert (summary.cases, summary.slices, summary.groups) == (2, 4, 2)
    assert any(np.array_equal(f, np.maximum(hu[[1, 0]], -1024)) for f in frames.values())
    assert any(np.array_equal(f, hu[[2, 3]]) for f in frames.values())
    assert labels == [[0, 0], [1, 0]]
    assert not {"rsna-A", "rsna-B"} & set(frames)


def test_rsna_says_nothing_of_ischemia_or_of_where_a_bleed_lies(rsna_set, store, import_folder):
    import_folder("rsna", rsna_set)
    for record in store.cases():
        annotation = store.read_annotation(record.head)
        assert not annotation.mask_known[:, 0].any()
        assert (annotation.mask_known[:, 1] == (annotation.slice_labels[:, 1] == 0)).all()
