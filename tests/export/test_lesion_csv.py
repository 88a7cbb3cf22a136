import csv
import io
from dataclasses import replace

from napari_cpam_stroke.export import CaseResult
from napari_cpam_stroke.export.lesion_csv import lesion_csv


def test_the_name_of_a_case_runs_in_no_spreadsheet(result: CaseResult) -> None:
    named = replace(result, volume=replace(result.volume, case_id="=cmd|' /C calc'!A0"))
    rows = list(csv.DictReader(io.StringIO(lesion_csv(named))))
    assert rows
    assert all(row["case_id"].startswith("'=") for row in rows)
