"""report.json: the numbers of one case for another program."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

from napari_cpam_stroke.core import CLASS_NAMES
from napari_cpam_stroke.export.result import CaseResult

SCHEMA_VERSION = 1
"""Version of report.json."""

PROBABILITY_DIGITS, MM_DIGITS, ML_DIGITS, SECOND_DIGITS = 4, 3, 4, 3


def summary(result: CaseResult, notes: Sequence[str] = ()) -> dict[str, Any]:
    """Return the case as JSON values.

    What does not exist is null: ml and mm without geometry, and whatever a model gives where none ran. Slices count
    from 0 in the order of the native frames, ascending along their normal; `z_mm` is the LPS z of the first voxel.
    `notes` say what was left out of the files.
    """
    prediction, model = result.prediction, result.model
    if model is None and prediction is not None:
        model = prediction.model
    return {
        "schema_version": SCHEMA_VERSION,
        "case_id": result.volume.case_id,
        "model": None if model is None else {"name": model.name, "version": model.version, "sha256": model.sha256},
        "device": prediction and prediction.device,
        "seconds": prediction and round(prediction.seconds, SECOND_DIGITS),
        "series_probabilities": {
            name: prediction and round(prediction.series_probabilities[name], PROBABILITY_DIGITS)
            for name in CLASS_NAMES
        },
        "slices": [_slice(result, z) for z in range(result.volume.shape[0])],
        "lesions": [
            {
                "class": lesion.lesion_class.label,
                "volume_ml": _rounded(lesion.volume_ml, ML_DIGITS),
                "first_slice": lesion.first_slice,
                "last_slice": lesion.last_slice,
            }
            for lesion in result.table.lesions
        ],
        "volumes_ml": {name: _rounded(result.table.volumes_ml[name], ML_DIGITS) for name in CLASS_NAMES},
        "warnings": list(result.warnings),
        "notes": list(notes),
    }


def summary_text(result: CaseResult, notes: Sequence[str] = ()) -> str:
    """Return report.json as text."""
    return json.dumps(summary(result, notes), indent=2, allow_nan=False, ensure_ascii=False) + "\n"


def _slice(result: CaseResult, z: int) -> dict[str, Any]:
    probabilities = None if result.prediction is None else result.prediction.slice_probabilities[z]
    values = {
        name: None if probabilities is None else _rounded(float(probabilities[column]), PROBABILITY_DIGITS)
        for column, name in enumerate(CLASS_NAMES)
    }
    return {"index": z, "z_mm": _rounded(result.slice_z_mm[z], MM_DIGITS), **values}


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None or not math.isfinite(value) else round(value, digits)
