"""What must not be joined is never ready in halves, and the reason is a warning or a limitation."""

from __future__ import annotations

import pytest
from hazard_suite.base import datasets, save_all, truth_of
from hazard_suite.identity import APART, HAZARDS

from napari_cpam_stroke.core import NoticeCode
from napari_cpam_stroke.dicom import scan_folder


@pytest.mark.parametrize(("name", "build"), APART)
def test_parts_that_may_be_of_two_patients_or_studies_are_never_ready(name, build, tmp_path):
    build(tmp_path)

    report = scan_folder(tmp_path)

    assert report.series, name
    assert {entry.verdict for entry in report.series} == {"view_only"}
    for entry in report.series:
        said = {(notice.code, notice.severity) for notice in entry.notices}
        assert said & {(NoticeCode.SET_APART, "warning"), (NoticeCode.IDENTIFIERS_DIFFER, "warning")}


@pytest.mark.parametrize("hazard", [h for h in HAZARDS if h.expect == "ready"], ids=lambda h: h.name)
def test_what_was_joined_says_so_as_a_warning(hazard, tmp_path):
    hazard.build(tmp_path)

    (entry,) = scan_folder(tmp_path).series

    assert NoticeCode.IDENTIFIERS_DIFFER in {n.code for n in entry.notices if n.severity == "warning"}


def test_series_of_their_own_are_left_alone(tmp_path):
    truth = truth_of()
    for number, description in enumerate(("one", "two")):
        items = datasets(truth)
        for item in items:
            item.SeriesInstanceUID += f".{number}"
            item.SeriesNumber = 2
            item.SeriesDescription = description
            item.SOPInstanceUID += f".{number}"
        save_all(tmp_path, items)

    report = scan_folder(tmp_path)

    assert [(entry.slices, entry.warnings) for entry in report.series] == [(26, ()), (26, ())]
