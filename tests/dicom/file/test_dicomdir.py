"""A DICOMDIR finds its files under the names that copying gave them; where it finds none, its folder is read."""

from __future__ import annotations

from pathlib import Path

import pytest
from hazard_suite.base import datasets, truth_of
from pydicom.fileset import FileSet

from napari_cpam_stroke.core import NoticeCode
from napari_cpam_stroke.dicom import scan_folder
from napari_cpam_stroke.samples import save_dataset

SLICES = 4


@pytest.fixture
def disc(tmp_path) -> Path:
    media = FileSet()
    for item in datasets(truth_of())[:SLICES]:
        item.StudyDescription = ""
        media.add(save_dataset(tmp_path / "slice.dcm", item))
    media.write(tmp_path / "disc")
    (tmp_path / "slice.dcm").unlink()
    return tmp_path / "disc"


def rename(disc: Path, change) -> None:
    for path in sorted(disc.rglob("*"), reverse=True):
        if path.is_file() and path.name != "DICOMDIR":
            path.rename(path.with_name(change(path.name)))


@pytest.mark.parametrize(
    "change",
    [
        lambda name: name + ";1",
        lambda name: name + ".;1",
        lambda name: name + ".dcm",
        lambda name: name.lower() + ".DCM;12",
        lambda name: name + ".ima",
        str.lower,
    ],
)
def test_a_name_that_copying_changed_is_the_same_file(disc, change):
    rename(disc, change)

    report = scan_folder(disc / "DICOMDIR")

    assert [entry.slices for entry in report.series] == [SLICES]
    assert not report.rejected


@pytest.mark.parametrize("name", ["DICOMDIR;1", "DICOMDIR.dcm", "dicomdir."])
def test_the_list_itself_may_have_been_renamed(disc, name):
    (disc / "DICOMDIR").rename(disc / name)

    assert [entry.slices for entry in scan_folder(disc / name).series] == [SLICES]


@pytest.mark.parametrize("opened", ["DICOMDIR", "."])
def test_where_nothing_that_is_listed_is_there_the_folder_is_read_and_this_said(disc, opened):
    rename(disc, lambda name: "copy of " + name)

    report = scan_folder(disc / opened)

    assert [entry.slices for entry in report.series] == [SLICES]
    (notice,) = [file.notice for file in report.rejected]
    assert notice.code is NoticeCode.DICOMDIR_LEADS_NOWHERE
    assert f"none of the {SLICES} files" in notice.sentence


def test_one_file_that_is_gone_is_named(disc):
    gone = next(path for path in disc.rglob("*") if path.is_file() and path.name != "DICOMDIR")
    gone.unlink()

    report = scan_folder(disc / "DICOMDIR")

    assert [entry.slices for entry in report.series] == [SLICES - 1]
    assert [(f.path.name, f.notice.code) for f in report.rejected] == [(gone.name, NoticeCode.DICOMDIR_MISSING_FILE)]
