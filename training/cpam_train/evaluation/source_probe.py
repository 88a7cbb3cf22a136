"""Whether the source of a slice can be told from what the network sees, and from what it makes of it.

Sources that hold different classes invite a shortcut: a network that knows the scanner knows the answer. The probe is
a linear classifier of the source, cross-validated over patients, on three descriptions of the same slices.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.data import DataLoader

from cpam_train.data.dataset import SliceDataset
from cpam_train.data.slices import SliceRow, collect_slices
from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.core.arrays import Floats
from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.inference.predictor import Predictor
from napari_cpam_stroke.models import Ensemble
from napari_cpam_stroke.models.blocks import ImageHead
from napari_cpam_stroke.progress import Progress

FOLDS = 5
BATCH = 16
SLICES_PER_PATIENT = 12
"""A volume gives no more slices than this, so that long series do not drown the others."""

NOISE_BINS = 8


@dataclass(frozen=True)
class Probed:
    """How well a description gives the source away.

    Attributes
    ----------
    accuracy
        Balanced over sources.
    chance
        Of a probe that knows nothing.
    """

    description: str
    accuracy: float
    chance: float
    slices: int
    patients: int


def probe_sources(predictor: Predictor, store: AnnotationStore, *, progress: Progress | None = None) -> list[Probed]:
    """Return one result per description: the input's grey values, its noise, and the network's bottleneck.

    Raises
    ------
    InputError
        If the store has one source only, or the network no image head.
    """
    data = SliceDataset(store, predictor.card.preprocess, _chosen(store))
    if len(data.sources) < 2:
        raise InputError("A probe of the source needs at least two sources", got=", ".join(data.sources))
    described: dict[str, list[Tensor]] = {}
    source: list[int] = []
    loader = DataLoader(data, batch_size=BATCH)
    with bottleneck_of(predictor.model) as seen, torch.inference_mode():
        for done, batch in enumerate(loader, start=1):
            predictor.model(batch["image"].to(predictor.device))
            for name, values in {**input_descriptions(batch["image"]), "bottleneck": seen.pop().cpu()}.items():
                described.setdefault(name, []).append(values)
            source += batch["source"].tolist()
            if progress is not None:
                progress(done, len(loader))
    patients = [row.case.patient_id for row in data.rows]
    return [
        balanced_accuracy(name, torch.cat(values).double().numpy(), np.asarray(source), patients)
        for name, values in described.items()
    ]


def input_descriptions(x: Tensor) -> dict[str, Tensor]:
    """Return grey-value quantiles and high-frequency noise of inputs (B, C, S, S), each (B, features)."""
    first = x[:, 0].flatten(1)
    quantiles = torch.quantile(first, torch.linspace(0.05, 0.95, 19), dim=1).T
    rough = x[:, 0, 1:-1, 1:-1] * 4 - x[:, 0, :-2, 1:-1] - x[:, 0, 2:, 1:-1] - x[:, 0, 1:-1, :-2] - x[:, 0, 1:-1, 2:]
    noise = torch.quantile(rough.abs().flatten(1), torch.linspace(0.3, 0.95, NOISE_BINS), dim=1).T
    return {"grey values": quantiles, "noise": noise}


@contextmanager
def bottleneck_of(model: nn.Module) -> Iterator[list[Tensor]]:
    """Yield a list that receives (B, channels) of the bottleneck, mean over space, at every forward pass.

    Of an ensemble, the first member is looked at.

    Raises
    ------
    InputError
        If the network has no image head.
    """
    single = model.members[0] if isinstance(model, Ensemble) else model
    heads = [module for module in single.modules() if isinstance(module, ImageHead)]
    if not heads:
        raise InputError("The probe looks at what the image head sees, and this network has none")
    seen: list[Tensor] = []
    hook = heads[0].register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].float().mean(dim=(2, 3))))
    try:
        yield seen
    finally:
        hook.remove()


def balanced_accuracy(description: str, features: Floats, source: NDArray[np.int64], patients: list[str]) -> Probed:
    """Return how well a linear probe tells the source of patients it was not fitted on.

    Parameters
    ----------
    features
        (N, D) of N slices.
    source, patients
        N each; `source` counts from 0.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import balanced_accuracy_score
    from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    people = min(len({p for p, s in zip(patients, source, strict=True) if s == k}) for k in np.unique(source))
    folds = StratifiedGroupKFold(max(2, min(FOLDS, people)), shuffle=True, random_state=0)
    linear = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000, class_weight="balanced"))
    predicted = cross_val_predict(linear, features, source, groups=patients, cv=folds)
    return Probed(
        description,
        float(balanced_accuracy_score(source, predicted)),
        1 / len(np.unique(source)),
        len(source),
        len(set(patients)),
    )


def _chosen(store: AnnotationStore) -> list[SliceRow]:
    """Return at most `SLICES_PER_PATIENT` slices of every patient, evenly through the head."""
    by_patient: dict[str, list[SliceRow]] = {}
    for row in collect_slices(store):
        by_patient.setdefault(row.case.patient_id, []).append(row)
    chosen: list[SliceRow] = []
    for rows in by_patient.values():
        step = max(1, -(-len(rows) // SLICES_PER_PATIENT))
        chosen += rows[::step]
    return chosen
