"""Archives that are refused before anything in them is unpacked."""

from __future__ import annotations

import zipfile

from hazard_suite.base import datasets, save_all, truth_of

from napari_cpam_stroke.core.notice import NoticeCode
from napari_cpam_stroke.dicom import scan_folder


def test_a_packing_that_takes_as_much_memory_as_it_says_itself_is_refused(tmp_path):
    save_all(tmp_path / "series", datasets(truth_of())[:2])
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_LZMA) as archive:
        for path in (tmp_path / "series").iterdir():
            archive.write(path, path.name)
    report = scan_folder(tmp_path / "a.zip")
    assert not report.series
    assert [file.notice.code for file in report.rejected] == [NoticeCode.ARCHIVE_UNSUPPORTED]


def test_a_member_without_a_name_is_refused_or_set_aside_in_a_sentence(tmp_path):
    save_all(tmp_path / "series", datasets(truth_of())[:2])
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for path in (tmp_path / "series").iterdir():
            archive.write(path, path.name)
        archive.writestr(zipfile.ZipInfo(""), b"nameless")
    report = scan_folder(tmp_path / "a.zip")
    assert sum(entry.slices for entry in report.series) in {0, 2}
    assert report.rejected
    assert all(file.reason for file in report.rejected)
