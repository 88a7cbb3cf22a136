"""Predictions into a store and back, so that a case opened again shows what a model found without another run."""

from __future__ import annotations

from typing import Any

import numpy as np

from napari_cpam_stroke.annotations import AnnotationStore, ModelRun
from napari_cpam_stroke.bundles import ModelIdentity
from napari_cpam_stroke.core import CTVolume
from napari_cpam_stroke.inference.prediction import Prediction

_PLAIN = ("series_probabilities", "device", "precision", "seconds", "thresholds", "min_lesion_ml", "series_thresholds")
"""Fields of a prediction that are JSON values as they stand."""


def keep_prediction(store: AnnotationStore, case_id: str, prediction: Prediction) -> ModelRun:
    """Keep a prediction with its case, and what it says of the whole series for the worklist.

    Earlier ones stay, the same one is kept once.

    Raises
    ------
    GeometryMismatchError
        If it belongs to another series.
    StoreError
        If the store has no such case, or cannot be written.
    """
    details: dict[str, Any] = {name: getattr(prediction, name) for name in _PLAIN}
    details |= {
        "slice_probabilities": np.round(prediction.slice_probabilities.astype(float), 6).tolist(),
        "refer_band": {name: list(band) for name, band in prediction.refer_band.items()},
        "warnings": list(prediction.warnings),
        "training": prediction.model.training,
    }
    if prediction.members:
        details["members"] = {name: list(said) for name, said in prediction.members.items()}
    run = store.keep_run(case_id, prediction, details)
    store.record_prediction(
        case_id,
        prediction.series_probabilities,
        prediction.model,
        thresholds=prediction.series_thresholds,
        members=prediction.members,
    )
    return run


def recall_prediction(store: AnnotationStore, run: ModelRun, volume: CTVolume) -> Prediction:
    """Return a kept prediction of a case as it was.

    Parameters
    ----------
    volume
        The case; voxel volumes are its own.

    Raises
    ------
    StoreError
        If a file of the run is missing or damaged.
    """
    mask, probabilities = store.read_run(run.id)
    kept = run.details
    return Prediction(
        mask=mask,
        probabilities=probabilities,
        slice_probabilities=np.array(kept["slice_probabilities"], np.float32),
        model=ModelIdentity(run.model.name, run.model.version, run.model.sha256, kept["training"]),
        refer_band={name: (low, high) for name, (low, high) in kept["refer_band"].items()},
        voxel_volumes_ml=None if volume.geometry is None else volume.geometry.voxel_volumes_ml,
        warnings=tuple(kept["warnings"]),
        members={name: tuple(said) for name, said in kept.get("members", {}).items()},
        **{name: kept[name] for name in _PLAIN},
    )
