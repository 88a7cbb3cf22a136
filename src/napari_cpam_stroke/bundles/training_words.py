"""The training data of a card in one line, for files that have room for no more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def training_in_short(training: Mapping[str, Any]) -> str:
    """Return patients per source, such as ``68 patients: cpaisd 19, ct-ich 49``; empty where the card does not say."""
    patients = dict(sorted(_patients(training)))
    sources = ", ".join(f"{source} {count}" for source, count in patients.items())
    return f"{sum(patients.values())} patients: {sources}" if patients else ""


def _patients(training: Mapping[str, Any]) -> list[tuple[str, int]]:
    data = training.get("data")
    sources = data.get("train") if isinstance(data, Mapping) else None
    return [
        (str(source), counts["patients"])
        for source, counts in (sources.items() if isinstance(sources, Mapping) else ())
        if isinstance(counts, Mapping) and isinstance(counts.get("patients"), int)
    ]
