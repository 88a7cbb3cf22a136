"""Inputs as public bug reports of the field describe them, where their generators lie beside the project."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from napari_cpam_stroke.core import NoticeCode
from napari_cpam_stroke.dicom import read_series, scan_folder

CASES = next((p / "shared" / "cases" for p in Path(__file__).parents if (p / "shared" / "cases").is_dir()), None)
BLEED_HU = 68
SLICES = 10

pytestmark = pytest.mark.skipif(CASES is None, reason="no shared/cases beside the project")


@pytest.fixture
def made(tmp_path):
    """Run a case's generator; return its folder."""

    def make(number: str) -> Path:
        (program,) = CASES.glob(f"{number}-*/make.py")
        subprocess.run([sys.executable, str(program), str(tmp_path / "out")], check=True)
        return tmp_path / "out"

    return make


@pytest.fixture
def head(monkeypatch) -> np.ndarray:
    monkeypatch.syspath_prepend(str(CASES))
    return __import__("phantom").head()


READ = {
    "15 console": ("15", ".", None),
    "16 Series UID per slice": ("16", "uid-per-slice", NoticeCode.IDENTIFIERS_DIFFER),
    "16 name in half": ("16", "name-in-half", NoticeCode.IDENTIFIERS_DIFFER),
    "17 unknown VR": ("17", ".", None),
    "18 no delimiter": ("18", ".", NoticeCode.NOT_DELIMITED),
    "20 DICOMDIR": ("20", "disc/DICOMDIR", None),
    "24 fragments": ("24", ".", None),
}


@pytest.mark.parametrize(("number", "place", "code"), READ.values(), ids=READ)
def test_it_is_read_to_the_voxel_and_what_is_odd_is_a_warning(number, place, code, made, head):
    (entry,) = scan_folder(made(number) / place).series

    assert entry.verdict == "ready"
    warned = {n.code for n in entry.notices if n.severity == "warning"}
    assert warned == {NoticeCode.PART_OF_A_HEAD, *([code] if code else [])}, "these heads are 50 mm high"
    hu = read_series(entry).hu
    assert np.array_equal(hu, np.maximum(head, -1024))
    assert (hu == BLEED_HU).any()


def test_packed_files_are_told_so(made):
    report = scan_folder(made("23"))

    assert [file.reason for file in report.rejected] == ["packed with gzip; unpack it first"] * SLICES
