"""Values that are not HU, computed pictures and tissue left out, from files to what is said; and the public cases."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hazard_suite.base import EVEN, Truth, datasets, save_all, truth_of
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from napari_cpam_stroke.core import NoticeCode
from napari_cpam_stroke.core.hounsfield_check import hounsfield_doubts
from napari_cpam_stroke.core.notice import notice_of
from napari_cpam_stroke.core.volume import AIR_HU
from napari_cpam_stroke.dicom import read_series, scan_folder

CASES = Path(__file__).resolve().parents[3] / "shared" / "cases"
SLICES = len(EVEN)


def spoilt(folder, edit, which=range(SLICES)):
    """Return the only series of the plain one after `edit(item)` of some slices."""
    items = datasets(truth_of())
    for z in which:
        edit(items[z])
    save_all(folder, items)
    (entry,) = scan_folder(folder).series
    return entry


def setting(**values):
    def edit(item):
        for name, value in values.items():
            delattr(item, name) if value is None else setattr(item, name, value)

    return edit


@pytest.fixture
def public_case(tmp_path):
    """Make one of the public cases that lie beside the project."""

    def make(number: str) -> Path:
        found = sorted(CASES.glob(f"{number}-*/make.py"))
        if not found:
            pytest.skip("the public cases are not beside the project")
        subprocess.run([sys.executable, str(found[0]), str(tmp_path / number)], check=True, timeout=120)
        return tmp_path / number

    return make


ONE_SLICE = [
    (setting(RescaleSlope=None, RescaleIntercept=None), NoticeCode.RESCALE_MISSING, "limitation", "3 of 26 slices"),
    (setting(RescaleIntercept=None), NoticeCode.RESCALE_MISSING, "limitation", "3 of 26 slices"),
    (setting(RescaleType="US"), NoticeCode.NOT_HOUNSFIELD, "limitation", "3 of 26 slices"),
    (setting(LossyImageCompression="01"), NoticeCode.LOSSY_COMPRESSION, "warning", "3 of 26 slices"),
    (setting(BodyPartExamined="CHEST"), NoticeCode.OTHER_BODY_PART, "warning", "CHEST"),
    (setting(SeriesDescription="CTA HEAD"), NoticeCode.CONTRAST_SUSPECTED, "warning", "contrast"),
    (setting(SeriesDescription="Iodine map"), NoticeCode.COMPUTED_PICTURE, "limitation", "IODINE"),
    (setting(BurnedInAnnotation="YES"), NoticeCode.BURNED_IN_MARKS, "limitation", "3 of 26 slices"),
]


@pytest.mark.parametrize(("edit", "code", "severity", "words"), ONE_SLICE)
def test_what_holds_for_some_slices_in_the_middle_is_told(tmp_path, edit, code, severity, words):
    entry = spoilt(tmp_path, edit, which=(9, 13, 14))
    notice = notice_of(entry.notices, code)
    assert notice is not None
    assert notice.severity == severity
    assert words in notice.sentence
    assert entry.verdict == ("view_only" if severity == "limitation" else "ready")


def test_an_intercept_of_its_own_is_right_and_a_lost_one_is_told(tmp_path):
    def own(item):
        values = np.frombuffer(item.PixelData, "<u2") + 76
        item.RescaleIntercept, item.PixelData = "-1100", values.astype("<u2").tobytes()

    right = read_series(spoilt(tmp_path / "right", own, which=(4,)))
    assert np.array_equal(right.hu, truth_of().hu)
    assert hounsfield_doubts(right.notices) == ()
    wrong = read_series(spoilt(tmp_path / "wrong", setting(RescaleIntercept="0"), which=(4,)))
    assert [doubt.code for doubt in hounsfield_doubts(wrong.notices)] == [NoticeCode.SLICE_VALUES_UNLIKE]


@pytest.mark.parametrize("intercept", ["0", "-2048", "-824"])
def test_an_offset_that_is_wrong_everywhere_is_told(tmp_path, intercept):
    volume = read_series(spoilt(tmp_path, setting(RescaleIntercept=intercept)))
    assert [doubt.code for doubt in hounsfield_doubts(volume.notices)] == [NoticeCode.VALUES_UNLIKE_A_HEAD]


def coded(keyword, **values):
    inner = Dataset()
    for name, value in values.items():
        setattr(inner, name, value)
    return setting(**{keyword: [inner]})


CODED = [
    setting(VolumeBasedCalculationTechnique="MAX_IP"),
    setting(VolumetricProperties="DISTORTED"),
    setting(DerivationDescription="Pixel by pixel subtraction"),
    coded("DerivationCodeSequence", CodeValue="113062", CodingSchemeDesignator="DCM", CodeMeaning="Subtraction"),
    coded("MultienergyCTCharacteristicsSequence", MonoenergeticEnergyEquivalent=40.0),
]


@pytest.mark.parametrize("edit", CODED)
def test_coded_attributes_tell_computed_pictures(tmp_path, edit):
    entry = spoilt(tmp_path, edit)
    assert entry.verdict == "view_only"
    assert notice_of(entry.notices, NoticeCode.COMPUTED_PICTURE) is not None


def test_plain_derived_slices_and_usual_energies_stay_ready(tmp_path):
    assert spoilt(tmp_path / "a", setting(ImageType=["DERIVED", "PRIMARY", "AXIAL"])).verdict == "ready"
    assert spoilt(tmp_path / "b", setting(VolumeBasedCalculationTechnique="MPR")).verdict == "ready"
    usual = spoilt(tmp_path / "c", setting(SeriesDescription="MonoE 70 keV"))
    assert usual.verdict == "ready"
    assert notice_of(usual.notices, NoticeCode.VIRTUAL_ENERGY) is not None


COVERAGE = [
    ("every second slice", range(0, SLICES, 2), {NoticeCode.TISSUE_LEFT_OUT}),
    ("ten slices", range(8, 18), {NoticeCode.PART_OF_A_HEAD}),
    ("a slab", range(12, 14), {NoticeCode.PART_OF_A_HEAD}),
    ("all", range(SLICES), set()),
    ("a hole", [z for z in range(SLICES) if z != 12], {NoticeCode.TISSUE_LEFT_OUT}),
]


@pytest.mark.parametrize(("kept", "codes"), [case[1:] for case in COVERAGE], ids=[case[0] for case in COVERAGE])
def test_tissue_left_out_is_told_wherever_ml_are_shown(tmp_path, kept, codes):
    items = datasets(truth_of())
    save_all(tmp_path, [items[z] for z in kept])
    (entry,) = scan_folder(tmp_path).series
    told = {NoticeCode.TISSUE_LEFT_OUT, NoticeCode.PART_OF_A_HEAD}
    assert {notice.code for notice in entry.notices} & told == codes
    said = " ".join(read_series(entry).warnings)
    assert ("ml" in said) == bool(codes)


def test_padding_with_loss_is_air_up_to_its_rim_and_the_head_is_untouched(tmp_path):
    truth = truth_of()
    y, x = np.mgrid[: truth.hu.shape[1], : truth.hu.shape[2]]
    outside = np.hypot(y - truth.hu.shape[1] / 2, x - truth.hu.shape[2] / 2) > truth.hu.shape[1] / 2
    hu = truth.hu.copy()
    hu[:, outside] = -2000 + np.random.default_rng(4).integers(-40, 40, (len(hu), outside.sum()))
    items = datasets(Truth(truth.geometry, hu))
    for z, item in enumerate(items):
        item.PixelData = hu[z].astype("<i2").tobytes()
        item.BitsStored, item.HighBit, item.PixelRepresentation, item.RescaleIntercept = 16, 15, 1, "0"
        item.LossyImageCompression = "01"
        item.add_new("PixelPaddingValue", "SS", -2000)
    save_all(tmp_path, items)
    read = read_series(scan_folder(tmp_path).series[0])
    assert (read.hu[:, outside] == AIR_HU).all()
    assert np.array_equal(read.hu[:, ~outside], truth.hu[:, ~outside])
    assert hounsfield_doubts(read.notices) == ()


@pytest.mark.parametrize(("numbers", "said"), [((1,), "part 2 of 2"), ((2,), "part 1 of 2"), ((1, 2), "")])
def test_missing_parts_of_a_concatenation_are_told(tmp_path, numbers, said):
    items, uid = datasets(truth_of()), generate_uid()
    for z, item in enumerate(items):
        item.ConcatenationUID, item.InConcatenationTotalNumber = uid, 2
        item.InConcatenationNumber = 1 + (z >= SLICES // 2)
    save_all(tmp_path, [item for item in items if item.InConcatenationNumber in numbers])
    (entry,) = scan_folder(tmp_path).series
    notice = notice_of(entry.notices, NoticeCode.PARTS_MISSING)
    assert (notice is None) == (not said)
    assert notice is None or f"{said} of this series is missing" in notice.sentence


def test_public_case_of_one_slice_without_rescale(public_case):
    (entry,) = scan_folder(public_case("05")).series
    assert entry.verdict == "view_only"
    assert "1 of 10 slices" in entry.reasons[0]


def test_public_case_of_a_lost_offset(public_case):
    (entry,) = scan_folder(public_case("06")).series
    assert hounsfield_doubts(read_series(entry).notices)


def test_public_case_of_computed_pictures(public_case):
    verdicts = {entry.description: entry.verdict for entry in scan_folder(public_case("10")).series}
    assert set(verdicts.values()) == {"view_only"}
    assert len(verdicts) == 3


def test_public_case_of_padding_with_loss(public_case):
    hu = read_series(scan_folder(public_case("19")).series[0]).hu
    assert hu.min() == AIR_HU
    assert (hu == AIR_HU).mean() > 0.2


def test_public_case_of_half_a_concatenation(public_case):
    (entry,) = scan_folder(public_case("22")).series
    assert any("part 2 of 2 of this series is missing" in said for said in entry.warnings)
