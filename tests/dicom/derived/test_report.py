"""The structured report holds a row per class and per lesion, and names the weights; read back by highdicom."""

from pathlib import Path
from types import SimpleNamespace

import highdicom as hd
import numpy as np
import pydicom
import pytest
from hazard_suite import files
from hazard_suite.base import truth_of
from pydicom.uid import UID

from napari_cpam_stroke.core import measure_lesions
from napari_cpam_stroke.dicom import ModelRun, read_series, scan_folder, write_report, write_segmentation
from napari_cpam_stroke.dicom.derived.export_checks import report_problems

from .test_segmentation import errors_of, mask_for

SHA = "0123456789abcdef" * 4
RUN = ModelRun(
    SHA,
    training="68 patients: cpaisd 19, ct-ich 49",
    thresholds={"ischemia": 0.515625, "hemorrhage": 0.03125},
    min_lesion_ml={"ischemia": 0.5, "hemorrhage": 0.25},
    series_probabilities={"ischemia": 0.8123, "hemorrhage": 0.05},
    series_thresholds={"ischemia": 0.7355, "hemorrhage": 0.4037},
    refer_band={"ischemia": (0.3796, 0.9234)},
)
MODEL = {"algorithm_type": "AUTOMATIC", "algorithm_name": "default", "algorithm_version": "1.0"}
CLASSES = {"432504007": "ischemia", "1386000": "hemorrhage"}


def made(volume, mask, folder: Path, *, run: ModelRun | None = RUN, **changes) -> SimpleNamespace:
    model = {**MODEL, "run": run, **changes}
    probabilities = np.stack([np.full(mask.shape, 204, np.uint8), np.full(mask.shape, 51, np.uint8)])
    table = measure_lesions(mask, volume, probabilities=None if run is None else probabilities)
    seg = write_segmentation(folder / "s.dcm", mask, volume, **model)
    path = write_report(folder / "r.dcm", table, volume, seg, **model)
    return SimpleNamespace(seg=seg, path=path, table=table, sr=hd.sr.srread(path))


def values(group) -> dict[str, tuple[float, str]]:
    return {m.name.value: (float(m.value), m.unit.value) for m in group.get_measurements()}


@pytest.fixture
def mask(plain_volume):
    """The drawn phantom and a second, small hemorrhage in slices 3 and 4."""
    drawn = mask_for(plain_volume)
    drawn[3:5, 40:44, 40:45] = 2
    return drawn


@pytest.fixture
def report(plain_volume, mask, tmp_path):
    return made(plain_volume, mask, tmp_path)


def test_each_class_has_a_row_with_probability_and_limits(report):
    rows = {CLASSES[g.finding_type.value]: values(g) for g in report.sr.content.get_volumetric_roi_measurement_groups()}
    ischemia, hemorrhage = rows["ischemia"], rows["hemorrhage"]
    assert ischemia["118565006"] == (pytest.approx(report.table.volumes_ml["ischemia"], abs=1e-3), "mL")
    assert ischemia["111012"] == (81.23, "%")
    assert ischemia["series-threshold"] == (73.55, "%")
    assert (ischemia["refer-from"], ischemia["refer-to"]) == ((37.96, "%"), (92.34, "%"))
    assert ischemia["pixel-threshold"] == (51.56, "%")
    assert ischemia["smallest-lesion"] == (0.5, "mL")
    assert hemorrhage["111012"] == (5.0, "%")
    assert "refer-from" not in hemorrhage


def test_each_lesion_has_a_row_with_its_slices_and_images(report, plain_volume):
    groups = report.sr.content.get_image_measurement_groups()
    assert len(groups) == len(report.table.lesions) == 3
    for group, lesion in zip(groups, report.table.lesions, strict=True):
        row = values(group)
        assert CLASSES[group.finding_type.value] == lesion.lesion_class.label
        assert row["118565006"] == (pytest.approx(lesion.volume_ml, abs=1e-3), "mL")
        assert row["first-slice"] == (lesion.first_slice, "1")
        assert row["last-slice"] == (lesion.last_slice, "1")
        assert row["111012"] == (80.0 if lesion.lesion_class.label == "ischemia" else 20.0, "%")
        named = [image.referenced_sop_instance_uid for image in group.source_images]
        expected = plain_volume.source[lesion.first_slice : lesion.last_slice + 1]
        assert named == [frame.sop_instance_uid for frame in expected]


@pytest.mark.parametrize("kept", [(), (1,), (2,)])
def test_a_class_without_a_voxel_is_reported_with_0_ml(plain_volume, mask, tmp_path, kept):
    done = made(plain_volume, np.where(np.isin(mask, kept), mask, 0).astype(np.uint8), tmp_path)
    rows = {CLASSES[g.finding_type.value]: values(g) for g in done.sr.content.get_volumetric_roi_measurement_groups()}
    for number, name in enumerate(("ischemia", "hemorrhage"), start=1):
        assert (rows[name]["118565006"][0] > 0) == (number in kept)
        assert rows[name]["111012"][1] == "%"
    assert errors_of(done.seg) == []
    assert errors_of(done.path) == []


def test_seg_and_sr_name_the_weights_and_their_training_data(report):
    segmentation, written = pydicom.dcmread(report.seg), pydicom.dcmread(report.path)
    for segment in segmentation.SegmentSequence:
        (algorithm,) = segment.SegmentationAlgorithmIdentificationSequence
        assert algorithm.AlgorithmName == "default"
        assert algorithm.AlgorithmVersion == f"1.0+sha256.{SHA[:12]}"
        parameters = dict(p.split("=") for p in algorithm.AlgorithmParameters.split(","))
        assert parameters["weights_sha256"] == SHA
        assert parameters["training_data"] == "68 patients: cpaisd 19; ct-ich 49"
        assert parameters["ischemia_pixel_threshold"] == "0.5156"
        assert parameters["ischemia_refer_band"] == "0.3796 to 0.9234"
    for dataset in (segmentation, written):
        assert dataset.DeviceSerialNumber == SHA
    assert segmentation.DeviceUID == written.DeviceUID
    text = {(i.ConceptNameCodeSequence[0].CodeValue, i.get("TextValue") or i.get("UID")) for i in every_item(written)}
    assert ("121012", written.DeviceUID) in text
    assert ("111003", f"1.0+sha256.{SHA[:12]}") in text
    assert ("111002", f"weights_sha256={SHA}") in text
    assert errors_of(report.seg) == []
    assert errors_of(report.path) == []


def test_the_device_uid_follows_the_weights_alone(plain_volume, mask, tmp_path):
    uids = [
        pydicom.dcmread(made(plain_volume, mask, tmp_path, run=ModelRun(sha)).seg).DeviceUID
        for sha in (SHA, SHA, SHA[::-1])
    ]
    assert uids[0] == uids[1] != uids[2]
    assert UID(uids[0]).is_valid


def test_a_drawn_mask_names_no_model_and_no_probability(plain_volume, mask, tmp_path):
    done = made(plain_volume, mask, tmp_path, algorithm_type="MANUAL", algorithm_name="napari-cpam-stroke")
    assert SHA.encode() not in done.seg.read_bytes() + done.path.read_bytes()
    for group in done.sr.content.get_image_measurement_groups():
        assert set(values(group)) == {"118565006", "first-slice", "last-slice"}


def test_no_text_words_a_diagnosis(report):
    words = " ".join(str(i.get("TextValue", "")) for i in every_item(pydicom.dcmread(report.path))).casefold()
    assert "research only" in words
    assert not any(word in words for word in ("diagnos", "patient has", "stroke present"))


def test_rows_of_an_enhanced_source_name_its_frames(tmp_path):
    (tmp_path / "e").mkdir()
    files.save_dataset(tmp_path / "e" / "enhanced", files.enhanced_dataset(truth_of(tilt=10.0), seed=5))
    volume = read_series(scan_folder(tmp_path / "e").series[0])
    done = made(volume, mask_for(volume), tmp_path)
    for group, lesion in zip(done.sr.content.get_image_measurement_groups(), done.table.lesions, strict=True):
        (image,) = group.source_images
        expected = sorted(f.frame_number for f in volume.source[lesion.first_slice : lesion.last_slice + 1])
        assert list(image.referenced_frame_numbers) == expected
    assert errors_of(done.path) == []


@pytest.mark.parametrize("spoil", ["row", "volume", "unit", "device"])
def test_our_checks_find_what_validators_miss(report, spoil):
    written = pydicom.dcmread(report.path)
    assert report_problems(written, report.table) == []
    (container,) = [i for i in written.ContentSequence if i.ConceptNameCodeSequence[0].CodeValue == "126010"]
    number = next(i for i in container.ContentSequence[0].ContentSequence if i.ValueType == "NUM")
    if spoil == "row":
        del container.ContentSequence[-1]
    elif spoil == "volume":
        number.MeasuredValueSequence[0].NumericValue = "1.5"
    elif spoil == "unit":
        number.MeasuredValueSequence[0].MeasurementUnitsCodeSequence[0].CodingSchemeDesignator = "99X"
    else:
        written.ContentSequence = [
            i for i in written.ContentSequence if i.ConceptNameCodeSequence[0].CodeValue != "121012"
        ]
    assert len(report_problems(written, report.table)) == 1


def every_item(item):
    for child in item.get("ContentSequence", []):
        yield child
        yield from every_item(child)
