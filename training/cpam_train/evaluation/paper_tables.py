"""An evaluation in the measures that papers print, a row for each class."""

from __future__ import annotations

from collections.abc import Mapping

from cpam_train.evaluation.run import Evaluation
from cpam_train.evaluation.summary import ClassSummary, Figures
from cpam_train.evaluation.table import Table
from cpam_train.evaluation.tables import split_rule
from cpam_train.metrics.bootstrap import LEVEL, Estimate

MASKS = {
    "dice": "Dice",
    "iou": "IoU",
    "iou_pooled": "IoU, pooled",
    "sensitivity": "sensitivity",
    "precision": "precision",
    "specificity": "specificity",
    "surface_dice_2mm": "surface Dice 2 mm",
    "hd95_mm_median_marked": "HD95, mm",
    "lesion_f1": "lesion F1",
}
"""Of cases that hold the class."""

LABELS = {
    "auc": "AUC",
    "sensitivity_at_specificity_90": "sensitivity at specificity 0.90",
    "sensitivity_at_specificity_95": "sensitivity at specificity 0.95",
    "ece": "ECE",
    "brier": "Brier",
}
"""Of slices, and of cases."""

FALSE_MARKS = {
    "marked_share": "cases marked",
    "false_lesions_per_case": "false lesions per case",
    "false_ml_median": "false volume, ml (median)",
    "false_pixels_per_million": "false pixels per million",
}
"""Of cases that are free of the class."""


def paper_tables(evaluation: Evaluation) -> list[Table]:
    """Return masks, false marks, slices and cases; a table of which nothing is known is left out."""
    parts = {
        "Masks, mean over cases that hold the class": ("lesion_cases", MASKS),
        "False marks, in cases without the class": ("empty_cases", FALSE_MARKS),
        "Slices": ("slices", LABELS),
        "Cases": ("cases", LABELS),
    }
    summaries = evaluation.summaries()
    tables = [_table(title, part, columns, summaries) for title, (part, columns) in parts.items()]
    return [table for table in tables if table.rows]


def heading_of(evaluation: Evaluation) -> str:
    """Return what model was judged on what, as Markdown."""
    return (
        f"# {evaluation.card.reference} on the {evaluation.split} split\n\n"
        f"Brackets are {LEVEL:.0%} intervals over patients. Training and judged cases parted {split_rule(evaluation)}; "
        f"fingerprint of the test set {evaluation.fingerprint}."
    )


def _table(title: str, part: str, columns: Mapping[str, str], summaries: Mapping[str, ClassSummary]) -> Table:
    known = {name: figures for name, summary in summaries.items() if (figures := getattr(summary, part))}
    shown = [key for key in columns if any(key in figures for figures in known.values())]
    rows = tuple((name, *_cells(figures, shown)) for name, figures in known.items())
    return Table(title, ("class", *(columns[key] for key in shown), "n", "patients"), rows)


def _cell(figure: Estimate | None, cases: int) -> str:
    if figure is None or figure.value is None:
        return "-"
    return str(figure) if figure.cases == cases else f"{figure} (n {figure.cases})"


def _cells(figures: Figures, shown: list[str]) -> tuple[str, ...]:
    """Return the figures, then how many they are of; one that is measured on fewer says so itself."""
    first = next(iter(figures.values()))
    cells = [_cell(figures.get(key), first.cases) for key in shown]
    return (*cells, str(first.cases), str(first.patients))
