"""A canary in every identifying field: none of them may leave the source files."""

import dataclasses
import gzip
import logging
import os
from pathlib import Path

import nibabel as nib
import pydicom
import pytest
from hazard_suite.base import PHANTOM, datasets, save_all, truth_of
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from napari_cpam_stroke.core import measure_lesions
from napari_cpam_stroke.dicom import (
    read_mask,
    read_series,
    scan_folder,
    write_nifti,
    write_report,
    write_segmentation,
)
from napari_cpam_stroke.errors import InputError

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


PEOPLE = {
    "PatientName": "Canarybird^Ada",
    "PatientID": "C4NARY-4711",
    "ContentCreatorName": "Canarydoctor^Eve",
    "OperatorsName": "Canaryhand^Bo",
}
FREE_TEXTS = ("ContentDescription", "SeriesDescription", "StudyDescription", "ImageComments", "SoftwareVersions")


def say_names(path, *, label="{} Canarybird C4NARY-4711", **segment_texts):
    """Write the names of people wherever another program may have written a text into a SEG or SR."""
    file = pydicom.dcmread(path)
    for name, value in PEOPLE.items():
        setattr(file, name, value)
    for name in FREE_TEXTS:
        setattr(file, name, "of Canarybird C4NARY-4711 by Canarydoctor")
    for segment in file.get("SegmentSequence", []):
        segment.SegmentLabel = label.format(segment.SegmentLabel)
        for name, value in segment_texts.items():
            setattr(segment, name, value)
    file.save_as(path)


def assert_nobody_named(value):
    text = repr(value).casefold()
    assert not [mark for mark in ("canary", "c4nary") if mark in text], text


@pytest.fixture
def plain_volume(tmp_path):
    save_all(tmp_path / "ct", datasets(truth_of()))
    return read_series(scan_folder(tmp_path / "ct").series[0])


def test_a_segmentation_of_another_program_names_nobody(plain_volume, tmp_path):
    mask = PHANTOM.truth_mask(plain_volume.geometry, plain_volume.shape[1:])
    path = write_segmentation(tmp_path / "seg.dcm", mask, plain_volume, **MODEL)
    say_names(path, SegmentAlgorithmName="for Ada Canarybird by Canarydoctor")
    (reading, told) = read_mask(path, plain_volume), pydicom.dcmread(path)
    assert "Canarybird" in str(told.SegmentSequence[0]), "the search finds what is there"
    assert reading.notices
    assert reading.makers[0].algorithm_name
    assert_nobody_named((reading.notices, reading.makers))


def test_the_refusal_of_a_segmentation_names_nobody(plain_volume, tmp_path):
    mask = PHANTOM.truth_mask(plain_volume.geometry, plain_volume.shape[1:])
    path = write_segmentation(tmp_path / "seg.dcm", mask, plain_volume, **MODEL)
    say_names(path, label="area of Canarybird", SegmentedPropertyTypeCodeSequence=[])
    with pytest.raises(InputError, match='--map "1=hemorrhage"') as caught:
        read_mask(path, plain_volume)
    assert_nobody_named(str(caught.value))


def test_a_report_of_another_program_names_nobody(plain_volume, tmp_path, caplog, capfd):
    mask = PHANTOM.truth_mask(plain_volume.geometry, plain_volume.shape[1:])
    seg = write_segmentation(tmp_path / "seg.dcm", mask, plain_volume, **MODEL)
    report = write_report(tmp_path / "ct" / "sr.dcm", measure_lesions(mask, plain_volume), plain_volume, seg, **MODEL)
    say_names(report)
    caplog.clear()
    found = scan_folder(tmp_path / "ct")
    captured = capfd.readouterr()
    assert found.rejected
    assert_nobody_named([everything(found, set()), caplog.text, captured.out, captured.err])


def test_a_nifti_mask_of_another_program_names_nobody(plain_volume, tmp_path):
    mask = PHANTOM.truth_mask(plain_volume.geometry, plain_volume.shape[1:])
    written = nib.load(write_nifti(tmp_path / "mask.nii.gz", mask, plain_volume)[0])
    for field in ("descrip", "aux_file", "intent_name", "db_name"):
        written.header[field] = b"Canarybird"
    nib.save(written, tmp_path / "theirs.nii.gz")
    reading = read_mask(tmp_path / "theirs.nii.gz", plain_volume)
    assert reading.mask.any()
    assert_nobody_named((reading.notices, reading.makers))
