"""README.md of a bundle: the card in words."""

from __future__ import annotations

from typing import Any

from napari_cpam_stroke.bundles.card import ModelCard
from napari_cpam_stroke.config import ClassifierConfig


def render_readme(card: ModelCard) -> str:
    """Return Markdown; the same card always gives the same text."""
    sections = [
        f"# {card.name} {card.version}",
        card.intended_use,
        _table(["", ""], _facts(card)),
        "## Classes",
        _table(
            ["Class", "Mask from", "Smallest lesion (ml)", "Series from", "Refer between", "Temperature"], _rows(card)
        ),
        f"The series probability is the mean of the {card.top_slices} highest slice probabilities.",
    ]
    for title, values in (("Training", card.training), ("Metrics", card.metrics)):
        if values:
            sections += [f"## {title}", "\n".join(_bullets(values))]
    if card.notes:
        sections += ["## Notes", card.notes]
    return "\n\n".join(sections) + "\n"


def _facts(card: ModelCard) -> list[list[str]]:
    config = card.architecture
    network = config.backbone if isinstance(config, ClassifierConfig) else config.architecture
    inputs = card.preprocess
    windows = ", ".join(f"{w.centre:g}/{w.width:g}" for w in inputs.windows)
    return [
        ["Task", card.task],
        ["Network", network],
        ["Input", f"{inputs.size} x {inputs.size}, windows {windows} HU, {inputs.context_slices} slice(s)"],
        ["Created", card.created],
        ["Weights", f"{card.weights_dtype}, sha256 `{card.weights_sha256}`"],
    ]


def _rows(card: ModelCard) -> list[list[str]]:
    def refer(name: str) -> str:
        band = card.refer_band.get(name)
        return "-" if band is None else f"{band[0]:g} and {band[1]:g}"

    return [
        [
            name,
            f"{card.thresholds[name]:g}",
            f"{card.min_lesion_ml[name]:g}",
            f"{card.series_thresholds[name]:g}",
            refer(name),
            f"{card.temperature[name]:g}",
        ]
        for name in card.classes
    ]


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines)


def _bullets(values: dict[str, Any], indent: int = 0) -> list[str]:
    lines: list[str] = []
    for key, value in values.items():
        if isinstance(value, dict):
            lines += [f"{'  ' * indent}- {key}:", *_bullets(value, indent + 1)]
        else:
            lines.append(f"{'  ' * indent}- {key}: {value}")
    return lines
