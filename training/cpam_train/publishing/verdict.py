"""A run judged as `promote` would, with what was found in a file that other programs read; nothing is published."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cpam_train.evaluation.case import ClassResult
from cpam_train.evaluation.compare import compare
from cpam_train.evaluation.progress import ProgressBar
from cpam_train.evaluation.run import Evaluation
from cpam_train.evaluation.summary import case_dice
from cpam_train.evaluation.tables import plain_estimate
from cpam_train.metrics.bootstrap import Estimate
from cpam_train.publishing.gate import Asked, demands_on
from cpam_train.publishing.promote import Gate, candidate_of, judge, rival_of
from cpam_train.run_folder import RunFolder
from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.bundles import Registry
from napari_cpam_stroke.bundles.card import check_name

VERDICT_FILE = "verdict.json"
"""In the run folder: old against new on the test set, and what is shown of what is asked for."""

SCHEMA_VERSION = 1

WORST = 10
"""So many cases are named on which the candidate fares worst."""


def judge_run(
    run: RunFolder,
    name: str,
    store: AnnotationStore,
    *,
    asked: Asked | None = None,
    registry: Registry | None = None,
    progress_bar: ProgressBar,
) -> Gate:
    """Judge a run on the frozen test set against the model it would follow, and write verdict.json.

    Parameters
    ----------
    name
        The one it would get, which decides what it is compared with.
    asked
        What it must show; None: `Asked()`.
    """
    registry, asked = registry or Registry(), asked or Asked()
    check_name(name)
    with tempfile.TemporaryDirectory() as folder:
        new = judge(candidate_of(run, name, Path(folder)), store, "judging the candidate", progress_bar)
        with rival_of(registry, name, run, Path(folder)) as before:
            old = judge(before, store, f"judging {before.card.reference}", progress_bar)
    gate = Gate(old.card.reference, demands_on(new, old, asked.margins), asked.insist.strip())
    run.write_json(VERDICT_FILE, plain_verdict(new, old, gate))
    return gate


def plain_verdict(new: Evaluation, old: Evaluation, gate: Gate) -> dict[str, Any]:
    """Return what verdict.json says: plain values."""
    results = [result for own in new.results.values() for result in own]
    return {
        "schema_version": SCHEMA_VERSION,
        "name": new.card.name,
        "compared_with": gate.rival,
        "test_fingerprint": new.fingerprint,
        "cases": len({result.case_id for result in results}),
        "patients": len({result.patient_id for result in results}),
        "shown": not gate.unmet,
        "demands": [asdict(demand) for demand in gate.demands],
        "classes": _classes(new, old),
        "worst": _worst(results, [result for own in old.results.values() for result in own]),
    }


def _classes(new: Evaluation, old: Evaluation) -> dict[str, Any]:
    """Return Dice and AUC of slices by class: old, new, and new minus old; a figure neither has is left out."""
    summaries, differences = (new.summaries(), old.summaries()), compare(new, old)
    return {
        name: {
            "dice": _figures([own[name].lesion_cases.get("dice") for own in summaries], difference.dice),
            "auc of slices": _figures([own[name].slices.get("auc") for own in summaries], difference.auc),
        }
        for name, difference in differences.items()
    }


def _figures(values: Sequence[Estimate | None], difference: Estimate | None) -> dict[str, Any]:
    named = zip(("new", "old", "difference"), (*values, difference), strict=True)
    return {name: plain_estimate(value) for name, value in named if value is not None}


def _worst(new: Sequence[ClassResult], old: Sequence[ClassResult]) -> list[dict[str, Any]]:
    """Return the cases with the lowest Dice of the candidate, the lowest first."""
    rows = [
        {"case_id": a.case_id, "class": a.lesion_class.label, "old": _rounded(case_dice(b)), "new": _rounded(dice)}
        for a, b in zip(new, old, strict=True)
        if (dice := case_dice(a)) is not None
    ]
    return sorted(rows, key=lambda row: (row["new"], row["case_id"]))[:WORST]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
