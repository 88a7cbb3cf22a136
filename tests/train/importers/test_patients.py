"""Who is who: lists, patterns, and names that look like several scans of one patient."""

from __future__ import annotations

import json
import re
import runpy
import sys
from pathlib import Path

import pytest

from cpam_train.commands.importing import import_into
from cpam_train.data.split_assignment import assign_splits
from cpam_train.data.store_check import check_store
from cpam_train.importers import FINDERS, ImportOptions
from cpam_train.importers.follow_ups import likely_follow_ups
from cpam_train.importers.patients import with_patients
from cpam_train.importers.record import Candidate
from napari_cpam_stroke.errors import InputError

CASE_09 = Path(__file__).resolve().parents[4] / "shared" / "cases" / "09-one-patient-two-scans" / "make.py"
NAMES = ("Doe_01_a", "Doe_01_b", "Roe_02", "Poe_03")


@pytest.fixture
def scans(tmp_path, head, nifti_writer):
    """Four scans of three patients as nnU-Net raw data, and in the layout of `nifti`."""
    for seed, name in enumerate(NAMES):
        hu, mask = head(seed, slices=2, size=64, lesion=2)
        nifti_writer(tmp_path / "nnunet" / "imagesTr" / f"{name}_0000.nii.gz", hu)
        nifti_writer(tmp_path / "nnunet" / "labelsTr" / f"{name}.nii.gz", (mask > 0).astype("uint8"))
        nifti_writer(tmp_path / "nifti" / "images" / f"{name}.nii.gz", hu)
        nifti_writer(tmp_path / "nifti" / "masks" / f"{name}.nii.gz", mask)
    (tmp_path / "nnunet" / "dataset.json").write_text(json.dumps({"labels": {"background": 0, "hemorrhage": 1}}))
    return tmp_path


def listed(folder, text, encoding="utf-8"):
    path = folder / "patients.csv"
    path.write_bytes(text.encode(encoding))
    return ImportOptions(patients=path)


ROWS = "Doe_01_a,Doe\nDoe_01_b,Doe\nRoe_02,Roe\nPoe_03,Poe\n"


@pytest.mark.parametrize("source", ["nnunet", "nifti"])
@pytest.mark.parametrize(
    "options",
    [
        lambda f: listed(f, "case,patient\n" + ROWS),
        lambda f: listed(
            f, "\ufeffPatient;Case;age\nDoe;Doe_01_a;5\nDoe;Doe_01_b;6\nRoe;Roe_02;7\nPoe;Poe_03.nii.gz;8\n"
        ),
        lambda f: ImportOptions(groups=listed(f, "slice,group\n" + ROWS).patients),
        lambda f: ImportOptions(patient_pattern=r"([A-Z][a-z]+)_.*"),
    ],
    ids=["csv", "spreadsheet", "groups", "pattern"],
)
def test_two_scans_of_one_patient_are_one(scans, store, import_folder, source, options):
    summary = import_folder(source, scans / source, options(scans))
    assert (summary.cases, summary.groups, summary.own_patients) == (4, 3, 0)
    assert summary.patient_doubts == ()
    assert check_store(store, compare=False).follow_ups == ()
    kept = b"".join(path.read_bytes() for path in (scans / "store").rglob("*") if path.is_file())
    assert not re.search(rb"Doe|Roe|Poe", kept)
    assert all(re.fullmatch(r"[0-9a-f]{12}", record.patient_id) for record in store.cases())


def test_the_import_says_that_nothing_tells_who_is_who_and_names_the_doubt(scans, store, import_folder):
    summary = import_folder("nnunet", scans / "nnunet")
    assert (summary.groups, summary.own_patients) == (4, 4)
    own, alike = summary.patient_doubts
    assert "4 of 4 cases count as a patient of their own" in own
    assert "--patients" in own
    assert "Doe_01_a, Doe_01_b" in alike
    assert "Roe" not in alike
    assign_splits(store)
    report = check_store(store, compare=False)
    (pair,) = report.follow_ups
    assert not report.sound
    assert pair.first_case in " ".join(report.problems)
    assert store.case(pair.first_case).split == store.case(pair.second_case).split
    assert b"Doe" not in b"".join(path.read_bytes() for path in (scans / "store").rglob("*") if path.is_file())


def test_a_list_that_comes_late_is_refused(scans, import_folder):
    import_folder("nnunet", scans / "nnunet")
    with pytest.raises(InputError, match=r"in the store as other patients than is said now.*new store"):
        import_folder("nnunet", scans / "nnunet", listed(scans, "case,patient\n" + ROWS))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("case,patient\n" + ROWS + "Noe_04,Noe\n", "names the case 'Noe_04', which is not there"),
        ("case,patient\n" + ROWS.replace("Roe_02,Roe\n", ""), "says nothing of 1 of 4 cases, the first 'Roe_02'"),
        ("case,patient\n" + ROWS + "Roe_02,Doe\n", "names the case 'Roe_02' twice"),
        ("case,patient\n" + ROWS + "Roe_02.nii.gz,Doe\n", "names the case 'Roe_02.nii.gz' twice"),
        ("case,patient\n" + ROWS.replace("Roe_02,Roe", "Roe_02,"), "Line 4 of patients.csv has no patient"),
        ("name,who\n" + ROWS, "has other columns, got name, who, expected"),
        ("case,patient\n", "is empty"),
        ("", "has other columns"),
        ('case,patient\n"Doe_01_a,Doe\n', "cannot be read"),
    ],
)
def test_a_wrong_list_is_one_sentence_and_makes_no_store(scans, text, sentence):
    with pytest.raises(InputError, match=re.escape(sentence)):
        import_into("nnunet", scans / "nnunet", scans / "none", listed(scans, text))
    assert not (scans / "none").exists()


def test_other_encodings_and_missing_lists_are_one_sentence(scans):
    with pytest.raises(InputError, match=r"cannot be read.*UTF-8"):
        import_into("nnunet", scans / "nnunet", scans / "none", listed(scans, "case,patient\nDoe,Ö\n", "utf-16"))
    with pytest.raises(InputError, match=r"cannot be read.*No such file"):
        import_into("nnunet", scans / "nnunet", scans / "none", ImportOptions(patients=scans / "no.csv"))
    both = ImportOptions(patients=scans / "no.csv", patient_pattern="(.*)")
    with pytest.raises(InputError, match="give one of the two"):
        import_into("nnunet", scans / "nnunet", scans / "none", both)


@pytest.mark.parametrize(
    ("pattern", "sentence"),
    [
        ("(Doe", "no regular expression"),
        ("Doe", "needs one group"),
        ("(D)(o)", "needs one group"),
        ("(Doe).*", "finds no patient in the name 'Poe_03'"),
        (r"([A-Z]oe_\d)", "cuts a number of the name 'Doe_01_a' in two"),
    ],
)
def test_a_wrong_pattern_is_one_sentence(scans, pattern, sentence):
    with pytest.raises(InputError, match=re.escape(sentence)):
        import_into("nnunet", scans / "nnunet", scans / "none", ImportOptions(patient_pattern=pattern))


@pytest.mark.parametrize("source", sorted(FINDERS))
def test_every_format_takes_a_list_by_the_names_of_its_source(tmp_path, source):
    candidates = [Candidate(f"{source}-{name}", lambda: None) for name in ("x1", "x2", "y1")]
    named = with_patients(source, candidates, listed(tmp_path, f"case,patient\nx1,X\n{source}-x2,X\ny1,Y\n"))
    assert [c.patient == named[0].patient for c in named] == [True, True, False]


@pytest.mark.parametrize(
    "pair",
    [
        ("pat00_a", "pat00_b"),
        ("sub-01_ses-1", "sub-01_ses-2"),
        ("sub-01/ses-1/ct", "sub-01/ses-2/ct"),
        ("012", "012_followup"),
        ("012_baseline", "012_24h"),
        ("smith_t0", "smith_t1"),
        ("p7-20240105", "p7-20240107"),
        ("ct_scan1_pat3", "ct_scan2_pat3"),
        ("009_1", "009_2"),
        ("12a", "12b"),
        ("pat01_soft", "pat01_bone"),
        ("followup_pat5", "pat5"),
    ],
)
def test_names_of_two_scans_of_one_patient(pair):
    names = {"one": pair[0], "two": pair[1], "other": "pat99", "more": "sub-77_ses-1"}
    assert likely_follow_ups(names) == {"one": ("two",), "two": ("one",)}


@pytest.mark.parametrize(
    "names",
    [
        [f"c{i}" for i in range(10)],
        [f"case_{i}" for i in range(1, 9)],
        [f"stroke_{i:03d}" for i in range(20)],
        [f"scan_{i:03d}" for i in range(20)],
        [f"ds1_{i:02d}" for i in range(40)],
        ["1.2.840.113619.2.55.3.1", "1.2.840.113619.2.55.3.2"],
        ["ID_0219ef88_ID_e5c1a31210", "ID_0219ef88_ID_e5c1a31211"],
        ["smith", "jones"],
        ["case_a", "case_b"],
    ],
)
def test_numbered_cases_are_no_follow_ups(names):
    assert likely_follow_ups(dict(enumerate(names))) == {}


@pytest.mark.skipif(not CASE_09.is_file(), reason="the cases are not beside the project")
def test_one_patient_two_scans(tmp_path, monkeypatch, store, import_folder):
    monkeypatch.setattr(sys, "argv", ["make.py", str(tmp_path / "made")])
    runpy.run_path(str(CASE_09))
    summary = import_folder("nnunet", tmp_path / "made", ImportOptions(patient_pattern=r"(pat\d+)_.*"))
    assert (summary.cases, summary.groups) == (24, 12)
    plain = import_into("nnunet", tmp_path / "made", tmp_path / "plain")
    assert plain.own_patients == 24
    assert "pat00_a, pat00_b" in plain.alike
