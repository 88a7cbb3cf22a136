"""Writing an evaluation: report.html, metrics.json, cases.csv, and the tables of a paper."""

from __future__ import annotations

import json
from pathlib import Path

from cpam_train.evaluation.paper_tables import heading_of, paper_tables
from cpam_train.evaluation.report import render_report
from cpam_train.evaluation.run import Evaluation
from cpam_train.evaluation.table import FORMS, write_tables
from cpam_train.evaluation.tables import metrics_of, write_cases
from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.files import write_whole

TABLES = "tables"
FILES = ("report.html", "metrics.json", "cases.csv", *(f"{TABLES}{form}" for form in FORMS))


def require_free(out: Path) -> None:
    """Refuse a folder that holds an evaluation: nothing is overwritten.

    Raises
    ------
    InputError
        Naming the file.
    """
    there = next((name for name in FILES if (out / name).exists()), None)
    if there is not None:
        raise InputError(f"{out} holds an evaluation already", got=there, remedy="choose another --out")


def write_evaluation(evaluation: Evaluation, out: Path) -> Path:
    """Write the files of `FILES` into a folder and return the report.

    Raises
    ------
    InputError
        If the folder cannot be made, or holds an evaluation already.
    """
    require_free(out)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"The folder {out} cannot be made", got=error.strerror) from error
    write_whole(out / "metrics.json", json.dumps(metrics_of(evaluation), indent=2) + "\n")
    write_cases(out / "cases.csv", evaluation)
    write_tables(out, paper_tables(evaluation), name=TABLES, heading=heading_of(evaluation))
    report = out / "report.html"
    write_whole(report, render_report(evaluation))
    return report
