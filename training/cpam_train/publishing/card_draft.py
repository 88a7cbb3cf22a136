"""The card a run would be published with, before anyone has looked at the test set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from cpam_train.config import TrainConfig
from cpam_train.operating.calibrate import OperatingPoint
from napari_cpam_stroke.bundles import ModelCard
from napari_cpam_stroke.config import ClassifierConfig, WeightsOrigin, plain
from napari_cpam_stroke.models import without_pretraining

DRAFT_NAME = "candidate"


def draft_card(
    config: TrainConfig,
    points: Sequence[OperatingPoint],
    data: dict[str, Any],
    metrics: dict[str, Any],
    *,
    origin: WeightsOrigin | None,
    lineage: Sequence[dict[str, str]] = (),
    environment: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return card values with validation figures only; `promote` gives name, version and test figures.

    Parameters
    ----------
    origin
        Where the weights came from that training started from; None: from chance.
    lineage
        The model it began from, then what that one began from, and so on.
    environment
        Versions and processors it was trained with (`run_folder.environment`).
    """
    names = config.model.classes
    by_class = dict(zip(names, points, strict=True))
    card = ModelCard(
        name=DRAFT_NAME,
        architecture=without_pretraining(config.model),
        task=config.model.kind,
        classes=names,
        preprocess=config.preprocess,
        thresholds={n: p.threshold for n, p in by_class.items()},
        series_thresholds={n: p.series_threshold for n, p in by_class.items()},
        min_lesion_ml=dict.fromkeys(names, config.operating.min_lesion_ml),
        temperature={n: p.temperature for n, p in by_class.items()},
        refer_band={n: p.refer_band for n, p in by_class.items()},
        pixel_calibration={n: p.pixel_calibration for n, p in by_class.items()},
        series_calibration={n: p.series_calibration for n, p in by_class.items()},
        top_slices=config.operating.top_slices,
        pretrained=origin,
        prompts=config.prompts,
        training={"data": data, "settings": plain(_without_folders(config))}
        | ({"lineage": list(lineage)} if lineage else {})
        | ({"environment": dict(environment)} if environment else {}),
        metrics={"validation": metrics},
    )
    return plain(card)


def _without_folders(config: TrainConfig) -> TrainConfig:
    """Return the settings with no more of a file's or folder's path than its name: a card is published.

    The sha256 beside it is what a repetition finds the model again by.
    """
    start = replace(config.start, model=_name_of(config.start.model))
    if isinstance(config.model, ClassifierConfig):
        model = replace(config.model, weights_file=_name_of(config.model.weights_file))
        return replace(config, start=start, model=model)
    encoder = replace(config.model.encoder, weights_file=_name_of(config.model.encoder.weights_file))
    return replace(config, start=start, model=replace(config.model, encoder=encoder))


def _name_of(path: str | None) -> str | None:
    return None if path is None else Path(path).name
