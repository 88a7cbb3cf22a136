"""Tables in three forms, with the same cells in each."""

import csv
import shutil
import subprocess

import pytest

from cpam_train.evaluation.table import FORMS, Table, csv_of, latex_text, write_tables

TABLE = Table(
    "Table 5: rates", ("system", "of", "a_b", "n"), (("=x", "all & %", "-", "3"), ("y", "~", "0.5", "")), "N_1.", 2
)


def test_markdown_has_title_cells_and_note():
    head = "| system | of | a_b | n |\n| --- | --- | --- | --- |"
    assert TABLE.markdown == f"## Table 5: rates\n\n{head}\n| =x | all & % | - | 3 |\n| y | ~ | 0.5 |  |\n\nN_1."


def test_latex_aligns_names_left_and_prints_every_sign():
    assert r"\begin{tabular}{llrr}" in TABLE.latex
    assert r"=x & all \& \% & - & 3 \\" in TABLE.latex
    assert r"\caption{Table 5: rates. N\_1.}" in TABLE.latex
    assert latex_text("\\{}") == r"\textbackslash{}\{\}"


def test_csv_has_one_line_for_each_cell_that_says_something():
    first, *rows = csv.reader(csv_of([TABLE]).splitlines())
    assert first == ["table", "row", "column", "value"]
    assert rows == [["Table 5: rates", "'=x, all & %", "n", "3"], ["Table 5: rates", "y, ~", "a_b", "0.5"]]


def test_the_files_hold_the_same_tables(tmp_path):
    write_tables(tmp_path, [TABLE, TABLE], name="t", heading="# Head\n\nSaid of all.")
    texts = {form: (tmp_path / f"t{form}").read_text() for form in FORMS}
    assert texts[".md"].startswith("# Head\n\nSaid of all.\n\n## Table 5: rates")
    assert texts[".tex"].startswith("% # Head\n%\n% Said of all.\n% needs")
    assert [text.count("Table 5: rates") for text in texts.values()] == [2, 2, 4]


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no LaTeX on this machine")
def test_latex_is_printed(tmp_path):
    body = f"\\documentclass{{article}}\\usepackage{{booktabs}}\\begin{{document}}{TABLE.latex}\\end{{document}}"
    (tmp_path / "t.tex").write_text(body)
    done = subprocess.run(["pdflatex", "-halt-on-error", "t.tex"], cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout
