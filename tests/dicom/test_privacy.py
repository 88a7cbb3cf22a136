"""A canary in every identifying field: none of them may leave the source files."""

import dataclasses
import gzip
import logging
import os
from pathlib import Path

import pydicom
import pytest
from hazard_suite.base import PHANTOM, datasets, save_all, truth_of
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from napari_cpam_stroke.core import measure_lesions
from napari_cpam_stroke.dicom import (
    read_series,
    scan_folder,
    write_nifti,
    write_report,
    write_segmentation,
)

MODEL = {"algorithm_type": "AUTOMATIC", "algorithm_name": "default", "algorithm_version": "1.0"}
TEXTS = [
    *("PatientName", "PatientID", "IssuerOfPatientID", "OtherPatientIDs", "OtherPatientNames", "PatientBirthName"),
    *("PatientMotherBirthName", "PatientAddress", "PatientTelephoneNumbers", "PatientComments", "EthnicGroup"),
    *("Occupation", "AdditionalPatientHistory", "MedicalRecordLocator", "MilitaryRank", "CountryOfResidence"),
    *("RegionOfResidence", "PatientReligiousPreference", "AccessionNumber", "StudyID", "StudyDescription"),
    *("ReferringPhysicianName", "PerformingPhysicianName", "NameOfPhysiciansReadingStudy", "OperatorsName"),
    *("RequestingPhysician", "InstitutionName", "InstitutionAddress", "InstitutionalDepartmentName", "StationName"),
    *("DeviceSerialNumber", "ProtocolName", "RequestedProcedureDescription", "ImageComments", "AdmissionID"),
    *("InsurancePlanIdentification", "ResponsiblePerson", "PerformedProcedureStepID", "CurrentPatientLocation"),
]
DATES = {
    "PatientBirthDate": "19610502",
    "StudyDate": "19710603",
    "AcquisitionDate": "19810704",
    "PatientBirthTime": "061501",
}
AGES = {"PatientAge": "087Y"}


def canary(number: int) -> str:
    return f"CANARY{number:02d}"


@pytest.fixture
def marked(tmp_path):
    """A series with a canary in every field, in a sequence, in a private element and in its description."""
    items = datasets(truth_of())
    for item in items:
        for number, name in enumerate(TEXTS):
            setattr(item, name, canary(number))
        for name, value in {**DATES, **AGES}.items():
            setattr(item, name, value)
        inner = Dataset()
        inner.PatientID = inner.IssuerOfPatientID = "CANARYSQ"
        item.OtherPatientIDsSequence = Sequence([inner])
        item.private_block(0x0009, "CANARYCREATOR", create=True).add_new(1, "LO", "CANARYPRIVATE")
        item.SeriesDescription = f"HEAD {canary(0)} {canary(1)}"
        item.ConvolutionKernel = f"STANDARD {canary(1)}"
    folder = tmp_path / "series"
    save_all(folder, items)
    return folder


def everything(value: object, seen: set[int]) -> str:
    """Return every text inside a value, private attributes too; paths are the user's own."""
    if id(value) in seen or isinstance(value, Path):
        return ""
    seen.add(id(value))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return " ".join(everything(getattr(value, f.name), seen) for f in dataclasses.fields(value))
    if isinstance(value, (tuple, list, set, frozenset)):
        return " ".join(everything(v, seen) for v in value)
    return repr(value) if not hasattr(value, "dtype") else ""


def assert_no_canary(text: str, where: str) -> None:
    found = [mark for mark in ("CANARY", *DATES.values(), *AGES.values()) if mark in text]
    assert not found, f"{found} in {where}"


def test_no_patient_field_leaves_the_source(marked, tmp_path, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    report = scan_folder(marked)
    volume = read_series(report.series[0])
    mask = PHANTOM.truth_mask(volume.geometry, volume.shape[1:])
    out = tmp_path / "out"
    segmentation = write_segmentation(out / "segmentation.dcm", mask, volume, **MODEL)
    write_report(out / "measurements.dcm", measure_lesions(mask, volume), volume, segmentation, **MODEL)
    write_nifti(out / "mask.nii.gz", mask, volume)
    assert_no_canary(everything(report, set()), "the report")
    assert_no_canary(everything(volume, set()), "the volume")
    assert_no_canary(repr(report) + repr(volume), "a representation")
    for path in out.iterdir():
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        assert_no_canary(data.decode("latin-1"), path.name)
        assert_no_canary(path.name, "a file name")
    for path in Path(os.environ["CPAM_STROKE_HOME"]).rglob("*"):
        assert_no_canary(path.name + (path.read_bytes().decode("latin-1") if path.is_file() else ""), path.name)
    captured = capfd.readouterr()
    assert_no_canary(caplog.text + captured.out + captured.err, "a log")


def test_description_keeps_what_is_not_the_patient(marked):
    entry = scan_folder(marked).series[0]
    assert entry.description.startswith("HEAD ")
    assert entry.kernel.startswith("STANDARD")


def test_exports_name_the_pseudonym(marked, tmp_path):
    volume = read_series(scan_folder(marked).series[0])
    mask = PHANTOM.truth_mask(volume.geometry, volume.shape[1:])
    written = pydicom.dcmread(write_segmentation(tmp_path / "s.dcm", mask, volume, **MODEL))
    assert written.PatientID == volume.patient_id
    assert written.StudyInstanceUID == pydicom.dcmread(next(marked.iterdir())).StudyInstanceUID
    assert written.preamble == bytes(128)


def test_patient_is_kept_only_on_explicit_wish(marked, tmp_path):
    volume = read_series(scan_folder(marked).series[0])
    mask = PHANTOM.truth_mask(volume.geometry, volume.shape[1:])
    path = write_segmentation(tmp_path / "s.dcm", mask, volume, keep_patient=True, **MODEL)
    written = pydicom.dcmread(path)
    assert written.PatientName == canary(TEXTS.index("PatientName"))
    assert written.PatientBirthDate == DATES["PatientBirthDate"]
    assert "PatientAddress" not in written
    report = write_report(tmp_path / "r.dcm", measure_lesions(mask, volume), volume, path, keep_patient=True, **MODEL)
    assert pydicom.dcmread(report).PatientID == canary(TEXTS.index("PatientID"))


def test_executable_preamble_is_zeroed_in_what_is_written(marked, tmp_path):
    for path in marked.iterdir():
        path.write_bytes(b"MZ" + b"\xcc" * 126 + path.read_bytes()[128:])
    volume = read_series(scan_folder(marked).series[0])
    mask = PHANTOM.truth_mask(volume.geometry, volume.shape[1:])
    for keep in (False, True):
        path = write_segmentation(tmp_path / "s.dcm", mask, volume, keep_patient=keep, **MODEL)
        assert path.read_bytes()[:132] == bytes(128) + b"DICM"


@pytest.mark.parametrize(
    ("label", "name"),
    [("ISO_IR 144", "Люксембург^Роза"), ("GB18030", "王^小东"), ("ISO_IR 192", "Wörld^Ærø"), ("", "Plain^Name")],
)
def test_kept_name_survives_its_character_set(tmp_path, label, name):
    items = datasets(truth_of())
    for item in items:
        item.SpecificCharacterSet, item.PatientName = label, name
    save_all(tmp_path / "series", items)
    volume = read_series(scan_folder(tmp_path / "series").series[0])
    mask = PHANTOM.truth_mask(volume.geometry, volume.shape[1:])
    written = pydicom.dcmread(write_segmentation(tmp_path / "s.dcm", mask, volume, keep_patient=True, **MODEL))
    assert str(written.PatientName) == name


def test_a_name_that_somebody_wrote_into_other_fields_is_hidden_wherever_it_is_shown(tmp_path):
    items = datasets(truth_of())
    for item in items:
        item.PatientName, item.PatientID = "Canarybird^Ada", "CANARY-4711"
        item.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL", "CANARY-4711"]
        item.BodyPartExamined, item.ContrastBolusAgent = "CANARYBIRD", "for Canarybird"
        item.PhotometricInterpretation, item.RescaleType = "CANARY-4711", "CANARYBIRD"
    save_all(tmp_path, items)
    report = scan_folder(tmp_path)
    assert report.series
    assert "canary" not in repr([(e.description, e.notices, e.modality) for e in report.series]).casefold()
