"""TEKNOFEST: the slice folder and the full release."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest

from cpam_train.importers import ImportOptions
from cpam_train.importers.formats.teknofest_release import painted
from cpam_train.importers.formats.teknofest_slices import read_groups
from cpam_train.importers.images import read_drawn, read_pixels
from cpam_train.importers.slice_order import OrderCount
from cpam_train.importers.uid_groups import group_of_uid
from cpam_train.importers.uid_order import Run, SliceName, find_runs, read_slice_name, slice_number
from napari_cpam_stroke.config import Window
from napari_cpam_stroke.core import Acquisition, CTVolume, LesionClass, NoticeCode
from napari_cpam_stroke.errors import InputError

HEADER = {
    "PixelSpacing": [0.5, 0.45],
    "SliceThickness": "5.0",
    "Manufacturer": "GE",
    "ManufacturerModelName": "LightSpeed^VCT",
    "ConvolutionKernel": "STANDARD",
    "WindowCenter": ["40", "400"],
    "WindowWidth": ["80", "2000"],
}


@pytest.fixture
def slice_folder(tmp_path, head, dicom_writer, image_writer):
    src = tmp_path / "src"
    for number in range(3):
        hu, mask = head(number, lesion=1)
        dicom_writer(src / "DICOM" / f"1000{number}.dcm", hu[0], **HEADER)
        image_writer(src / "masks" / f"1000{number}.png", mask[0] * 255)
    (src / "groups.csv").write_text("slice,group\n10000,ga\n10001,ga\n10002,gb\n")
    return src


def test_slice_folder_keeps_hu_outline_spacing_and_group(slice_folder, store, head, import_folder):
    summary = import_folder("teknofest", slice_folder)
    hu, mask = head(1, lesion=1)
    record = store.case("teknofest-10001")
    annotation = store.read_annotation(record.head)

    assert (summary.cases, summary.slices, summary.groups, summary.already_there) == (3, 3, 2, 0)
    assert summary.slices_with == {"ischemia": 3, "hemorrhage": 0}
    assert np.array_equal(store.read_frames("teknofest-10001"), np.maximum(hu, -1024))
    assert np.array_equal(annotation.mask, mask)
    assert annotation.mask_known.all()
    assert annotation.slice_labels.tolist() == [[1, 0]]
    assert record.geometry is None
    made = Acquisition("GE LightSpeed VCT", (0.5, 0.45), 5.0, Window(40, 80), "STANDARD")
    assert record.acquisition == store.read_volume("teknofest-10001").acquisition == made
    assert record.facts == ("Scanner GE LightSpeed VCT.", "Pixel spacing 0.5 x 0.45 mm.", "Slice thickness 5 mm.")
    assert record.patient_id == "teknofest-ga"
    assert store.head(record.case_id).kind == "reference"


def test_second_run_adds_nothing_and_limit_goes_on_where_it_stopped(slice_folder, store, import_folder):
    first = import_folder("teknofest", slice_folder, ImportOptions(limit=2))
    second = import_folder("teknofest", slice_folder)
    third = import_folder("teknofest", slice_folder)
    assert (first.cases, second.cases, third.cases) == (2, 1, 0)
    assert third.already_there == 3
    assert len(store.cases()) == 3


def test_progress_ends_at_all(slice_folder, import_folder):
    seen = []
    import_folder("teknofest", slice_folder, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (3, 3)


def test_groups_file_missing_is_one_sentence(slice_folder, import_folder):
    (slice_folder / "groups.csv").unlink()
    with pytest.raises(InputError, match=r"Groups file is missing.*columns slice,group"):
        import_folder("teknofest", slice_folder)


def test_slice_without_mask_or_group_is_skipped_with_its_reason(slice_folder, import_folder):
    (slice_folder / "masks" / "10000.png").unlink()
    (slice_folder / "groups.csv").write_text("slice,group\n10000,ga\n10001,ga\n")
    summary = import_folder("teknofest", slice_folder)
    reasons = {skipped.case_id: skipped.reason for skipped in summary.skipped}
    assert summary.cases == 1
    assert "has no mask" in reasons["teknofest-10000"]
    assert "has no group" in reasons["teknofest-10002"]


def test_padding_becomes_air(tmp_path, store, dicom_writer, image_writer, import_folder):
    hu = np.full((64, 64), 30, dtype=np.int16)
    hu[:4] = -3024
    dicom_writer(tmp_path / "src" / "DICOM" / "1.dcm", hu, PixelPaddingValue=-2000)
    image_writer(tmp_path / "src" / "masks" / "1.png", np.zeros((64, 64)))
    (tmp_path / "src" / "groups.csv").write_text("slice,group\n1,g\n")
    import_folder("teknofest", tmp_path / "src")
    assert store.read_frames("teknofest-1").min() == -1024


@pytest.fixture(params=["NFC", "NFD"])
def release(request, tmp_path, head, dicom_writer, image_writer, to_grey):
    """The ministry's layout, with composed and with decomposed accents."""

    def named(name: str) -> str:
        return unicodedata.normalize(request.param, name)

    root = tmp_path / named("İNME VERİ SETİ")
    sections = {
        1: root / named("Eğitim Veri Seti_İskemi") / named("İskemi Veri Seti"),
        2: root / named("Kanama Veri Seti"),
    }
    for kind, folder in sections.items():
        hu, mask = head(10 + kind, lesion=kind)
        dicom_writer(
            folder / "DICOM" / f"2000{kind}.dcm", hu[0], uid=f"1.2.840.113619.2.411.3.36.{kind}.1601268453.1.24"
        )
        _painted_pair(folder, f"2000{kind}", to_grey(hu[0]), mask[0] > 0, image_writer)
    image_writer(root / named("İnme Yok_kronik süreç_diğer Veri Set_PNG") / "20003.png", to_grey(head(20)[0][0]))
    contest = tmp_path / named("Yar\u0131smaVeriSeti_2_Oturum")
    hu, mask = head(30, lesion=2)
    dicom_writer(contest / "DICOM" / "20001.dcm", hu[0])
    image_writer(contest / "MASKS" / "20001.png", mask[0])
    return tmp_path


def _painted_pair(folder, name, grey, lesion, image_writer):
    """A red half-transparent lesion inside a blue outline, as the release paints it."""
    plain = np.stack([grey] * 3, axis=-1)
    overlay = plain.copy()
    grown = lesion.copy()
    for axis, step in ((0, 1), (0, -1), (1, 1), (1, -1)):
        grown |= np.roll(lesion, step, axis)
    overlay[grown] = (0, 0, 255)
    overlay[lesion] = (plain[lesion] // 2 + np.array([128, 0, 0])).astype(np.uint8)
    image_writer(folder / "PNG" / f"{name}.png", plain)
    image_writer(folder / "OVERLAY" / f"{name}.png", overlay)


def test_full_release_takes_class_from_folder_and_outline_from_overlay(release, store, head, import_folder):
    summary = import_folder("teknofest", release)
    assert summary.cases == 4
    assert summary.slices_with == {"ischemia": 1, "hemorrhage": 2}
    for kind in (LesionClass.ISCHEMIA, LesionClass.HEMORRHAGE):
        record = store.case(f"teknofest-2000{int(kind)}")
        assert np.array_equal(store.read_mask(record.head), head(10 + kind, lesion=int(kind))[1])
    healthy = store.case("teknofest-20003")
    assert (healthy.hu_floor, healthy.hu_ceiling) == (-20, 100)
    assert store.read_annotation(healthy.head).slice_labels.tolist() == [[0, 0]]


def test_competition_slices_keep_apart_from_training_ones_of_the_same_number(release, store, head, import_folder):
    import_folder("teknofest", release)
    record = store.case("teknofest-2oturum-20001")
    assert np.array_equal(store.read_mask(record.head), head(30, lesion=2)[1])


def test_competition_values_can_be_told(release, store, import_folder):
    meaning = {1: LesionClass.HEMORRHAGE, 2: LesionClass.ISCHEMIA}
    import_folder("teknofest", release, ImportOptions(label_values=meaning))
    assert store.read_mask(store.case("teknofest-2oturum-20001").head).max() == LesionClass.ISCHEMIA


def test_folder_of_another_layout_is_refused(tmp_path, import_folder):
    (tmp_path / "src" / "pictures").mkdir(parents=True)
    with pytest.raises(InputError, match="does not have the expected layout"):
        import_folder("teknofest", tmp_path / "src")
    with pytest.raises(InputError, match="not a folder"):
        import_folder("teknofest", tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("1.2.392.200036.9116.2.6.1.144.34.1570156652.147067", "1.2.392.200036.9116.2.6.1.144.34.1570156661.86", True),
        ("1.2.840.113619.2.411.3.36.23.1601268453.387.24", "1.2.840.113619.2.411.3.36.406.1601268499.381.26", True),
        (
            "1.3.12.2.1107.5.1.4.78771.30000019052805185795300008286",
            "1.3.12.2.1107.5.1.4.78771.300000190528051861",
            True,
        ),
        ("1.3.46.670589.61.128.2.20200824225149612000200020078", "1.3.46.670589.61.128.2.2020082422515059700", True),
        ("1.2.392.200036.9116.2.6.1.144.34.1570156652.147067", "1.2.392.200036.9116.2.6.1.144.34.1580833930.33", False),
        (
            "1.3.12.2.1107.5.1.4.78771.30000019052805185795300008286",
            "1.3.12.2.1107.5.1.4.65296.300000190528051861",
            False,
        ),
    ],
)
def test_uid_groups_are_scanner_and_day(first, second, same):
    assert (group_of_uid(first) == group_of_uid(second)) is same


@pytest.mark.real_data
def test_painted_outlines_agree_with_the_masks_made_from_them(real_data):
    folder = real_data / "teknofest-ischemia"
    for path in sorted((folder / "OVERLAY").glob("*.png")):
        lesion = painted(read_pixels(folder / "PNG" / path.name), read_pixels(path), path.name)
        mask = read_drawn(folder / "masks" / path.name)
        assert (lesion & mask).sum() / (lesion | mask).sum() > 0.93


GE = "1.2.840.113619.2.411.3.36.23.1601268453.387."


@pytest.fixture
def uid_folder(tmp_path, head, dicom_writer, image_writer):
    """Five slices of one series, numbers 4, 2, 3, 9 and 5 at 5 mm in the order of their names; one of another maker."""
    src = tmp_path / "src"
    uids = [f"{GE}{n}" for n in (4, 2, 3, 9, 5)] + ["1.2.392.200036.9116.2.6.1.144.34.1570156652.147067"]
    for place, uid in enumerate(uids):
        hu, mask = head(place, lesion=1)
        dicom_writer(src / "DICOM" / f"1000{place}.dcm", hu[0], uid=uid, **HEADER)
        image_writer(src / "masks" / f"1000{place}.png", mask[0] * 255)
    (src / "groups.csv").write_text("slice,group\n" + "".join(f"1000{n},g\n" for n in range(6)))
    return src


def test_slices_of_one_series_are_one_case_in_the_order_of_their_uids(uid_folder, store, head, import_folder):
    summary = import_folder("teknofest", uid_folder)
    record = store.case("teknofest-run-10000")
    order = [1, 2, 0, 4, 3]
    assert (summary.cases, summary.slices, summary.groups) == (2, 6, 1)
    assert record.geometry is None
    assert record.acquisition.slice_places_mm == (10.0, 15.0, 20.0, 25.0, 45.0)
    assert store.case("teknofest-10005").acquisition.slice_places_mm is None
    frames, mask = store.read_frames(record.case_id), store.read_mask(record.head)
    for z, number in enumerate(order):
        hu, lesion = head(number, lesion=1)
        assert np.array_equal(frames[z], np.maximum(hu[0], -1024))
        assert np.array_equal(mask[z], lesion[0])
    told = next(n for n in record.notices if n.code is NoticeCode.SLICE_ORDER)
    assert told.data["slices"] == "10001 10002 10000 10004 10003"
    assert summary.order == (
        "Order of slices: 5 by instance UID, 1 single; 4 have a neighbour within 7.6 mm or next in their file order, "
        "2 on both sides"
    )


def test_a_slice_that_cannot_be_read_leaves_a_gap_and_is_named(uid_folder, store, import_folder):
    (uid_folder / "DICOM" / "10002.dcm").write_bytes(b"nothing")
    (uid_folder / "masks" / "10004.png").write_bytes(b"nothing")
    summary = import_folder("teknofest", uid_folder)
    assert store.case("teknofest-run-10000").acquisition.slice_places_mm == (10.0, 20.0, 45.0)
    reasons = {one.case_id: one.reason for one in summary.skipped}
    assert "cannot be decoded" in reasons["teknofest-10002"]
    assert "10004.png" in reasons["slice 10004 of teknofest-run-10000"]


def test_groups_grids_and_thicknesses_are_not_joined(uid_folder, store, head, dicom_writer, import_folder):
    (uid_folder / "groups.csv").write_text(
        "slice,group\n" + "".join(f"1000{n},{'other' if n == 1 else 'g'}\n" for n in range(6))
    )
    dicom_writer(
        uid_folder / "DICOM" / "10004.dcm", head(4, lesion=1)[0][0], uid=f"{GE}5", **HEADER | {"SliceThickness": "2.5"}
    )
    import_folder("teknofest", uid_folder)
    cases = {r.case_id: r.acquisition.slice_places_mm for r in store.cases()}
    assert cases == {
        "teknofest-run-10000": (15.0, 20.0, 45.0),
        "teknofest-10001": (10.0,),
        "teknofest-10004": (12.5,),
        "teknofest-10005": None,
    }


def test_patients_may_be_named_slice_by_slice(uid_folder, tmp_path, store, import_folder):
    names = tmp_path / "who.csv"
    names.write_text("case,patient\n" + "".join(f"1000{n},{'b' if n == 5 else 'a'}\n" for n in range(6)))
    summary = import_folder("teknofest", uid_folder, ImportOptions(patients=names))
    assert summary.groups == 2
    names.write_text("case,patient\n" + "".join(f"1000{n},{n}\n" for n in range(6)))
    with pytest.raises(InputError, match="gives the slice '10001' another patient"):
        import_folder("teknofest", uid_folder, ImportOptions(patients=names))


@pytest.mark.parametrize(
    ("uid", "stem", "number"),
    [
        (f"{GE}24", GE.rstrip("."), 24),
        ("1.2.840.113704.7.1.0.8.1580.20", "1.2.840.113704.7.1.0.8.1580", 20),
        (
            "1.3.12.2.1107.5.1.4.78771.30000019052805185795300008286",
            "1.3.12.2.1107.5.1.4.78771.300000190528051857953000",
            8286,
        ),
    ],
)
def test_the_last_number_counts_the_slices_of_a_series(uid, stem, number):
    assert slice_number(uid) == (stem, number)


@pytest.mark.parametrize(
    "uid", ["1.2.392.200036.9116.2.6.1.144.34.1570156652.147067", "1.3.12.2.1107.123", "1.2.840.113619.2.x", ""]
)
def test_other_uids_order_nothing(uid):
    assert slice_number(uid) is None


def test_a_number_that_occurs_twice_is_taken_once():
    grid = (512, 512, (0.5, 0.5), 5.0)
    slices = [("g", SliceName(name, f"{GE}{n}", grid)) for name, n in (("a", 1), ("b", 2), ("c", 2))]
    assert find_runs(slices) == [Run(("a", "b"), (5.0, 10.0)), Run(("c",))]


@pytest.mark.real_data
def test_the_known_number_of_slices_is_ordered_and_has_neighbours(real_data):
    folder = real_data / "teknofest-ischemia"
    groups = read_groups(folder / "groups.csv")
    files = sorted((folder / "DICOM").glob("*.dcm"))
    runs = find_runs((groups[path.stem], read_slice_name(path)) for path in files)
    count = OrderCount()
    for run in runs:
        hu = np.zeros((len(run.names), 1, 1), dtype=np.int16)
        count.add(CTVolume(hu, None, run.first, acquisition=Acquisition(slice_places_mm=run.places_mm)))
    assert len(files) == 812
    assert (count.slices["instance UID"], count.with_neighbour, count.between_two) == (668, 581, 325)
