import pytest

from napari_cpam_stroke.spreadsheet import safe_text


@pytest.mark.parametrize("text", ["=1+1", "+49 30", "-case", "@SUM(A1)", "\t=1+1", "\r=1+1", '=HYPERLINK("http://x")'])
def test_what_a_spreadsheet_would_run_is_text(text):
    assert safe_text(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "case-1", "a=b", "1.2.840.1", "'quoted'"])
def test_all_else_stays_as_it_is(text):
    assert safe_text(text) == text
