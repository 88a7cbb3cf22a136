"""Masks of other programs through the command line; inputs of public reports where they lie beside the project."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from foreign_seg import HEMORRHAGE, TISSUE, a_mask, foreign_seg, segment, small_series
from hazard_suite.base import text

from cpam_train.cli import main
from cpam_train.data.store_check import check_store
from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.dicom import read_series, scan_folder
from napari_cpam_stroke.samples import write_dicom_series

CASES = next((p / "shared" / "cases" for p in Path(__file__).resolve().parents if (p / "shared/cases").is_dir()), None)
BLEED_VOXELS = 1407


@pytest.fixture
def run(monkeypatch, capsys):
    """Runs `cpam-train import` and gives exit code, standard output and standard error."""

    def call(*words):
        monkeypatch.setattr(sys, "argv", ["cpam-train", "import", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        told = capsys.readouterr()
        return ended.value.code or 0, told.out, told.err

    return call


@pytest.fixture
def unnamed(tmp_path):
    """A series with a segmentation that does not say what it shows."""
    volume = small_series(tmp_path / "src" / "ct")
    foreign_seg(volume, [a_mask(volume)], [segment(1, "Segment_1", TISSUE)]).save_as(tmp_path / "src" / "seg.dcm")
    return volume


def test_the_option_that_maps_a_segment_is_named_and_works(unnamed, tmp_path, run):
    store = tmp_path / "store"
    code, _, complaints = run("dicom-seg", tmp_path / "src", "--store", store)
    assert code == 2
    assert '--map "Segment_1=hemorrhage"' in complaints
    code, told, complaints = run("dicom-seg", tmp_path / "src", "--store", store, "--map", "Segment_1=hemorrhage")
    assert code == 0
    assert "1 new cases" in told
    assert "Segment 1 'Segment_1' (Tissue) was read as hemorrhage." in complaints


def test_what_was_skipped_is_told_and_the_code_says_so(unnamed, tmp_path, run):
    write_dicom_series(tmp_path / "src" / "ct2", unnamed.hu + 1, unnamed.geometry, text=text(series="second"))
    second = read_series(scan_folder(tmp_path / "src" / "ct2").series[0])
    foreign_seg(second, [a_mask(second)], [segment(1, "ICH", HEMORRHAGE)]).save_as(tmp_path / "src" / "b.dcm")
    code, told, complaints = run("dicom-seg", tmp_path / "src", "--store", tmp_path / "store")
    assert code == 1
    assert "1 new cases" in told
    assert "Skipped" in complaints
    assert "1 'Segment_1'" in complaints


def test_a_wrong_map_is_one_sentence(tmp_path, run):
    code, _, complaints = run("dicom-seg", tmp_path, "--store", tmp_path / "store", "--map", "Segment_1=bone")
    assert code == 2
    assert "--map names no class" in complaints


def made(number, folder):
    """Write the input of a public report and return where."""
    if CASES is None:
        pytest.skip("the inputs of public reports are not beside the project")
    (case,) = CASES.glob(f"{number}-*")
    subprocess.run([sys.executable, case / "make.py", folder], check=True, capture_output=True)
    return folder


@pytest.mark.parametrize(
    ("number", "source", "part"),
    [
        ("01", "nnunet", ""),
        ("02", "dicom-seg", ""),
        ("03", "dicom-seg", "Intracerebral-haematoma"),
        ("04", "dicom-seg", ""),
        ("11", "dicom-seg", "shared"),
        ("11", "dicom-seg", "no-type"),
    ],
)
def test_reported_masks_come_in_whole(number, source, part, tmp_path, run):
    """The bleed is every voxel of exactly 68 HU, and no other."""
    src = made(number, tmp_path / "case") / part
    assert run(source, src, "--store", tmp_path / "store")[0] == 0
    with AnnotationStore.open(tmp_path / "store", create=False) as store:
        (record,) = store.cases()
        mask, hu = store.read_mask(record.head), store.read_frames(record.case_id)
    assert (mask > 0).sum() == BLEED_VOXELS
    assert ((mask == 2) == (hu == 68)).all()


@pytest.mark.parametrize(
    ("number", "source", "part", "says"),
    [("03", "dicom-seg", "Segment_1", "--map"), ("08", "nifti", "", "mm apart")],
)
def test_reported_masks_that_cannot_be_told_are_refused(number, source, part, says, tmp_path, run):
    code, _, complaints = run(source, made(number, tmp_path / "case") / part, "--store", tmp_path / "store")
    assert code == 2
    assert says in complaints


def test_reported_values_that_are_no_hounsfield_units_are_told_and_doubted(tmp_path, run):
    src = made("07", tmp_path / "case")
    code, told, complaints = run("nifti", src, "--store", tmp_path / "store")
    assert (code, "1 new cases" in told) == (0, True)
    assert "do not look like Hounsfield units of a head" in told + complaints
    with AnnotationStore.open(tmp_path / "store", create=False) as store:
        (record,) = store.cases()
        assert any("Hounsfield" in sentence for sentence in record.warnings)
        assert any("Hounsfield" in doubt for doubt in check_store(store).problems)


def test_an_import_made_again_replaces_the_earlier_one_and_tells_what_it_left_out(tmp_path, run):
    from PIL import Image

    src, store, table = tmp_path / "src", tmp_path / "store", tmp_path / "left.csv"
    for part, value in (("images", 90), ("masks", 1)):
        (src / part).mkdir(parents=True)
        Image.new("L", (32, 32), value).save(src / part / "one.png")
    Image.new("L", (32, 32), 80).save(src / "images" / "@two.png")
    words = ("png", src, "--store", store, "--window", "40/80", "--left-out", table, "--map")
    code, told, _ = run(*words, "1=ischemia")
    assert (code, "1 new cases" in told) == (1, True)
    assert "'@two,skipped,\"Picture has no mask" in table.read_text()
    code, told, _ = run(*words, "1=hemorrhage", "--again")
    assert (code, "1 replaced, 1 skipped" in told) == (1, True)
    assert run(*words, "1=hemorrhage", "--again", "--dry-run")[0] == 2
    assert run("png", src, "--store", store, "--window", "80", "--map", "1=ischemia")[0] == 2


def test_the_table_is_written_also_where_nothing_came_in(tmp_path, run):
    table = tmp_path / "left.csv"
    (tmp_path / "labels.csv").write_text("file,label\ngone.png,none\n")
    code, _, complaints = run("csv", tmp_path / "labels.csv", "--store", tmp_path / "store", "--left-out", table)
    assert code == 2
    assert "is missing" in complaints
    assert ",gone,skipped," in table.read_text()
