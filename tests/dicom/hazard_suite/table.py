"""Run hazards and say for each what came out: right, warned, refused, split, or silently wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from hazard_suite.base import Hazard, Truth
from hazard_suite.measure import NEAREST_MM, largest_hu_error, measure

from napari_cpam_stroke.dicom import FolderReport, SeriesEntry, read_series, scan_folder
from napari_cpam_stroke.errors import CpamError


@dataclass(frozen=True)
class Row:
    case: str
    expected: str
    verdict: str
    outcome: str
    landmark_mm: float = np.nan
    ml_error: float = np.nan
    hu_error: float = np.nan
    remark: str = ""

    @property
    def good(self) -> bool:
        return self.outcome in ("right", "refused", "split", "view only", "set apart")


def run_hazard(hazard: Hazard, folder: Path) -> Row:
    folder.mkdir(parents=True, exist_ok=True)
    truth = hazard.build(folder)
    special = [p for p in folder.iterdir() if p.suffix == ".zip" or (hazard.directory and p.name == "DICOMDIR")]
    target = special[0] if special else folder
    report = scan_folder(target)
    verdict = "+".join(entry.verdict for entry in report.series) or "rejected"
    try:
        return _judge(hazard, report, truth, verdict)
    except CpamError as error:
        wanted = hazard.expect in ("refused", "rejected")
        return Row(hazard.name, hazard.expect, verdict, "refused" if wanted else "REFUSED", remark=str(error))


def _judge(hazard: Hazard, report: FolderReport, truth: Truth | None, verdict: str) -> Row:
    said = _said(report)
    row = partial(Row, hazard.name, hazard.expect, verdict)
    if missing := [word for word in hazard.says if word.lower() not in said.lower()]:
        return row("NOT SAID", remark=f"{missing} in {said[:300]}")
    readable = [entry for entry in report.series if entry.verdict != "refused"]
    if hazard.expect in ("refused", "rejected"):
        return row("SILENTLY LOADED" if readable else "refused")
    if hazard.expect == "split":
        return _judge_split(hazard, readable, truth, verdict)
    if hazard.expect == "several":
        chosen = report.proposed
    else:
        chosen = max(readable, key=lambda entry: entry.slices, default=None)
    if chosen is None or hazard.expect not in ("several", chosen.verdict):
        return row("WRONG VERDICT", remark=said[:300])
    return _compare(hazard, chosen, truth, verdict)


def _judge_split(hazard: Hazard, parts: list[SeriesEntry], truth: Truth | None, verdict: str) -> Row:
    """Every part holds the slices it should, and where the truth is one stack, each part equals it."""
    row = partial(Row, hazard.name, "split", verdict)
    if len(parts) < 2 or (hazard.parts and tuple(sorted(p.slices for p in parts)) != hazard.parts):
        return row("MIXED", remark=str([p.slices for p in parts]))
    for part in parts:
        volume = read_series(part)
        if volume.geometry is None or (volume.geometry.steps_mm < 0.1).any():
            return row("MIXED")
    if truth is None:
        return row("split")
    rows = [_compare(hazard, part, truth, verdict) for part in parts]
    worst = max(rows, key=lambda each: (not each.good, each.landmark_mm))
    return row("split", worst.landmark_mm, worst.ml_error, worst.hu_error) if worst.good else worst


def _compare(hazard: Hazard, entry: SeriesEntry, truth: Truth | None, verdict: str) -> Row:
    volume = read_series(entry)
    if hazard.slices is not None and volume.shape[0] != hazard.slices:
        return Row(hazard.name, hazard.expect, verdict, "WRONG SLICES", remark=f"{volume.shape[0]}")
    if hazard.lossy != volume.pixels_lossy:
        return Row(hazard.name, hazard.expect, verdict, "LOSSY FLAG")
    if truth is None:
        return Row(hazard.name, hazard.expect, verdict, "view only" if entry.verdict == "view_only" else "right")
    hu = largest_hu_error(volume, truth) if hazard.hu is not None else np.nan
    if hazard.hu is not None and hu > hazard.hu:
        return Row(hazard.name, hazard.expect, verdict, "SILENTLY WRONG HU", hu_error=hu)
    if not hazard.measured or volume.geometry is None:
        outcome = "view only" if entry.verdict == "view_only" else "right"
        return Row(hazard.name, hazard.expect, verdict, outcome, hu_error=hu)
    found = measure(volume, truth)
    right = found.excess_mm <= NEAREST_MM and found.ml_error <= hazard.ml
    outcome = ("view only" if entry.verdict == "view_only" else "right") if right else "SILENTLY WRONG"
    return Row(hazard.name, hazard.expect, verdict, outcome, found.landmark_mm, found.ml_error, hu)


def _said(report: FolderReport) -> str:
    parts = [s for e in report.series for s in (*e.reasons, *e.warnings, *e.facts)]
    return " ".join([*parts, *(r.reason for r in report.rejected), report.proposal_reason])


def format_table(rows: Sequence[Row]) -> list[str]:
    lines = [f"{'case':<46} {'verdict':<28} {'outcome':<12} {'landmark mm':>11} {'ml %':>6} {'HU':>5}"]
    for row in rows:
        numbers = [
            f"{row.landmark_mm:11.2f}" if np.isfinite(row.landmark_mm) else " " * 11,
            f"{100 * row.ml_error:6.1f}" if np.isfinite(row.ml_error) else " " * 6,
            f"{row.hu_error:5.0f}" if np.isfinite(row.hu_error) else " " * 5,
        ]
        verdict = row.verdict if len(row.verdict) <= 28 else row.verdict[:25] + "..."
        lines.append(f"{row.case:<46} {verdict:<28} {row.outcome:<12} {' '.join(numbers)} {row.remark[:60]}")
    wrong = [row for row in rows if not row.good]
    lines.append(
        f"{len(rows)} cases: {len(rows) - len(wrong)} right, warned, split or refused as they must be; "
        f"{len(wrong)} silently wrong or otherwise not as required."
    )
    return lines
