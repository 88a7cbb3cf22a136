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
