"""CT-ICH in both published versions."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from cpam_train.importers import ImportOptions
from napari_cpam_stroke.errors import InputError

HEADER = (
    "PatientNumber,SliceNumber,Intraventricular,Intraparenchymal,Subarachnoid,Epidural,Subdural,No_Hemorrhage,"
    "Fracture_Yes_No\n"
)


def table(rows):
    """Rows are (patient, slice, bleeds)."""
    return HEADER + "".join(f"{p},{s},0,{int(b)},0,0,0,{int(not b)},0\n" for p, s, b in rows)


@pytest.fixture
def jpeg_set(tmp_path, head, image_writer, to_grey):
    """Patient 49: 12 slices, bleeds on 10 (outlined), 11 (not outlined); slice 12 is not in the table."""
    src = tmp_path / "src"
    folder = src / "Patients_CT" / "049" / "brain"
    hu, mask = head(1, slices=12, lesion=2)
    for number in range(1, 13):
        image_writer(folder / f"{number}.jpg", to_grey(hu[number - 1]), quality=95)
    image_writer(folder / "10_HGE_Seg.jpg", mask[0] * 127, quality=90)
    (src / "hemorrhage_diagnosis.csv").write_text(table([(49, n, n in (10, 11)) for n in range(1, 12)]))
    return src


def test_patient_is_one_case_in_the_order_of_slice_numbers(jpeg_set, store, head, import_folder):
    summary = import_folder("ct-ich", jpeg_set)
    hu = store.read_frames("ct-ich-049")
    expected = np.clip(head(1, slices=12, lesion=2)[0], -20, 100)
    assert (summary.cases, summary.slices) == (1, 12)
    errors = np.abs(hu[:, None].astype(float) - expected[None]).mean(axis=(2, 3))
    assert (errors.argmin(axis=1) == np.arange(12)).all()
    assert errors.diagonal().max() < 3


def test_only_what_the_set_says_is_known(jpeg_set, store, import_folder):
    import_folder("ct-ich", jpeg_set)
    annotation = store.read_annotation(store.case("ct-ich-049").head)
    assert annotation.slice_labels[:, 1].tolist() == [0] * 9 + [1, 1, -1]
    assert annotation.mask_known[:, 1].tolist() == [True] * 10 + [False, False]
    assert annotation.series_labels.tolist() == [0, 1]
    assert annotation.mask_known[:, 0].all()
    assert set(np.flatnonzero(annotation.mask.any(axis=(1, 2)))) == {9}


def test_jpeg_masks_are_cut_at_half(jpeg_set, store, head, image_writer, import_folder):
    image_writer(
        jpeg_set / "Patients_CT" / "049" / "brain" / "10_HGE_Seg.jpg", head(1, lesion=2)[1][0] * 127, quality=60
    )
    import_folder("ct-ich", jpeg_set)
    drawn = store.read_annotation(store.case("ct-ich-049").head).mask[9] > 0
    truth = head(1, lesion=2)[1][0] > 0
    assert (drawn & truth).sum() / (drawn | truth).sum() > 0.9


def test_ischemia_can_stay_unknown(jpeg_set, store, import_folder):
    import_folder("ct-ich", jpeg_set, ImportOptions(ischemia_absent=False))
    annotation = store.read_annotation(store.case("ct-ich-049").head)
    assert not annotation.mask_known[:, 0].any()
    assert (annotation.slice_labels[:, 0] == -1).all()


def test_missing_table_and_layout_are_refused(jpeg_set, tmp_path, import_folder):
    (jpeg_set / "hemorrhage_diagnosis.csv").unlink()
    with pytest.raises(InputError, match=r"Table of bleeds is missing: hemorrhage_diagnosis\.csv"):
        import_folder("ct-ich", jpeg_set)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="expected layout"):
        import_folder("ct-ich", tmp_path / "empty")


def test_table_without_its_columns_is_refused(jpeg_set, import_folder):
    (jpeg_set / "hemorrhage_diagnosis.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="columns PatientNumber"):
        import_folder("ct-ich", jpeg_set)


@pytest.fixture
def nifti_set(tmp_path, head, nifti_writer):
    src = tmp_path / "src"
    hu, mask = head(2, slices=5, lesion=2)
    mask[[0, 1, 4]] = 0
    nifti_writer(src / "ct_scans" / "050.nii", hu)
    nifti_writer(src / "masks" / "050.nii", (mask > 0).astype(np.uint8))
    (src / "hemorrhage_diagnosis_raw_ct.csv").write_text(table([(50, n, n in (3, 4, 5)) for n in range(1, 6)]))
    return src


def test_nifti_version_has_true_hu_geometry_and_table_slices_from_1(nifti_set, store, head, import_folder):
    import_folder("ct-ich-nifti", nifti_set)
    record = store.case("ct-ich-nifti-050")
    annotation = store.read_annotation(record.head)
    hu = head(2, slices=5, lesion=2)[0]
    first, last = record.geometry.index_to_patient([[0, 0, 0], [4, 0, 0]])
    from_file = hu if annotation.slice_labels[0, 1] == 0 else hu[::-1]
    assert np.array_equal(store.read_frames(record.case_id), from_file)
    assert annotation.slice_labels[:, 1].tolist() in ([0, 0, 1, 1, 1], [1, 1, 1, 0, 0])
    bleeding = annotation.slice_labels[:, 1] == 1
    assert annotation.mask_known[~bleeding, 1].all()
    assert annotation.mask_known[bleeding, 1].sum() == 2  # the fifth slice bleeds but was not outlined
    assert abs((last - first)[2]) == pytest.approx(20)
    assert record.geometry.pixel_spacing_mm == (0.5, 0.5)
    assert record.patient_id == "ct-ich-050"


def test_nifti_slices_and_table_agree_in_either_storage_order(nifti_set, store, head, nifti_writer, import_folder):
    """A file whose y axis points to posterior runs the other way along our normal; labels must follow the pixels."""
    import nibabel as nib

    for name in ("ct_scans", "masks"):
        path = nifti_set / name / "050.nii"
        image = nib.load(path)
        turned = nib.Nifti1Image(np.asarray(image.dataobj), np.diag([-1.0, 1.0, 1.0, 1.0]) @ image.affine)
        data = np.asarray(turned.dataobj).copy()
        nib.save(nib.Nifti1Image(data, turned.affine), path)
    import_folder("ct-ich-nifti", nifti_set)
    record = store.case("ct-ich-nifti-050")
    annotation = store.read_annotation(record.head)
    outlined = annotation.mask.any(axis=(1, 2))
    assert (annotation.slice_labels[outlined, 1] == 1).all()
    assert outlined.sum() == 2


def test_mask_on_another_grid_is_skipped(nifti_set, head, nifti_writer, import_folder):
    nifti_writer(nifti_set / "masks" / "050.nii", head(2, slices=4)[1])
    with pytest.raises(InputError, match="another grid"):
        import_folder("ct-ich-nifti", nifti_set)


def write_bit(path, mask):
    """A mask of one bit per pixel."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(mask, dtype=bool)).save(path)


@pytest.mark.parametrize("patient", ["049", "49"])
def test_masks_may_lie_in_a_folder_of_their_own(jpeg_set, tmp_path, store, head, import_folder, patient):
    truth = head(1, slices=12, lesion=2)[1]
    masks = tmp_path / "masks"
    for number in (10, 11):
        write_bit(masks / f"{patient}_{number}.png", truth[number - 1] > 0)
    import_folder("ct-ich", jpeg_set, ImportOptions(masks=masks))
    annotation = store.read_annotation(store.case("ct-ich-049").head)
    assert annotation.slice_labels[:, 1].tolist() == [0] * 9 + [1, 1, -1]
    assert annotation.mask_known[:, 1].tolist() == [True] * 11 + [False]
    assert np.array_equal(annotation.mask[9:11] > 0, truth[9:11] > 0)


def test_a_mask_of_another_size_and_a_folder_that_is_not_there_are_refused(jpeg_set, tmp_path, head, import_folder):
    write_bit(tmp_path / "masks" / "049_10.png", np.ones((4, 4)))
    with pytest.raises(InputError, match="another size"):
        import_folder("ct-ich", jpeg_set, ImportOptions(masks=tmp_path / "masks"))
    with pytest.raises(InputError, match="not a folder"):
        import_folder("ct-ich", jpeg_set, ImportOptions(masks=tmp_path / "nowhere"))


def test_slices_without_positions_count_by_their_file_order(jpeg_set, import_folder):
    summary = import_folder("ct-ich", jpeg_set)
    assert summary.order.startswith("Order of slices: 12 by file order; 12 have a neighbour")
    assert summary.order.endswith("10 on both sides")
