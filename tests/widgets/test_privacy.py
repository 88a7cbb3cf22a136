"""What a whole reading leaves behind: nothing of the patient, and no path of the patient's files."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

import pytest

from napari_cpam_stroke.core import CTVolume
from napari_cpam_stroke.samples import SeriesText, write_dicom_series

CANARIES = (b"CANARY", b"C4NARY")
TEXT = SeriesText(patient_name="CANARY^ADA", patient_id="C4NARY-17")


def files_with_canaries(folder: Path) -> list[Path]:
    return [p for p in folder.rglob("*") if p.is_file() and any(c in p.read_bytes() for c in CANARIES)]


def test_a_saved_reading_leaves_no_name_and_no_path_behind(
    session: Any, phantom_volume: CTVolume, tmp_path: Path
) -> None:
    from napari.utils.history import get_open_history

    source = write_dicom_series(tmp_path / "CANARY", phantom_volume.hu, phantom_volume.geometry, text=TEXT)
    assert files_with_canaries(source), "the search finds what is there"
    session.open_path(source, wait=True)
    layer = session.layers.reading
    layer.selected_label = 1
    layer.paint((3, 45, 45), 1)
    session.flush()
    session.review.comment = "seen"
    assert session.records.save(wait=True)
    session.settings.change(author="reader")
    home = Path(os.environ["CPAM_STROKE_HOME"])
    assert (home / "annotations" / "store.db").exists()
    assert files_with_canaries(home) == []
    assert not [entry for entry in get_open_history() if "CANARY" in entry]
    shown = [layer.name for layer in session.viewer.layers] + [session.viewer.title, session.review.volume.case_id]
    assert not [text for text in shown if "CANARY" in text or "C4NARY" in text]


def test_what_a_reader_types_is_kept_with_the_case_and_goes_nowhere_else(
    session: Any, phantom_volume: CTVolume, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    session.open_path(write_dicom_series(tmp_path / "ct", phantom_volume.hu, phantom_volume.geometry), wait=True)
    session.review.comment = "CANARY was seen before"
    layer = session.layers.reading
    layer.selected_label = 1
    layer.paint((3, 45, 45), 1)
    session.flush()
    assert session.records.save(wait=True)
    session.records.export(tmp_path / "out")
    session.wait()
    home = Path(os.environ["CPAM_STROKE_HOME"])
    assert {path.name.partition("-")[0] for path in files_with_canaries(home)} == {"store.db"}
    assert list((tmp_path / "out").iterdir()), "something was exported"
    assert files_with_canaries(tmp_path / "out") == []
    assert "CANARY" not in caplog.text
