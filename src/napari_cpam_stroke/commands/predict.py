"""`predict`: run a model on every ready series of a folder and write a folder for each."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from napari_cpam_stroke import inference
from napari_cpam_stroke.bundles import Registry
from napari_cpam_stroke.commands.console import complain, print_json, progress_of, say
from napari_cpam_stroke.commands.series import scan
from napari_cpam_stroke.core import CLASS_NAMES
from napari_cpam_stroke.core.hounsfield_check import hounsfield_doubts
from napari_cpam_stroke.core.notice import NoticeCode
from napari_cpam_stroke.dicom import FolderReport, SeriesEntry
from napari_cpam_stroke.dicom.headers.plain import plain_text
from napari_cpam_stroke.errors import CancelledError, CpamError, InputError, SeriesError, nearest
from napari_cpam_stroke.export import CaseFiles, CaseResult, DoubtfulValuesError, run_case


@dataclass(frozen=True)
class PredictOptions:
    """What the user chose.

    Attributes
    ----------
    model, device
        Names as in `models list`, and auto, cpu, cuda or mps.
    series
        Id or Series UID of the only series to run on; None: all that are ready.
    keep_patient, resampled
        As in `napari_cpam_stroke.export.write_case`.
    """

    model: str = "default"
    device: str = "auto"
    series: str | None = None
    keep_patient: bool = False
    resampled: bool = False


@dataclass
class Outcome:
    """What became of the series: results, and a sentence for each that has none."""

    written: list[tuple[CaseResult, CaseFiles]] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    doubtful: list[str] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        """Whether nothing was left out and no value, slice or file is in doubt."""
        return not (self.failed or self.doubtful or any(_lacks(*case) for case in self.written))


def predict(path: Path, out: Path, options: PredictOptions, *, as_json: bool = False) -> int:
    """Write one folder per ready series; return 1 where a series, slice or file was left out or values are doubtful.

    Raises
    ------
    CpamError
        If nothing can be done: no ready series, no such model or device, no place to write.
    """
    Registry().resolve(options.model)
    report = scan(path)
    chosen = chosen_series(report, options.series, path)
    outcome = _run_on(chosen, inference.Predictor.load(options.model, options.device), out, options)
    if not outcome.written and not outcome.doubtful:
        raise SeriesError(f"No series could be finished ({outcome.failed[0]})")
    _tell(outcome.written, as_json=as_json)
    refused = [] if options.series else [why_not(entry) for entry in report.series if entry not in chosen]
    for words in [*refused, *outcome.failed, *outcome.doubtful]:
        complain(f"Set aside: {words}.")
    return int(bool(refused) or not outcome.whole)


def _run_on(chosen: list[SeriesEntry], predictor: inference.Predictor, out: Path, options: PredictOptions) -> Outcome:
    outcome = Outcome()
    for number, entry in enumerate(chosen, start=1):
        try:
            with progress_of(f"{entry.key} ({number} of {len(chosen)})") as stage:
                case = run_case(
                    entry,
                    predictor,
                    out,
                    stage=stage,
                    keep_patient=options.keep_patient,
                    resampled=options.resampled,
                    whatever_values=options.series is not None,
                )
        except CancelledError:
            raise
        except DoubtfulValuesError as error:
            outcome.doubtful.append(f"{entry.key}: {_sentence(error)}")
        except Exception as error:  # noqa: BLE001 - whatever ends one series, the next one is still done
            outcome.failed.append(f"{entry.key}: {_sentence(error)}")
        else:
            outcome.written.append(case)
    return outcome


def _lacks(result: CaseResult, files: CaseFiles) -> bool:
    """Whether a written case lacks files or slices, or its values are doubtful."""
    lost = any(notice.code is NoticeCode.SLICES_UNREADABLE for notice in result.volume.notices)
    return lost or bool(files.left_out) or bool(hounsfield_doubts(result.volume.notices))


def chosen_series(report: FolderReport, key: str | None, path: Path) -> list[SeriesEntry]:
    """Return the series to run on: all that are ready, or the one asked for by key or Series UID.

    Raises
    ------
    InputError
        If there is none, or the one asked for may not be used.
    """
    if key is None:
        ready = [entry for entry in report.series if entry.verdict == "ready"]
        if not ready:
            raise InputError(
                f"No series in {path} can be used ({why_not(report.series[0])})",
                remedy=f"see cpam-stroke series {path}",
            )
        return ready
    entries = [entry for entry in report.series if key in (entry.key, entry.series_uid)]
    if not entries:
        known = [entry.key for entry in report.series]
        raise InputError(
            f"There is no series {key!r} in {path}{nearest(key, known)}", expected=f"one of {', '.join(known)}"
        )
    if not any(entry.verdict == "ready" or entry.ai_on_request for entry in entries):
        raise InputError(f"This series cannot be used ({why_not(entries[0])})", remedy="choose another one")
    return [entry for entry in entries if entry.verdict == "ready" or entry.ai_on_request]


def why_not(entry: SeriesEntry) -> str:
    """Return a series' id and the first reason against it, without a full stop."""
    reason = entry.reasons[0] if entry.reasons else "it is not ready"
    return f"{entry.key}: {reason.rstrip('.')}"


def _sentence(error: Exception) -> str:
    """Return a failure in words, without a full stop; one that nobody foresaw with its kind."""
    if isinstance(error, CpamError):
        return str(error).rstrip(".")
    if isinstance(error, OSError):
        return f"{error.strerror or error}; check the path and the space on it"
    return f"it failed unexpectedly, got {type(error).__name__}: {plain_text(str(error)).rstrip('.')}"


def _tell(written: list[tuple[CaseResult, CaseFiles]], *, as_json: bool) -> None:
    if as_json:
        print_json({"cases": [_values(result, files) for result, files in written]})
        return
    for result, files in written:
        parts = [
            f"{name} {result.prediction.series_probabilities[name]:.2f} ({_ml(result.table.volumes_ml[name])})"
            for name in CLASS_NAMES
            if result.prediction is not None
        ]
        say(f"{files.folder}: {', '.join(parts)}; {len(result.table.lesions)} lesion(s)")
        for note in files.notes:
            say(f"  {note}")
        for words in result.warnings:
            complain(f"  {result.volume.case_id}: {words}")
    first = written[0][0].prediction if written else None
    if first is not None:
        say(f"Model {first.model.name} {first.model.version} on {first.device}. Research use only, no diagnosis.")


def _ml(volume_ml: float | None) -> str:
    return "no geometry" if volume_ml is None else f"{volume_ml:.1f} ml"


def _values(result: CaseResult, files: CaseFiles) -> dict[str, Any]:
    return {
        "case_id": result.volume.case_id,
        "folder": str(files.folder),
        "files": [file.name for file in files.files],
        "notes": list(files.notes),
        "left_out": list(files.left_out),
        "warnings": list(result.warnings),
        "series_probabilities": result.prediction and result.prediction.series_probabilities,
        "volumes_ml": result.table.volumes_ml,
    }
