"""A series that is not as it was when it came into the store is told, down to one bit of one file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from napari_cpam_stroke.core import CTVolume
from napari_cpam_stroke.samples import write_dicom_series


@pytest.fixture
def series(session: Any, phantom_volume: CTVolume, tmp_path: Path) -> Path:
    """Give a series that came into the store and was read once."""
    folder = write_dicom_series(tmp_path / "ct", phantom_volume.hu, phantom_volume.geometry)
    session.open_path(folder, wait=True)
    session.layers.reading.selected_label = 1
    session.layers.reading.paint((3, 45, 45), 1)
    session.flush()
    assert session.records.save(wait=True)
    return folder


@pytest.fixture
def said(session: Any) -> Iterator[list[str]]:
    heard: list[str] = []
    session.said.connect(heard.append)
    yield heard
    session.said.disconnect(heard.append)


def told(said: list[str]) -> list[str]:
    return [sentence for sentence in said if "with other pixels" in sentence]


def test_one_flipped_bit_of_a_source_file_is_told_until_somebody_has_read_it(
    session: Any, series: Path, said: list[str]
) -> None:
    before = session.review.volume
    first = session.case_id
    file = sorted(path for path in series.iterdir() if path.is_file())[2]
    content = bytearray(file.read_bytes())
    content[-2001] ^= 4
    file.write_bytes(content)
    session.open_path(series, wait=True)
    session.wait()
    assert session.review.volume.case_id == before.case_id
    assert (session.review.volume.hu != before.hu).sum() == 1
    (sentence,) = told(said)
    assert first in sentence
    assert session.case_id == f"{first}~{session.review.volume.content_hash[:6]}"
    assert not session.review.reading.any(), "the reading stays with the pixels it was made on"
    assert session.records.save(wait=True)
    said.clear()
    session.open_path(series, wait=True)
    session.wait()
    assert told(said) == []


def test_a_series_as_it_was_is_no_doubt(session: Any, series: Path, said: list[str]) -> None:
    session.open_path(series, wait=True)
    session.wait()
    assert told(said) == []
    assert session.review.reading.any()
