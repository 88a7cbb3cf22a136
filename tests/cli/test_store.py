from __future__ import annotations

import json
from pathlib import Path

import pytest

from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.core import Annotation, CTVolume

from .conftest import Run


@pytest.fixture
def store(tmp_path: Path, phantom_volume: CTVolume) -> Path:
    folder = tmp_path / "store"
    with AnnotationStore.open(folder) as opened:
        case = opened.add_case(phantom_volume, source="reader")
        mask = (phantom_volume.hu > 70).astype("uint8")
        opened.save(case.case_id, Annotation.from_mask(mask), author="reader")
    return folder


def test_check_counts(run: Run, store: Path) -> None:
    done = run("store", "check", store)
    assert done.code == 0
    assert "Cases: 1 (1 in review)" in done.out
    assert "as it was written" in done.out
    values = json.loads(run("store", "check", store, "--json").out)
    assert values["problems"] == []
    assert values["cases"]["in_review"] == 1


def test_check_finds_a_flipped_byte(run: Run, store: Path) -> None:
    blob = max((p for p in (store / "blobs").rglob("*") if p.is_file()), key=lambda p: p.stat().st_size)
    content = bytearray(blob.read_bytes())
    content[len(content) // 2] ^= 1
    blob.chmod(0o644)
    blob.write_bytes(content)
    done = run("store", "check", store)
    assert done.code == 1
    assert done.err.strip()


def test_export_and_import(run: Run, store: Path, tmp_path: Path) -> None:
    copy, merged = tmp_path / "copy", tmp_path / "merged"
    assert "1 cases with 1 revisions" in run("store", "export", store, copy).out
    assert "1 cases and 1 revisions" in run("store", "import", merged, copy).out
    assert "0 cases and 0 revisions" in run("store", "import", merged, store).out
    assert json.loads(run("store", "check", merged, "--json").out)["cases"]["in_review"] == 1
