"""After training: the kept weights on all validation slices, their operating points, metrics and card draft."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader

from cpam_train.config import TrainConfig
from cpam_train.fitting.batches import Loaders
from cpam_train.fitting.best_weights import EpochScore, Keeper, score_epoch
from cpam_train.fitting.finite import NotFiniteError
from cpam_train.fitting.network import origin_of
from cpam_train.fitting.precision import autocast
from cpam_train.fitting.start import noted_origin, noted_start
from cpam_train.fitting.task import Task
from cpam_train.operating.calibrate import OperatingPoint, choose_operating_points
from cpam_train.operating.validation_record import Record, joined
from cpam_train.publishing.card_draft import draft_card
from cpam_train.run_folder import CARD_DRAFT, ENVIRONMENT, FAILURE, INTERRUPTED, RunFolder


def finish(
    run: RunFolder, task: Task, loaders: Loaders, keeper: Keeper, *, interrupted: bool, failure: Exception | None = None
) -> None:
    """Choose operating points for the kept weights and write metrics and card draft.

    Parameters
    ----------
    failure
        Why the run ended before its time, for its metrics.
    """
    from safetensors.torch import load_file

    task.model.load_state_dict(load_file(run.weights))
    record = examine(task, loaders.val_dataloader(whole=True))
    points = choose_operating_points(record, loaders.origins(record), task.config.operating)
    metrics = validation_metrics(task.config, record, points, keeper, interrupted=interrupted)
    metrics |= {FAILURE: str(failure)} if failure else {}
    run.write_json("metrics.json", metrics)
    origin = noted_origin(run) or origin_of(task.model)
    lineage = noted_start(run).get("lineage", ())
    draft = draft_card(
        task.config, points, loaders.summary(), metrics,
        origin=origin, lineage=lineage, environment=run.read_json(ENVIRONMENT),
    )  # fmt: skip
    run.write_json(CARD_DRAFT, draft)


def validation_metrics(
    config: TrainConfig, record: Record, points: list[OperatingPoint], keeper: Keeper, *, interrupted: bool
) -> dict[str, Any]:
    """Return what metrics.json of a run says."""
    score = score_epoch(record, config.model.classes, float("nan"))
    return {
        "split": "validation",
        "slices": len(record.index),
        "best_epoch": keeper.patience.best_epoch,
        "minutes": round(keeper.clock.elapsed_s / 60, 2),
        INTERRUPTED: interrupted,
        **metrics_of_points(points, config.model.classes, score, without_parts=keeper.patience.best),
    }


def metrics_of_points(
    points: list[OperatingPoint],
    classes: tuple[str, ...],
    score: EpochScore,
    *,
    without_parts: float = float("nan"),
) -> dict[str, Any]:
    """Return score, operating points and per class figures as metrics.json has them.

    Parameters
    ----------
    without_parts
        The score to print where the data know no mask and no label.
    """
    return {
        "score": _number(score.score if score.parts else without_parts),
        "classes": {name: asdict(point) for name, point in zip(classes, points, strict=True)},
        **{name: _number(value) for name, value in score.parts.items()},
    }


@torch.inference_mode()
def examine(task: Task, loader: DataLoader[Any]) -> Record:
    """Return the record of a model over a loader, on the device the model is on and in its precision.

    Raises
    ------
    NotFiniteError
        If the model gives no numbers.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    task.to(device).eval()
    records = []
    for batch in loader:
        moved = {name: value.to(device) for name, value in batch.items()}
        moved["image"] = moved["image"].contiguous(memory_format=torch.channels_last)
        with autocast(task.config.precision, device):
            output = task.answer(moved)
        records.append(task.observe(output, moved))
    record = joined(records)
    if not np.isfinite(record.logits).all():
        raise NotFiniteError("The weights give outputs that are no numbers on validation slices", remedy="train again")
    return record


def _number(value: float) -> float | None:
    return None if value != value else round(float(value), 5)  # noqa: PLR0124 - NaN has no place in JSON
