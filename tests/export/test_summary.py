from __future__ import annotations

import csv
import json
from dataclasses import replace

import numpy as np
import pytest

from napari_cpam_stroke.core import NoticeCode
from napari_cpam_stroke.core.notice import warning
from napari_cpam_stroke.export import CaseResult, lesion_csv, summary
from napari_cpam_stroke.export.summary import summary_text

KEYS = [
    "schema_version", "case_id", "model", "device", "seconds", "series_probabilities", "slices", "lesions",
    "volumes_ml", "warnings", "notes",
]  # fmt: skip


def test_the_schema_is_the_documented_one(result: CaseResult) -> None:
    values = summary(result)
    assert list(values) == KEYS
    assert values["schema_version"] == 1
    assert values["case_id"] == "0123456789ab"
    assert values["model"] == {"name": "tiny", "version": "2.0", "sha256": "ab" * 32}
    assert values["device"] == "cpu"
    assert values["series_probabilities"] == {"ischemia": 0.8123, "hemorrhage": 0.5}
    assert values["warnings"] == ["A slice is <missing>.", "Memory ran out: one slice at a time."]
    assert list(values["slices"][0]) == ["index", "z_mm", "ischemia", "hemorrhage"]
    assert list(values["lesions"][0]) == ["class", "volume_ml", "first_slice", "last_slice"]
    assert list(values["volumes_ml"]) == ["ischemia", "hemorrhage"]


def test_every_slice_has_its_own_position_and_probability(result: CaseResult) -> None:
    slices = summary(result)["slices"]
    assert [s["index"] for s in slices] == list(range(6))
    assert [s["z_mm"] for s in slices] == [-5, -1, 3, 11, 19, 23]
    expected = result.prediction.slice_probabilities
    np.testing.assert_allclose([[s["ischemia"], s["hemorrhage"]] for s in slices], expected, atol=1e-4)


def test_millilitres_follow_the_slices_own_intervals(result: CaseResult) -> None:
    values = summary(result)
    pixel_ml = 1.0 * 0.5 / 1000
    ischemia = 80 * pixel_ml * (4 + 6 + 8)
    hemorrhage = 24 * pixel_ml * 8
    assert values["volumes_ml"] == {"ischemia": pytest.approx(ischemia), "hemorrhage": pytest.approx(hemorrhage)}
    assert values["lesions"] == [
        {"class": "ischemia", "volume_ml": pytest.approx(ischemia), "first_slice": 1, "last_slice": 3},
        {"class": "hemorrhage", "volume_ml": pytest.approx(hemorrhage), "first_slice": 3, "last_slice": 3},
    ]


def test_what_does_not_exist_is_null(bare: CaseResult) -> None:
    values = json.loads(summary_text(bare))
    assert list(values) == KEYS
    assert values["model"] is values["device"] is values["seconds"] is None
    assert values["series_probabilities"] == {"ischemia": None, "hemorrhage": None}
    assert values["volumes_ml"] == {"ischemia": None, "hemorrhage": None}
    assert values["slices"][2] == {"index": 2, "z_mm": None, "ischemia": None, "hemorrhage": None}
    assert values["lesions"][0]["volume_ml"] is None


def test_numbers_that_are_none_never_reach_the_file(result: CaseResult) -> None:
    result.prediction.slice_probabilities[0, 0] = np.nan
    assert json.loads(summary_text(result))["slices"][0]["ischemia"] is None


def test_the_table_has_one_row_per_lesion(result: CaseResult, bare: CaseResult) -> None:
    rows = [line.split(",") for line in lesion_csv(result).splitlines()]
    assert rows[0][:4] == ["case_id", "class", "volume_ml", "voxels"]
    assert [row[1] for row in rows[1:]] == ["ischemia", "hemorrhage"]
    assert rows[1][2] == f"{result.table.lesions[0].volume_ml:.4f}"
    assert {len(row) for row in rows} == {len(rows[0])}
    assert lesion_csv(bare).splitlines()[1].endswith(",,,")


def test_an_edited_prediction_names_the_model_and_a_drawn_one_the_program(result: CaseResult, bare: CaseResult) -> None:
    assert result.algorithm == ("tiny", "2.0")
    assert bare.algorithm[0] == "napari-cpam-stroke"


def test_every_row_of_the_table_carries_the_warnings_of_its_case(result: CaseResult) -> None:
    volume = replace(result.volume, notices=(warning(NoticeCode.TISSUE_LEFT_OUT, "Tissue, left out."),))
    rows = list(csv.DictReader(lesion_csv(replace(result, volume=volume)).splitlines()))
    assert len(rows) == 2
    assert all("Tissue, left out." in row["warnings"] for row in rows)
