"""The table of everything that an import left out or left alone, for whoever imports."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from cpam_train.importers.record import KeptCase, SkippedCase
from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.files import write_whole
from napari_cpam_stroke.spreadsheet import safe_text

COLUMNS = ("case", "file", "what", "reason")


def write_left_out(path: Path, skipped: Sequence[SkippedCase], kept: Sequence[KeptCase] = ()) -> None:
    """Write a CSV with one line for each case that was skipped or kept as it is, also where there is none.

    Its column `file` calls a case as its source does, so that it may name a patient; the store never does.
    """
    out = io.StringIO(newline="")
    table = csv.writer(out)
    table.writerow(COLUMNS)
    for what, cases in (("skipped", skipped), ("kept", kept)):
        for case in cases:
            table.writerow([safe_text(case.case_id), safe_text(case.name), what, safe_text(case.reason)])
    try:
        write_whole(path, out.getvalue())
    except OSError as error:
        raise InputError(f"The table {path} cannot be written", got=error.strerror) from error
