"""SEG on native frames: lossless round trip, valid for others, refused on another series."""

import shutil
import subprocess

import highdicom as hd
import numpy as np
import pydicom
import pytest
from hazard_suite import files
from hazard_suite.base import PHANTOM, SHAPE, datasets, save_all, truth_of
from hazard_suite.geometry import TEN, TEN_THICK
from pydicom.uid import generate_uid

from napari_cpam_stroke.core import CTVolume, measure_lesions
from napari_cpam_stroke.dicom import read_segmentation, read_series, scan_folder, write_report, write_segmentation
from napari_cpam_stroke.dicom.derived.export_checks import segmentation_problems
from napari_cpam_stroke.errors import GeometryMismatchError, InputError, SeriesError
from napari_cpam_stroke.samples import phantom_volume

MODEL = {"algorithm_type": "AUTOMATIC", "algorithm_name": "default", "algorithm_version": "1.0"}
GEOMETRIES = {
    "even": {},
    "tilted": {"tilt": 18.5},
    "5 then 10 mm": {"distances": TEN, "thickness": TEN_THICK},
    "tilted and variable": {"distances": TEN, "thickness": TEN_THICK, "tilt": -15.0},
    "prone": {"row": (-1.0, 0.0, 0.0), "column": (0.0, -1.0, 0.0)},
    "not square": {"spacing": (1.6, 2.4), "shape": (140, 96)},
}


def mask_for(volume: CTVolume) -> np.ndarray:
    return PHANTOM.truth_mask(volume.geometry, volume.shape[1:])


def errors_of(path) -> list[str]:
    if shutil.which("dciodvfy") is None:
        pytest.skip("dciodvfy (dicom3tools) is not installed")
    told = subprocess.run(["dciodvfy", path], capture_output=True, text=True, check=False).stderr
    return [line for line in told.splitlines() if line.startswith("Error")]


@pytest.fixture(params=GEOMETRIES)
def volume(request, series_of):
    return series_of(truth_of(**GEOMETRIES[request.param]))


def test_round_trip_and_validator(volume, tmp_path):
    mask = mask_for(volume)
    path = write_segmentation(tmp_path / "out" / "segmentation.dcm", mask, volume, **MODEL)
    np.testing.assert_array_equal(read_segmentation(path, volume), mask)
    report = write_report(tmp_path / "sr.dcm", measure_lesions(mask, volume), volume, path, **MODEL)
    assert errors_of(path) == []
    assert errors_of(report) == []
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["segmentation.dcm"]


def test_highdicom_places_every_frame_where_the_source_is(volume, tmp_path):
    """An independent reader finds for each slice the mask that was drawn on it, and its thickness."""
    mask = mask_for(volume)
    segmentation = hd.seg.segread(write_segmentation(tmp_path / "s.dcm", mask, volume, **MODEL))
    uids = [frame.sop_instance_uid for frame in volume.source]
    found = segmentation.get_pixels_by_source_instance(uids, combine_segments=True, ignore_spatial_locations=True)
    np.testing.assert_array_equal(found, mask)
    for group in segmentation.PerFrameFunctionalGroupsSequence:
        position = np.array(group.PlanePositionSequence[0].ImagePositionPatient, float)
        z = int(np.linalg.norm(volume.geometry.positions_mm - position, axis=1).argmin())
        np.testing.assert_allclose(position, volume.geometry.positions_mm[z], atol=1e-3)
        shared = segmentation.SharedFunctionalGroupsSequence[0]
        measures = group.get("PixelMeasuresSequence") or shared.PixelMeasuresSequence
        assert float(measures[0].SliceThickness) == pytest.approx(volume.geometry.thickness_mm[z])


def test_label_map_round_trip(plain_volume, tmp_path):
    mask = mask_for(plain_volume)
    path = write_segmentation(tmp_path / "s.dcm", mask, plain_volume, labelmap=True, **MODEL)
    assert pydicom.dcmread(path).SegmentationType == "LABELMAP"
    np.testing.assert_array_equal(read_segmentation(path, plain_volume), mask)


@pytest.mark.parametrize("shuffled", [True, False])
def test_enhanced_source(tmp_path, shuffled):
    dataset = files.enhanced_dataset(truth_of(tilt=10.0), seed=5 if shuffled else None)
    (tmp_path / "e").mkdir()
    files.save_dataset(tmp_path / "e" / "enhanced", dataset)
    volume = read_series(scan_folder(tmp_path / "e").series[0])
    mask = mask_for(volume)
    path = write_segmentation(tmp_path / "s.dcm", mask, volume, **MODEL)
    np.testing.assert_array_equal(read_segmentation(path, volume), mask)
    assert errors_of(path) == []


def test_zip_source(tmp_path):
    files._zip(tmp_path)
    volume = read_series(scan_folder(tmp_path / "series.zip").series[0])
    mask = mask_for(volume)
    path = write_segmentation(tmp_path / "s.dcm", mask, volume, **MODEL)
    np.testing.assert_array_equal(read_segmentation(path, volume), mask)


def test_empty_mask_is_a_valid_result(plain_volume, tmp_path):
    mask = np.zeros(plain_volume.shape, np.uint8)
    path = write_segmentation(tmp_path / "s.dcm", mask, plain_volume, **MODEL)
    np.testing.assert_array_equal(read_segmentation(path, plain_volume), mask)
    report = write_report(tmp_path / "r.dcm", measure_lesions(mask, plain_volume), plain_volume, path, **MODEL)
    assert errors_of(path) == []
    assert errors_of(report) == []


@pytest.mark.parametrize("kind", ["AUTOMATIC", "SEMIAUTOMATIC", "MANUAL"])
def test_algorithm_type_follows_what_was_done(plain_volume, tmp_path, kind):
    model = {**MODEL, "algorithm_type": kind}
    path = write_segmentation(tmp_path / "s.dcm", mask_for(plain_volume), plain_volume, **model)
    for segment in pydicom.dcmread(path).SegmentSequence:
        assert segment.SegmentAlgorithmType == kind
        assert ("SegmentationAlgorithmIdentificationSequence" in segment) == (kind != "MANUAL")
    table = measure_lesions(mask_for(plain_volume), plain_volume)
    report = write_report(tmp_path / "r.dcm", table, plain_volume, path, **model)
    assert errors_of(path) == []
    assert errors_of(report) == []


def test_codes_and_names(plain_volume, tmp_path):
    segmentation = pydicom.dcmread(
        write_segmentation(tmp_path / "s.dcm", mask_for(plain_volume), plain_volume, **MODEL)
    )
    kinds = [s.SegmentedPropertyTypeCodeSequence[0] for s in segmentation.SegmentSequence]
    assert [(k.CodeValue, k.CodingSchemeDesignator) for k in kinds] == [("55641003", "SCT"), ("50960005", "SCT")]
    assert {s.SegmentedPropertyCategoryCodeSequence[0].CodeValue for s in segmentation.SegmentSequence} == {"49755003"}
    algorithm = segmentation.SegmentSequence[0].SegmentationAlgorithmIdentificationSequence[0]
    assert (algorithm.AlgorithmName, algorithm.AlgorithmVersion) == ("default", "1.0")
    assert segmentation.FrameOfReferenceUID == plain_volume.geometry.frame_of_reference_uid


def test_report_holds_ml_from_each_slices_interval(series_of, tmp_path):
    """A series of 5 and 10 mm: the ml of the report are the analytic ones within 10 %."""
    volume = series_of(truth_of(distances=TEN, thickness=TEN_THICK))
    mask = mask_for(volume)
    segmentation = write_segmentation(tmp_path / "s.dcm", mask, volume, **MODEL)
    table = measure_lesions(mask, volume)
    report = hd.sr.srread(write_report(tmp_path / "r.dcm", table, volume, segmentation, **MODEL))
    found = {}
    for group in report.content.get_volumetric_roi_measurement_groups():
        (measurement,) = group.get_measurements()
        assert measurement.name.value == "118565006"
        assert measurement.unit.value == "mL"
        found[group.finding_type.value] = float(measurement.value)
        assert group.reference_type.meaning == "Referenced Segment"
    truth = PHANTOM.truth_ml
    assert found["432504007"] == pytest.approx(truth["ischemia"], rel=0.1)
    assert found["1386000"] == pytest.approx(truth["hemorrhage"], rel=0.1)


def test_another_series_is_refused_by_its_content(plain_volume, tmp_path, series_of):
    path = write_segmentation(tmp_path / "s.dcm", mask_for(plain_volume), plain_volume, **MODEL)
    moved = series_of(truth_of(tuple(5.0 * i - 61 for i in range(26))))
    with pytest.raises(GeometryMismatchError, match=r"another series.*content hash"):
        read_segmentation(path, moved)


def test_one_changed_pixel_is_another_series(plain_volume, tmp_path):
    path = write_segmentation(tmp_path / "s.dcm", mask_for(plain_volume), plain_volume, **MODEL)
    hu = plain_volume.hu.copy()
    hu[3, 4, 5] += 1
    other = CTVolume(hu, plain_volume.geometry, plain_volume.case_id, source=plain_volume.source)
    with pytest.raises(GeometryMismatchError, match="content hash"):
        read_segmentation(path, other)


def foreign(path, **changes):
    """Make a SEG look as if another program had written it."""
    dataset = pydicom.dcmread(path)
    dataset.ContentDescription = "by hand"
    for name, value in changes.items():
        setattr(dataset, name, value)
    dataset.save_as(path)
    return path


def test_segmentation_of_another_program_is_read_by_its_references(plain_volume, tmp_path):
    mask = mask_for(plain_volume)
    path = foreign(write_segmentation(tmp_path / "s.dcm", mask, plain_volume, **MODEL))
    np.testing.assert_array_equal(read_segmentation(path, plain_volume), mask)


def test_segmentation_of_another_program_on_other_images_is_refused(plain_volume, tmp_path):
    path = foreign(write_segmentation(tmp_path / "s.dcm", mask_for(plain_volume), plain_volume, **MODEL))
    dataset = pydicom.dcmread(path)
    for group in dataset.PerFrameFunctionalGroupsSequence:
        group.DerivationImageSequence[0].SourceImageSequence[0].ReferencedSOPInstanceUID = generate_uid()
    dataset.save_as(path)
    with pytest.raises(GeometryMismatchError, match="does not refer"):
        read_segmentation(path, plain_volume)


def test_what_is_no_segmentation_is_said(plain_series, plain_volume, tmp_path):
    with pytest.raises(InputError, match="no DICOM segmentation"):
        read_segmentation(next(plain_series.iterdir()), plain_volume)
    (tmp_path / "text").write_text("hello " * 100, encoding="utf-8")
    with pytest.raises(InputError, match="not a DICOM file"):
        read_segmentation(tmp_path / "text", plain_volume)


def test_volume_without_files_is_refused_in_one_sentence(tmp_path):
    volume = phantom_volume()
    with pytest.raises(SeriesError, match="no DICOM source"):
        write_segmentation(tmp_path / "s.dcm", np.zeros(volume.shape, np.uint8), volume, **MODEL)


@pytest.mark.parametrize("name", ["StudyInstanceUID", "FrameOfReferenceUID", "SOPClassUID"])
def test_source_that_lacks_an_identifier_is_refused_in_one_sentence(tmp_path, name):
    items = datasets(truth_of())
    save_all(tmp_path / "series", items)
    for path in (tmp_path / "series").iterdir():
        dataset = pydicom.dcmread(path)
        delattr(dataset, name)
        dataset.save_as(path)
    volume = read_series(scan_folder(tmp_path / "series").series[0])
    with pytest.raises(SeriesError, match=name):
        write_segmentation(tmp_path / "s.dcm", mask_for(volume), volume, **MODEL)
    assert not (tmp_path / "s.dcm").exists()


def test_moved_source_is_refused_in_one_sentence(tmp_path):
    save_all(tmp_path / "series", datasets(truth_of()))
    volume = read_series(scan_folder(tmp_path / "series").series[0])
    (tmp_path / "series").rename(tmp_path / "elsewhere")
    with pytest.raises(SeriesError, match="no longer be read"):
        write_segmentation(tmp_path / "s.dcm", mask_for(volume), volume, **MODEL)


def test_wrong_shape_is_refused(plain_volume, tmp_path):
    with pytest.raises(GeometryMismatchError):
        write_segmentation(tmp_path / "s.dcm", np.zeros((2, *SHAPE), np.uint8), plain_volume, **MODEL)


@pytest.mark.parametrize("spoil", ["frame of reference", "position", "reference", "hash", "rows"])
def test_our_checks_find_what_validators_miss(plain_volume, tmp_path, spoil):
    path = write_segmentation(tmp_path / "s.dcm", mask_for(plain_volume), plain_volume, **MODEL)
    segmentation = pydicom.dcmread(path)
    assert segmentation_problems(segmentation, plain_volume) == []
    group = segmentation.PerFrameFunctionalGroupsSequence[0]
    if spoil == "frame of reference":
        del segmentation.FrameOfReferenceUID
    elif spoil == "position":
        del group.PlanePositionSequence
    elif spoil == "reference":
        group.DerivationImageSequence[0].SourceImageSequence[0].ReferencedSOPInstanceUID = "1.2.3"
    elif spoil == "hash":
        segmentation.ContentDescription = "0" * 64
    else:
        segmentation.Rows += 1
    assert len(segmentation_problems(segmentation, plain_volume)) == 1


def test_an_empty_mask_is_written_without_a_word(plain_volume, tmp_path, caplog):
    mask = np.zeros(plain_volume.shape, np.uint8)
    path = write_segmentation(tmp_path / "s.dcm", mask, plain_volume, **MODEL)
    assert caplog.records == []
    assert not read_segmentation(path, plain_volume).any()
