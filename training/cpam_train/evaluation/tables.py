"""Figures as files a program reads: metrics.json and cases.csv."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cpam_train.evaluation.case import ClassResult
from cpam_train.evaluation.run import Evaluation
from cpam_train.evaluation.summary import ClassSummary, case_dice
from cpam_train.metrics.bootstrap import LEVEL, RESAMPLINGS, Estimate
from cpam_train.metrics.counts import iou, precision, sensitivity
from cpam_train.metrics.surface import TOLERANCES_MM
from napari_cpam_stroke.core.preprocess import describe_context
from napari_cpam_stroke.files import write_whole
from napari_cpam_stroke.spreadsheet import safe_text

SCHEMA_VERSION = 1


def metrics_of(evaluation: Evaluation) -> dict[str, Any]:
    """Return everything metrics.json says."""
    card = evaluation.card
    return {
        "schema_version": SCHEMA_VERSION,
        "model": {"name": card.name, "version": card.version, "sha256": card.weights_sha256},
        "split": evaluation.split,
        "split_rule": split_rule(evaluation),
        "test_fingerprint": evaluation.fingerprint,
        "network_sees": describe_context(card.preprocess),
        "interval": f"{LEVEL:.0%} percentile bootstrap over patients, {RESAMPLINGS} resamplings",
        "score": _rounded(evaluation.score),
        "device": evaluation.device,
        "seconds": round(evaluation.seconds, 2),
        "classes": {name: plain_summary(s) for name, s in evaluation.summaries().items()},
        "true_neighbours": {
            name: {key: plain_estimate(figure) for key, figure in vars(effect).items()}
            for name, effect in evaluation.neighbours.items()
        },
        "groups": {
            kind: {value: {name: plain_summary(s) for name, s in classes.items()} for value, classes in values.items()}
            for kind, values in evaluation.groups().items()
        },
    }


def headline(evaluation: Evaluation) -> dict[str, Any]:
    """Return the figures a model card carries: a few, with intervals."""
    wanted = {
        "lesion_cases": ("dice", "dice_median", "iou_pooled", "surface_dice_2mm", "lesion_sensitivity"),
        "empty_cases": ("marked_share", "false_lesions_per_case", "false_ml_median"),
        "pixels": ("ece",),
        "slices": ("auc", "sensitivity_at_specificity_90", "ece"),
        "cases": ("auc", "sensitivity_at_specificity_90", "ece"),
    }
    figures: dict[str, Any] = {"split": evaluation.split, "test_fingerprint": evaluation.fingerprint}
    for name, summary in evaluation.summaries().items():
        parts = {part: getattr(summary, part) for part in wanted}
        figures[name] = {
            f"{part}: {key}": str(parts[part][key])
            + f" ({parts[part][key].cases} {'slices' if part == 'slices' else 'cases'}, "
            f"{parts[part][key].patients} patients)"
            for part, keys in wanted.items()
            for key in keys
            if key in parts[part]
        }
    return figures


def split_rule(evaluation: Evaluation) -> str:
    """Return how training and judged patients were parted, as the model's card tells it."""
    rule: str = evaluation.card.training.get("data", {}).get("split_rule", "not told by the model's card")
    return rule


def plain_estimate(figure: Estimate) -> dict[str, Any]:
    """Return a figure with its interval as JSON values."""
    return {name: _rounded(v) if isinstance(v, float) else v for name, v in asdict(figure).items()}


def plain_summary(summary: ClassSummary) -> dict[str, Any]:
    """Return a summary as JSON values."""
    return {
        part: {key: plain_estimate(figure) for key, figure in figures.items()}
        for part, figures in vars(summary).items()
    }


def write_cases(path: Path, evaluation: Evaluation) -> None:
    """Write one row per case and class."""
    rows = [_row(result) for results in evaluation.results.values() for result in results]
    table = io.StringIO(newline="")
    writer = csv.DictWriter(table, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    write_whole(path, table.getvalue())


def _row(result: ClassResult) -> dict[str, object]:
    mask = result.mask
    surface = None if mask is None else mask.surface
    lesions = None if mask is None else mask.lesions
    row: dict[str, object] = {
        "case": safe_text(result.case_id),
        "patient": safe_text(result.patient_id),
        "source": safe_text(result.source),
        "class": result.lesion_class.label,
        "thickness_mm": result.thickness_mm,
        "label": None if result.label < 0 else result.label,
        "probability": result.probability,
        "dice": case_dice(result),
        "iou": None if mask is None else float(iou(mask.pixels)),
        "sensitivity": None if mask is None else float(sensitivity(mask.pixels)),
        "precision": None if mask is None else float(precision(mask.pixels)),
        **{
            f"surface_dice_{t:g}mm": None if surface is None else surface.surface_dice[i]
            for i, t in enumerate(TOLERANCES_MM)
        },
        "hd95_mm": None if surface is None else surface.hd95_mm,
        "reference_ml": None if mask is None else mask.reference_ml,
        "predicted_ml": None if mask is None else mask.predicted_ml,
        "lesions_found": None if lesions is None else lesions.detected,
        "lesions_missed": None if lesions is None else lesions.missed,
        "false_lesions": None if lesions is None else lesions.false,
    }
    return {key: _cell(value) for key, value in row.items()}


def _cell(value: object) -> object:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return round(value, 5) if isinstance(value, float) else value


def _rounded(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else round(value, 5)
