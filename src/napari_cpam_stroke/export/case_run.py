"""One series from its files to its folder of results, without a window."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_cpam_stroke.core.hounsfield_check import hounsfield_doubts
from napari_cpam_stroke.dicom import SeriesEntry, read_series
from napari_cpam_stroke.errors import SeriesError
from napari_cpam_stroke.export.case_folder import CaseFiles, write_case
from napari_cpam_stroke.export.result import CaseResult
from napari_cpam_stroke.progress import Stage

if TYPE_CHECKING:
    from napari_cpam_stroke.inference import Predictor


class DoubtfulValuesError(SeriesError):
    """A series whose values do not look like Hounsfield units: no model runs on it unasked."""


def run_case(
    entry: SeriesEntry,
    predictor: Predictor,
    out: Path,
    *,
    stage: Stage | None = None,
    keep_patient: bool = False,
    resampled: bool = False,
    whatever_values: bool = False,
) -> tuple[CaseResult, CaseFiles]:
    """Read a series, run a model on it and write its folder into `out`.

    Parameters
    ----------
    keep_patient, resampled
        As in `write_case`.
    whatever_values
        Run although the values may be no Hounsfield units, on the user's explicit wish; the result then says so.

    Raises
    ------
    SeriesError
        If a file of the series cannot be read.
    DoubtfulValuesError
        If its values do not look like Hounsfield units.
    InputError
        If the folder cannot be written.
    """
    tell = stage or (lambda _name, _done, _total: None)
    volume = read_series(entry, progress=lambda done, total: tell("reading", done, total))
    if not whatever_values and (doubts := hounsfield_doubts(volume.notices)):
        raise DoubtfulValuesError(
            f"The AI stays off unless asked for ({doubts[0].sentence.rstrip('.')})", remedy="name it with --series"
        )
    prediction = predictor.predict(volume, progress=lambda done, total: tell("model", done, total))
    result = CaseResult.of_prediction(volume, prediction)
    tell("writing", 0, 1)
    files = write_case(out, result, keep_patient=keep_patient, resampled=resampled)
    tell("writing", 1, 1)
    return result, files
