"""What is said of a series by code, and how it was made."""

import pytest
from hazard_suite.base import datasets, save_all, truth_of
from hazard_suite.files import enhanced_dataset

from napari_cpam_stroke.config import Window
from napari_cpam_stroke.core import Acquisition, NoticeCode
from napari_cpam_stroke.dicom import read_series, scan_folder
from napari_cpam_stroke.samples import save_dataset

ODD = [
    ({"Modality": "MR"}, NoticeCode.NOT_CT, "refusal", {"modality": "MR"}),
    ({"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}, NoticeCode.LOCALIZER, "refusal", {}),
    ({"ImageType": ["DERIVED", "SECONDARY", "SCREEN SAVE"]}, NoticeCode.SCREEN_CAPTURE, "refusal", {}),
    ({"PixelSpacing": None}, NoticeCode.PIXEL_SPACING_INVALID, "refusal", {}),
    ({"HighBit": 3}, NoticeCode.BIT_DEPTH, "refusal", {"allocated": 16, "stored": 12, "high_bit": 3}),
    ({"RescaleSlope": "0"}, NoticeCode.RESCALE_INVALID, "refusal", {}),
    ({"RescaleType": "US"}, NoticeCode.NOT_HOUNSFIELD, "limitation", {"rescale_type": "US"}),
    ({"RescaleSlope": None}, NoticeCode.RESCALE_MISSING, "limitation", {}),
    ({"ImagePositionPatient": None}, NoticeCode.NO_POSITION, "limitation", {}),
    ({"ImageType": ["DERIVED", "SECONDARY", "MIP"]}, NoticeCode.COMPUTED_PICTURE, "limitation", {"image_type": "MIP"}),
    ({"ContrastBolusAgent": "X"}, NoticeCode.CONTRAST_AGENT, "limitation", {"agent": "X"}),
    ({"SeriesDescription": "CTA HEAD"}, NoticeCode.CONTRAST_SUSPECTED, "warning", {}),
    ({"ConvolutionKernel": "H60s"}, NoticeCode.BONE_KERNEL, "warning", {"kernel": "H60s"}),
    ({"BodyPartExamined": "CHEST"}, NoticeCode.OTHER_BODY_PART, "warning", {"body_part": "CHEST"}),
    ({"LossyImageCompression": "01"}, NoticeCode.LOSSY_COMPRESSION, "warning", {}),
    ({"SliceThickness": None}, NoticeCode.THICKNESS_MISSING, "warning", {}),
    ({"FrameOfReferenceUID": None}, NoticeCode.NO_FRAME_OF_REFERENCE, "warning", {}),
    ({"ConvolutionKernel": "H31s"}, NoticeCode.KERNEL, "info", {"kernel": "H31s", "sharpness": "soft"}),
]
VERDICTS = {"refusal": "refused", "limitation": "view_only", "warning": "ready", "info": "ready"}


def scanned(folder, **values):
    """Return the only series of a plain one with some elements changed, or taken away (None)."""
    items = datasets(truth_of())
    for item in items:
        for name, value in values.items():
            delattr(item, name) if value is None else setattr(item, name, value)
    save_all(folder, items)
    (entry,) = scan_folder(folder).series
    return entry


@pytest.mark.parametrize(("values", "code", "severity", "data"), ODD)
def test_what_is_odd_has_its_code_its_severity_and_its_values(tmp_path, values, code, severity, data):
    entry = scanned(tmp_path, **values)
    assert (severity, data) in [(n.severity, n.data) for n in entry.notices if n.code is code]
    assert entry.verdict == VERDICTS[severity]


def test_reasons_are_what_decided_the_verdict(tmp_path):
    entry = scanned(tmp_path, ContrastBolusAgent="X", RescaleType="US")
    assert [n.code for n in entry.notices if n.sentence in entry.reasons] == [
        NoticeCode.NOT_HOUNSFIELD,
        NoticeCode.CONTRAST_AGENT,
    ]
    assert (entry.verdict, entry.ai_on_request) == ("view_only", False)


def test_only_a_contrast_agent_alone_lets_the_user_insist(tmp_path):
    entry = scanned(tmp_path, ContrastBolusAgent="X")
    assert (entry.verdict, entry.ai_on_request, len(entry.reasons)) == ("view_only", True, 1)
    assert not scanned(tmp_path / "plain").ai_on_request


def test_a_gap_names_its_places(tmp_path):
    items = datasets(truth_of())
    save_all(tmp_path, items[:10] + items[12:])
    (entry,) = scan_folder(tmp_path).series
    (gap,) = [n for n in entry.notices if n.code is NoticeCode.SLICES_MISSING]
    assert (gap.data["slices"], gap.data["gap_mm"]) == (2, 15.0)
    assert gap.data["to_z_mm"] - gap.data["from_z_mm"] == pytest.approx(15)


def test_files_set_aside_have_codes(tmp_path):
    items = datasets(truth_of())
    save_all(tmp_path, [*items, items[0]])
    (tmp_path / "notes.txt").write_text("a letter" * 100)
    (tmp_path / "link").symlink_to(tmp_path / "notes.txt")
    report = scan_folder(tmp_path)
    assert {r.path.name: r.notice.code for r in report.rejected if not r.path.name.startswith("IM")} == {
        "link": NoticeCode.LINK_NOT_FOLLOWED,
        "notes.txt": NoticeCode.NOT_DICOM,
    }
    assert [r.notice.code for r in report.rejected if r.path.name.startswith("IM")] == [NoticeCode.IMAGE_COPY]
    assert all(r.reason == r.notice.sentence for r in report.rejected)


HEADER = {
    "Manufacturer": "GE <b>",
    "ManufacturerModelName": "LightSpeed^VCT",
    "ConvolutionKernel": "H31s",
    "WindowCenter": ["35.5", "400"],
    "WindowWidth": ["80", "2000"],
    "SliceThickness": "4.8",
}
MADE = Acquisition("GE b LightSpeed VCT", truth_of().geometry.pixel_spacing_mm, 4.8, Window(35.5, 80), "H31s")


def test_acquisition_comes_with_the_volume(tmp_path):
    entry = scanned(tmp_path, **HEADER)
    volume = read_series(entry)
    assert entry.acquisition == volume.acquisition == MADE
    assert (entry.kernel, entry.thickness_mm) == ("H31s", 4.8)
    assert volume.notices == entry.notices
    assert "Scanner GE b LightSpeed VCT." in volume.facts
    assert not any(n.code is NoticeCode.PIXEL_SPACING for n in volume.notices), "the geometry says it"


def test_without_positions_a_reader_is_told_spacing_and_thickness(tmp_path):
    entry = scanned(tmp_path, ImagePositionPatient=None)
    assert {n.code for n in entry.notices} >= {NoticeCode.PIXEL_SPACING, NoticeCode.SLICE_THICKNESS}
    assert entry.acquisition.slice_thickness_mm == 5.0
    assert entry.thickness_mm is None


@pytest.mark.parametrize("width", ["0", "-80", "wide"])
def test_a_window_that_is_none_is_left_out(tmp_path, width):
    items = datasets(truth_of())
    for item in items:
        item["WindowWidth"]._value = width
    save_all(tmp_path, items)
    assert scan_folder(tmp_path).series[0].acquisition.window is None


def test_an_enhanced_file_tells_its_window_per_frame(tmp_path):
    enhanced = enhanced_dataset(truth_of())
    shown = type(enhanced)()
    shown.WindowCenter, shown.WindowWidth = "50", "100"
    enhanced.SharedFunctionalGroupsSequence[0].FrameVOILUTSequence = [shown]
    save_dataset(tmp_path / "enhanced.dcm", enhanced)
    assert scan_folder(tmp_path).series[0].acquisition.window == Window(50, 100)


def test_nothing_of_the_patient_is_in_the_scanners_name(tmp_path):
    entry = scanned(
        tmp_path, PatientID="12345", PatientName="Doe^Jane", Manufacturer="Jane 12345", ManufacturerModelName="X"
    )
    assert entry.acquisition.scanner == "X"
