"""`series`: what lies in a folder, and what may be done with it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from napari_cpam_stroke.commands.console import print_json, progress_of, say
from napari_cpam_stroke.dicom import FolderReport, RejectedFile, SeriesEntry, scan_folder
from napari_cpam_stroke.errors import InputError

SHOWN_REJECTED = 20
"""Files set aside that are listed; the rest is counted."""


def scan(path: Path) -> FolderReport:
    """Scan a path with progress, and refuse one that holds no series at all."""
    with progress_of("scanning") as step:
        report = scan_folder(path, progress=lambda done, total: step("files", done, total))
    if not report.series:
        raise nothing_in(path, report)
    return report


def nothing_in(path: Path, report: FolderReport) -> InputError:
    """Return the sentence for a path without any series."""
    files = len(report.rejected)
    if not files:
        return InputError(f"There are no files in {path}", remedy="name a folder, DICOMDIR or zip with a head CT")
    first = report.rejected[0]
    got = f"{files} other file{'s' if files > 1 else ''}, {first.path.name}: {first.reason.rstrip('.')}"
    return InputError(
        f"There is no DICOM series in {path}", got=got, remedy="name a folder, DICOMDIR or zip with a head CT"
    )


def list_series(path: Path, *, as_json: bool) -> int:
    """Print every series and every file set aside; return 1 if a series is not ready, else 0."""
    report = scan(path)
    if as_json:
        print_json(report_values(report))
    else:
        _print(report)
    return int(any(entry.verdict != "ready" for entry in report.series))


def report_values(report: FolderReport) -> dict[str, Any]:
    """Return the report as JSON values."""
    return {
        "series": [entry_values(entry) for entry in report.series],
        "rejected": [rejected_values(file) for file in report.rejected],
        "proposed": report.proposed and report.proposed.key,
        "proposal_reason": report.proposal_reason,
    }


def entry_values(entry: SeriesEntry) -> dict[str, Any]:
    """Return one series as JSON values."""
    return {
        "key": entry.key,
        "verdict": entry.verdict,
        "reasons": list(entry.reasons),
        "warnings": list(entry.warnings),
        "facts": list(entry.facts),
        "notices": [asdict(notice) for notice in entry.notices],
        "description": entry.description,
        "modality": entry.modality,
        "slices": entry.slices,
        "matrix": list(entry.matrix),
        "thickness_mm": entry.thickness_mm,
    }


def rejected_values(file: RejectedFile) -> dict[str, Any]:
    """Return one file set aside as JSON values."""
    return {"path": str(file.path), "reason": file.reason, "code": file.notice.code}


def _print(report: FolderReport) -> None:
    for entry in report.series:
        rows, columns = entry.matrix
        words = [entry.key, entry.verdict.replace("_", " "), f"{entry.slices} slices of {rows} x {columns}"]
        say("  ".join([*words, entry.description or f"{entry.modality or 'unknown'}, no description"]))
        for sentence in (*entry.reasons, *entry.warnings, *entry.facts):
            say(f"    {sentence}")
    if report.proposed is not None:
        say(f"To read first: {report.proposed.key}. {report.proposal_reason}")
    if report.rejected:
        say(f"Files set aside: {len(report.rejected)}")
    for file in report.rejected[:SHOWN_REJECTED]:
        say(f"    {file.path}: {file.reason}")
    if len(report.rejected) > SHOWN_REJECTED:
        say(f"    and {len(report.rejected) - SHOWN_REJECTED} more (see --json)")
