"""README.md of a bundle: the card in words, for a reader who decides whether to trust the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from napari_cpam_stroke.bundles.card import ModelCard
from napari_cpam_stroke.config import ClassifierConfig, PromptInput, SegmenterConfig, WeightsOrigin
from napari_cpam_stroke.core.preprocess import describe_context, describe_windows

SETTINGS = "settings"
REPEAT = "All settings are in card.json; `cpam-train fit --like FOLDER --store STORE --run RUN` trains it again."
LEFT_TO_THE_CARD = (SETTINGS, "environment")
"""Parts of the training data that a README leaves to card.json: hundreds of lines that no reader needs."""

NOT_CALIBRATED = "Probabilities of pixels are what the network says; they are not calibrated."

PARTS = {
    "lesion_cases": "cases with it",
    "empty_cases": "cases without it",
    "pixels": "pixels from 0.1 up",
    "slices": "slices",
    "cases": "cases",
    "points": "points of a clumsy simulated reader",
}
"""What a figure was computed over, by its prefix in the card."""


def render_readme(card: ModelCard) -> str:
    """Return Markdown; the same card always gives the same text."""
    sections = [
        f"# {card.name} {card.version}",
        card.intended_use,
        _table(["", ""], _facts(card)),
        *(_operating_point(card) if card.prompts is None else _prompts(card, card.prompts)),
    ]
    sections += _metrics(card) + _failures(card) + _training(card)
    if card.notes:
        sections += ["## Notes", card.notes]
    return "\n\n".join(sections) + "\n"


def _facts(card: ModelCard) -> list[list[str]]:
    inputs = card.preprocess
    windows = describe_windows(inputs.windows)
    return [
        ["Task", card.task],
        ["Network", _network(card)],
        *([["Started from", _origin(card.pretrained)]] if card.pretrained else []),
        ["Input", f"{inputs.size} x {inputs.size}, windows {windows} HU, {describe_context(inputs)}"],
        ["Created", card.created],
        ["Weights", f"{card.weights_dtype}, sha256 `{card.weights_sha256}`"],
    ]


def _operating_point(card: ModelCard) -> list[str]:
    heads = ["Class", "Mask from", "Smallest lesion (ml)", "Series from", "Refer between", "Temperature"]
    return ["## Operating point", _table(heads, _rows(card)), _pixel_rule(card), _series_rule(card)]


def _prompts(card: ModelCard, prompts: PromptInput) -> list[str]:
    """Return what a model that finds nothing by itself does."""
    first, *_ = card.thresholds.values()
    words = (
        "It answers a reader's points, boxes, scribbles and lassos for the class that is drawn, one slice at a time, "
        f"and finds nothing by itself. It looks at a square of tissue of {prompts.smallest_mm:g} mm or more about "
        f"them; a pixel is part of its answer from {first:.3g} on."
    )
    return ["## Prompts", words, _pixel_rule(card)]


def _pixel_rule(card: ModelCard) -> str:
    lines = _lines(card.pixel_calibration)
    return f"Probabilities of pixels are calibrated on their logit ({lines})." if lines else NOT_CALIBRATED


def _series_rule(card: ModelCard) -> str:
    rule = f"A series is judged by the mean of its {card.top_slices} highest slice probabilities"
    lines = _lines(card.series_calibration)
    return f"{rule}, calibrated on its logit ({lines})." if lines else f"{rule}."


def _lines(calibration: Mapping[str, tuple[float, float]]) -> str:
    return "; ".join(f"{name}: slope {s:.2f}, offset {o:+.2f}" for name, (s, o) in calibration.items())


def _network(card: ModelCard) -> str:
    config = card.architecture
    if isinstance(config, ClassifierConfig):
        return config.backbone
    assert isinstance(config, SegmenterConfig)  # noqa: S101 - the card knows two kinds
    network = config.architecture if config.members == 1 else f"{config.members} x {config.architecture}, averaged"
    network += "" if config.encoder.backbone is None else f", encoder {config.encoder.backbone}"
    return f"{network}; masks times the slice probability" if config.gate else network


def _origin(origin: WeightsOrigin) -> str:
    trained = f" trained on {origin.trained_on}" if origin.trained_on else ""
    licence = f"licence {origin.licence}" if origin.licence else "licence not stated"
    return f"weights of {origin.backbone}{trained}: {origin.source}, {licence}, sha256 `{origin.sha256}`"


def _rows(card: ModelCard) -> list[list[str]]:
    def refer(name: str) -> str:
        band = card.refer_band.get(name)
        return "-" if band is None else f"{band[0]:.3g} and {band[1]:.3g}"

    return [
        [
            name,
            f"{card.thresholds[name]:.3g}",
            f"{card.min_lesion_ml[name]:g}",
            f"{card.series_thresholds[name]:.3g}",
            refer(name),
            f"{card.temperature[name]:.3g}",
        ]
        for name in card.classes
    ]


def _metrics(card: ModelCard) -> list[str]:
    """Return a table of the test figures; whatever else is known, as a list."""
    if not card.metrics:
        return []
    rest = {key: value for key, value in card.metrics.items() if key != "test"}
    sections = ["## Metrics"]
    test = card.metrics.get("test")
    if isinstance(test, Mapping):
        names = [name for name, value in test.items() if isinstance(value, Mapping)]
        rows = [[name, *_figure(key), str(value)] for name in names for key, value in _of(test, name).items()]
        numbers = ", ".join(f"{_words(k)} {v}" for k, v in test.items() if k not in names)
        sections.append(f"On patients nobody trained on, with 95 % intervals over patients ({numbers}):")
        sections.append(_table(["Class", "Over", "Figure", "Value"], rows))
    return [*sections, *(["\n".join(_bullets(rest))] if rest else [])]


def _of(values: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    figures = values.get(name)
    return figures if isinstance(figures, Mapping) else {}


def _figure(key: str) -> list[str]:
    part, separator, figure = key.partition(": ")
    return [PARTS.get(part, _words(part)), _words(figure)] if separator else ["", _words(key)]


def _failures(card: ModelCard) -> list[str]:
    if not card.failures:
        return []
    sections = ["## Known failures"]
    for failure in card.failures:
        sections.append(f"**{failure.title}** {failure.text}")
        if failure.picture:
            sections.append(f"![{failure.title}]({failure.picture})")
    return sections


def _training(card: ModelCard) -> list[str]:
    if not card.training:
        return []
    data, terms = _of(card.training, "data"), _of(card.training, "terms")
    rest = {k: v for k, v in card.training.items() if k not in {"data", "terms", *LEFT_TO_THE_CARD}}
    sections = ["## Training", *([REPEAT] if SETTINGS in card.training else [])]
    sections += [
        f"{_words(key).capitalize()}: {value}." for key, value in data.items() if not isinstance(value, Mapping)
    ]
    rows = _data_rows({key: value for key, value in data.items() if isinstance(value, Mapping)})
    if rows:
        heads = list(dict.fromkeys(head for _, _, counts in rows for head in counts))
        lines = [[split, source, *(str(counts.get(head, "")) for head in heads)] for split, source, counts in rows]
        sections.append(_table(["Split", "Source", *map(_words, heads)], lines))
    if terms:
        sections.append(_table(["Source", "Terms"], [[source, str(text)] for source, text in terms.items()]))
    return [*sections, *(["\n".join(_bullets(rest))] if rest else [])]


def _data_rows(splits: Mapping[str, Any]) -> list[tuple[str, str, Mapping[str, Any]]]:
    return [
        (split, source, counts)
        for split, sources in splits.items()
        for source, counts in sources.items()
        if isinstance(counts, Mapping)
    ]


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines)


def _bullets(values: Mapping[str, Any], indent: int = 0) -> list[str]:
    lines: list[str] = []
    for key, value in values.items():
        if isinstance(value, Mapping):
            lines += [f"{'  ' * indent}- {_words(key)}:", *_bullets(value, indent + 1)]
        else:
            lines.append(f"{'  ' * indent}- {_words(key)}: {value}")
    return lines


def _words(key: str) -> str:
    return key.replace("_", " ")
