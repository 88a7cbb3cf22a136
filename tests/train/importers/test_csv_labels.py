"""A table of files and labels: what a label says, and nothing of the class it does not name."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from cpam_train.importers import import_options
from cpam_train.importers.formats.csv_labels import annotation_of_labels
from napari_cpam_stroke.errors import InputError

SAID = {"grey_window": {"centre": 40, "width": 120}}


@pytest.fixture
def table(tmp_path, head, to_grey, nifti_writer, dicom_writer):
    """Writes four files and a table of them; returns the table's path."""

    def write(text, encoding="utf-8"):
        src = tmp_path / "src"
        src.mkdir(exist_ok=True)
        for number, name in enumerate(("a.png", "b.png")):
            Image.fromarray(to_grey(head(number, size=64)[0][0])).save(src / name)
        nifti_writer(src / "v.nii.gz", head(2, slices=3, size=64)[0])
        dicom_writer(src / "d.dcm", head(3, size=64)[0][0])
        (src / "labels.csv").write_text(text, encoding=encoding, newline="")
        return src / "labels.csv"

    return write


def labels_by_shape(store):
    return sorted((record.shape[0], record.labels) for record in store.cases())


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_a_label_says_no_more_than_it_names(table, store, import_folder, mark):
    lines = ["File,Label", "a.png,bleed", "b.png,normal", "v.nii.gz,ischaemic infarct", "d.dcm,none"]
    path = table("\r\n".join(lines).replace(",", mark), encoding="utf-8-sig")
    summary = import_folder("csv", path, import_options(**SAID))
    assert summary.cases == 4
    assert labels_by_shape(store) == [(1, (-1, 1)), (1, (0, 0)), (1, (0, 0)), (3, (1, -1))]


def test_labels_that_name_all_there_is_say_so_only_when_told(table, store, import_folder):
    import_folder("csv", table("file,label\na.png,ICH\n"), import_options(**SAID, exclusive=True))
    assert labels_by_shape(store) == [(1, (0, 1))]


def test_a_column_for_each_class_may_be_silent(table, store, import_folder):
    path = table("file,ischemia,hemorrhage\na.png,0,1\nb.png,,0\nv.nii.gz,1,\n")
    import_folder("csv", path, import_options(**SAID))
    assert labels_by_shape(store) == [(1, (-1, 0)), (1, (0, 1)), (3, (1, -1))]


def test_numbers_need_the_users_word(table, store, import_folder):
    path = table("file,label\na.png,0\nb.png,1\n")
    with pytest.raises(InputError, match=r"Line 2 of labels\.csv has a label that is not understood, got '0'.*--map"):
        import_folder("csv", path, import_options(**SAID))
    import_folder("csv", path, import_options(**SAID, meanings=["0=ignore", "1=hemorrhage"]))
    assert labels_by_shape(store) == [(1, (-1, 1)), (1, (0, 0))]


@pytest.mark.parametrize("label", ["edema", "brain", "", "=1+1", "no hemorrhage", "stroke or bleed"])
def test_a_label_that_is_no_answer_is_refused(table, import_folder, label):
    with pytest.raises(InputError, match="not understood"):
        import_folder("csv", table(f"file,label\na.png,{label}\n"), import_options(**SAID))


def test_the_column_of_patients_counts_and_must_be_whole(table, store, import_folder):
    path = table("file,label,patient\na.png,ICH,Jane\nb.png,none,Jane\n")
    summary = import_folder("csv", path, import_options(**SAID))
    assert (summary.groups, summary.own_patients) == (1, 0)
    assert "Jane" not in store.cases()[0].patient_id
    with pytest.raises(InputError, match=r"some files only, got 1 of 2"):
        import_folder("csv", table("file,label,patient\na.png,ICH,Jane\nb.png,none,\n"), import_options(**SAID))


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("../x.png,none", "outside its folder"),
        ("=cmd|' /C calc'!A0,none", "is missing"),
        ("z.png,none", "is missing"),
        ("labels.csv,none", "no kind that is read"),
        ("b.png,none\nb.png,ICH", "2 times with different labels"),
    ],
)
def test_a_bad_line_is_skipped_with_its_reason(table, import_folder, line, says):
    summary = import_folder("csv", table(f"file,label\na.png,ICH\n{line}\n"), import_options(**SAID))
    assert summary.cases == 1
    assert says in summary.skipped[0].reason


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "names no file"),
        ("file,label\n", "names no file"),
        ("path,label\na.png,ICH\n", "other columns, got path, label"),
        ("file,label,file\na.png,ICH,b.png\n", "a column twice"),
        ("file,label\na.png,ICH,none\n", "more values"),
        ("file,label\n,ICH\n", "Line 2 of labels.csv names no file"),
        ("file,label,hemorrhage\na.png,ICH,0\n", "tells labels twice"),
        ("file,hemorrhage\na.png,yes\n", "neither yes nor no"),
        ('file,label\n"a.png,ICH\n', "cannot be read"),
    ],
)
def test_a_table_that_cannot_be_read_is_one_sentence(table, import_folder, text, says):
    with pytest.raises(InputError, match=says):
        import_folder("csv", table(text), import_options(**SAID))


def test_a_table_in_another_encoding_is_one_sentence(table, import_folder):
    with pytest.raises(InputError, match="UTF-8"):
        import_folder("csv", table("file,label\nä.png,ICH\n", encoding="latin-1"), import_options(**SAID))


def test_a_volume_that_shows_a_class_does_not_say_on_which_slice():
    volume = annotation_of_labels((0, 1), (3, 4, 4))
    assert volume.slice_labels.tolist() == [[0, -1]] * 3
    assert volume.mask_known.tolist() == [[True, False]] * 3
    assert volume.series_labels.tolist() == [0, 1]
    assert annotation_of_labels((0, 1), (1, 4, 4)).slice_labels.tolist() == [[0, 1]]
    assert not np.any(volume.mask)
