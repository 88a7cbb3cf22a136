"""RSNA slices as pictures: whether they bleed is known, where is not, and of ischemia nothing."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from cpam_train.data.slices import collect_slices
from cpam_train.importers.images import BONE_HU
from napari_cpam_stroke.core.hounsfield_check import doubt_sentences
from napari_cpam_stroke.errors import InputError

COLUMNS = "image,series,patient,any,spacing_mm"


def pictures(src, head, kind, rows):
    """Rows are (series, patient, any) of ID_0, ID_1, ..."""
    (src / "images").mkdir(parents=True)
    for number in range(len(rows)):
        hu = head(number, lesion=2)[0][0]
        if kind == "rsna-slices":
            pixels = np.clip(np.rint(hu / 80 * 255), 0, 255).astype(np.uint8)
        else:
            pixels = (hu + 1024).astype(np.uint16)
        Image.fromarray(pixels).save(src / "images" / f"ID_{number}.png")
    lines = [f"ID_{n}.png,{series},{who},{bleeds},0.48" for n, (series, who, bleeds) in enumerate(rows)]
    (src / "labels.csv").write_text("\n".join([COLUMNS, *lines]))
    return src


@pytest.mark.parametrize("kind", ["rsna-slices", "rsna-hu"])
def test_only_bleeding_or_not_is_known(tmp_path, head, store, import_folder, kind):
    src = pictures(tmp_path / "src", head, kind, [("s1", "p1", 0), ("s1", "p1", 1), ("s2", "p2", 0)])
    summary = import_folder(kind, src)
    assert (summary.cases, summary.groups, summary.slices_with) == (3, 2, {"ischemia": 0, "hemorrhage": 1})
    free, bleeding = (store.read_annotation(store.case(f"{kind}-ID_{n}").head) for n in (0, 1))
    assert free.slice_labels.tolist() == [[-1, 0]]
    assert free.mask_known.tolist() == [[False, True]]
    assert bleeding.slice_labels.tolist() == [[-1, 1]]
    assert bleeding.mask_known.tolist() == [[False, False]]
    assert not bleeding.mask.any()
    assert {row.labels for row in collect_slices(store)} == {(-1, 0), (-1, 1)}, "ischemia stays unknown in training"
    assert summary.order.startswith("Order of slices: 3 single; 0 have a neighbour")
    assert not any(doubt_sentences(record.notices) for record in store.cases())


def test_pictures_of_hounsfield_units_keep_all_of_them(tmp_path, head, store, import_folder):
    import_folder("rsna-hu", pictures(tmp_path / "src", head, "rsna-hu", [("s", "p", 0)]))
    record = store.case("rsna-hu-ID_0")
    assert np.array_equal(store.read_frames(record.case_id), np.maximum(head(0, lesion=2)[0], -1024))
    assert (record.patient_id, record.hu_floor) == ("rsna-s", None)
    assert record.acquisition.pixel_spacing_mm == (0.48, 0.48)


def test_white_of_a_narrow_window_is_bone_and_not_blood(tmp_path, head, store, import_folder):
    import_folder("rsna-slices", pictures(tmp_path / "src", head, "rsna-slices", [("s", "p", 0)]))
    record = store.case("rsna-slices-ID_0")
    truth, hu = head(0, lesion=2)[0], store.read_frames(record.case_id)
    assert record.patient_id == "rsna-s"
    assert (hu[truth > 85] == BONE_HU).all()
    inside = (truth > 0) & (truth < 78)
    assert np.abs(hu[inside] - truth[inside]).max() <= 1
    assert (record.hu_floor, record.hu_ceiling) == (0, BONE_HU)
    assert any("white as bone of 300 HU" in fact for fact in record.facts)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("image,series\nID_0.png,s\n", "columns image, series, any"),
        ("image,series,any\nID_0.png,s,maybe\n", "any 0 or 1"),
        ("image,series,any\nID_0.png,,0\n", "any 0 or 1, and a series"),
        (None, "Table of labels is missing"),
    ],
)
def test_a_table_that_does_not_say_it_is_refused(tmp_path, head, import_folder, table, message):
    src = pictures(tmp_path / "src", head, "rsna-slices", [("s", "p", 0)])
    (src / "labels.csv").unlink()
    if table is not None:
        (src / "labels.csv").write_text(table)
    with pytest.raises(InputError, match=message):
        import_folder("rsna-slices", src)


def test_eight_bits_are_no_hounsfield_units(tmp_path, head, import_folder):
    src = pictures(tmp_path / "src", head, "rsna-slices", [("s", "p", 0)])
    with pytest.raises(InputError, match="does not hold 16 bits"):
        import_folder("rsna-hu", src)


def test_a_series_of_both_sets_and_all_series_of_a_patient_stand_in_one_split(tmp_path, head, store, import_folder):
    import_folder("rsna-hu", pictures(tmp_path / "hu", head, "rsna-hu", [("s1", "p1", 0), ("s2", "p1", 0)]))
    both = pictures(tmp_path / "slices", head, "rsna-slices", [("s1", "", 0), ("s3", "", 0)])
    import_folder("rsna-slices", both)
    patients = {record.case_id: record.patient_id for record in store.cases()}
    assert [patients[f"rsna-hu-ID_{n}"] for n in (0, 1)] == ["rsna-s1", "rsna-s1"]
    assert [patients[f"rsna-slices-ID_{n}"] for n in (0, 1)] == ["rsna-s1", "rsna-s3"]
