"""What a scan gives beyond the verdicts of the hazard table."""

import os
import shutil
import time
import zipfile

import numpy as np
import pytest
from hazard_suite.base import datasets, save_all, text, truth_of

from napari_cpam_stroke.dicom import read_series, scan_folder, scan_paths
from napari_cpam_stroke.dicom.headers import header_cache
from napari_cpam_stroke.dicom.headers.pseudonym import Pseudonyms
from napari_cpam_stroke.dicom.series import scan
from napari_cpam_stroke.dicom.series.kernels import kernel_sharpness
from napari_cpam_stroke.errors import CancelledError, InputError
from napari_cpam_stroke.samples import stroke_case


def test_entry_of_the_bundled_case(tmp_path):
    report = scan_folder(stroke_case(tmp_path))
    (entry,) = report.series
    assert (entry.verdict, entry.reasons, entry.warnings) == ("ready", (), ())
    assert (entry.slices, entry.matrix, entry.thickness_mm, entry.modality) == (24, (256, 256), 5.0, "CT")
    assert len(entry.files) == 24
    assert report.rejected == ()
    assert report.proposed is entry


def test_second_scan_reads_no_header_again(plain_series, monkeypatch):
    monkeypatch.setattr(scan, "_CACHE", header_cache.HeaderCache())
    for path in plain_series.iterdir():
        os.utime(path, (1e9, 1e9))
    first = scan_folder(plain_series)
    monkeypatch.setattr(scan, "read_frames", lambda *_: pytest.fail("read again"))
    second = scan_folder(plain_series)
    assert [e.key for e in second.series] == [e.key for e in first.series]


def test_changed_file_is_read_again(tmp_path):
    truth = truth_of()
    items = datasets(truth)
    save_all(tmp_path, items)
    assert scan_folder(tmp_path).series[0].description == "HEAD 5.0 STANDARD"
    for path in tmp_path.iterdir():
        path.unlink()
    save_all(tmp_path, datasets(truth, text=text(description="ANOTHER")))
    assert scan_folder(tmp_path).series[0].description == "ANOTHER"


def test_file_written_a_moment_ago_is_not_remembered():
    """Its time of change may stay the same when it is written again."""
    cache, names = header_cache.HeaderCache(), Pseudonyms(b"k")
    now = time.time_ns()
    cache.put("new", (1, now), names, ())
    assert cache.get("new", (1, now), names) is None


def test_cache_forgets_the_oldest():
    cache, names = header_cache.HeaderCache(size=2), Pseudonyms(b"k")
    for name in "abc":
        cache.put(name, (1, 1), names, ())
    assert cache.get("a", (1, 1), names) is None
    assert cache.get("c", (1, 1), names) == ()
    assert cache.get("c", (1, 2), names) is None
    assert cache.get("c", (1, 1), Pseudonyms(b"other")) is None


def test_keys_are_pseudonyms_that_stay_the_same(plain_series):
    first, second = (scan_folder(plain_series).series[0] for _ in range(2))
    assert first.key == second.key
    assert len(first.key) == 12
    assert set(first.key) <= set("0123456789abcdef")
    assert first.series_uid not in first.key


def test_one_file_opens_alone(plain_series):
    (entry,) = scan_folder(next(plain_series.iterdir())).series
    assert (entry.slices, entry.verdict) == (1, "view_only")


def test_nothing_there_is_said_plainly(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        scan_folder(tmp_path / "missing")


def test_empty_folder_has_no_series(tmp_path):
    report = scan_folder(tmp_path)
    assert (report.series, report.proposed) == ((), None)
    assert "No CT series" in report.proposal_reason


def test_progress_and_cancel(plain_series):
    seen = []
    scan_folder(plain_series, progress=lambda done, total: seen.append((done, total)))
    assert seen[0] == (0, 26)
    assert seen[-1] == (26, 26)
    with pytest.raises(CancelledError):
        scan_folder(plain_series, cancelled=lambda: len(seen) > 0)


def test_file_limit_is_kept_and_said(plain_series, monkeypatch):
    from napari_cpam_stroke.dicom.series import folder_walk

    monkeypatch.setattr(folder_walk, "MAX_FILES", 5)
    report = scan_folder(plain_series)
    assert sum(entry.slices for entry in report.series) == 5
    assert "more than 5 files" in report.rejected[0].reason


def test_deep_folders_are_cut_off_and_said(tmp_path):
    deep = tmp_path.joinpath(*["d"] * 30)
    deep.mkdir(parents=True)
    assert any("deep" in rejected.reason for rejected in scan_folder(tmp_path).rejected)


def test_thickness_just_below_the_wanted_range_is_accepted(tmp_path):
    truth = truth_of(tuple(0.62 * i for i in range(6)), thickness=0.62)
    save_all(tmp_path, datasets(truth))
    assert "nothing better" not in scan_folder(tmp_path).proposal_reason


def test_zip_in_a_folder_is_read_too(tmp_path, plain_series):
    with zipfile.ZipFile(tmp_path / "cd.zip", "w") as archive:
        for path in plain_series.iterdir():
            archive.write(path, path.name)
    (entry,) = scan_folder(tmp_path).series
    assert entry.verdict == "ready"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["cd.zip"], "nothing may be unpacked"


SOFT = ["H31s", "J40s\\3", "Hr38f", "STANDARD", "STD+", "SOFT", "FC21", "FC64", "UB", "Head"]
SHARP = ["H60s", "H70h", "Hr68", "Br59", "BONE", "BONEPLUS", "EDGE", "FC30", "FC81", "YC", "LUNG"]


@pytest.mark.parametrize("kernel", SOFT)
def test_soft_kernels(kernel):
    assert kernel_sharpness(kernel) == "soft"


@pytest.mark.parametrize("kernel", SHARP)
def test_sharp_kernels(kernel):
    assert kernel_sharpness(kernel) == "sharp"


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ((1, 0, 0), (0, 1, 0)),
        ((-1, 0, 0), (0, -1, 0)),
        ((-1, 0, 0), (0, 1, 0)),
        ((1, 0, 0), (0, -1, 0)),
    ],
    ids=["supine", "prone", "feet first", "feet first prone"],
)
def test_display_has_the_patients_right_on_the_left_whatever_the_position(row, column, series_of):
    volume = series_of(truth_of(row=tuple(map(float, row)), column=tuple(map(float, column))))
    flips = [slice(None, None, -1 if flip else 1) for flip in volume.geometry.display_flips]
    shown = volume.hu[tuple(flips)]
    ball = np.argwhere(np.abs(shown - 1800) < 20).mean(axis=0)
    infarct = np.argwhere(np.abs(shown + 250) < 20).mean(axis=0)
    middle = (np.array(shown.shape) - 1) / 2
    assert infarct[2] > middle[2], "the left hemisphere belongs on the right of the screen"
    front = np.argwhere(np.abs(shown - 1200) < 20).mean(axis=0)
    assert front[1] < middle[1], "the forehead belongs up"
    assert ball[0] > middle[0], "the vertex comes last"


def test_reading_a_zip_equals_reading_the_folder(tmp_path, plain_series, plain_volume):
    with zipfile.ZipFile(tmp_path / "cd.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in plain_series.iterdir():
            archive.write(path, f"a/{path.name}")
    volume = read_series(scan_folder(tmp_path / "cd.zip").series[0])
    assert volume.content_hash == plain_volume.content_hash


def two_series(folder):
    """Two series in folders of their own: one with a soft kernel, and one with a bone kernel, which is read second."""
    for name, kernel in (("soft", "H30s"), ("bone", "H70h")):
        save_all(folder / name, datasets(truth_of(), text=text(description=name, kernel=kernel, series=name)))
    return folder / "soft", folder / "bone"


def test_a_slice_stands_for_its_series(tmp_path):
    _, bone = two_series(tmp_path)
    slices = sorted(bone.iterdir())
    report = scan_paths([slices[2]])
    assert set(report.proposed.files) == set(slices)
    assert len(scan_folder(slices[2]).series[0].files) == 1, "a path that is asked for alone is read alone"


def test_several_paths_are_one_report(tmp_path):
    soft, bone = two_series(tmp_path)
    report = scan_paths([bone, soft, soft, min(soft.iterdir())])
    assert len(report.series) == 2
    assert report.rejected == (), "nothing is read twice"
    assert report.proposed.description == "soft"
    both = scan_paths([min(bone.iterdir()), soft / min(soft.iterdir()).name])
    assert both.proposed.description == "soft", "the better of the named ones"


def test_a_file_that_is_no_dicom_stands_for_itself(plain_series, tmp_path):
    shutil.copytree(plain_series, tmp_path / "case")
    (tmp_path / "case" / "notes.txt").write_text("hello")
    report = scan_paths([tmp_path / "case" / "notes.txt"])
    assert report.series == ()
    assert [file.path.name for file in report.rejected] == ["notes.txt"]


def test_a_named_slice_of_a_series_to_view_only_proposes_it(tmp_path):
    soft, _ = two_series(tmp_path)
    contrast = datasets(truth_of(), text=text(description="contrast", series="contrast"))
    for item in contrast:
        item.ContrastBolusAgent = "IOHEXOL"
    save_all(soft, contrast)
    entry = next(e for e in scan_folder(soft).series if e.description == "contrast")
    assert entry.verdict == "view_only"
    assert scan_paths([entry.files[0]]).proposed.description == "contrast"
    assert scan_paths([soft]).proposed.description == "soft"
