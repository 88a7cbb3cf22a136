"""What a run would be made of, told without making it."""

from __future__ import annotations

from collections import Counter

from cpam_train.config import TrainConfig
from cpam_train.data.readers_cases import waiting
from cpam_train.data.sampler import kind_of
from cpam_train.data.slices import SliceRow
from cpam_train.fitting.division import divide
from cpam_train.fitting.network import build_network
from cpam_train.fitting.slice_batches import draw_of
from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.config import SegmenterConfig
from napari_cpam_stroke.models import count_parameters


def plan_of(config: TrainConfig, store: AnnotationStore) -> list[str]:
    """Return sentences on data, network and length of a run; nothing is written, no split drawn.

    Raises
    ------
    InputError
        If training or validation would be empty.
    """
    newcomers = len(waiting(store.cases()))
    told = [f"{newcomers} patients read in the reading room would get a split first; they are not in what follows."]
    division = divide(store, config)
    drawn = config.data.samples_per_epoch or round(float(draw_of(division.train, config)[0].sum()))
    steps = max(drawn // config.data.batch_size, 1)
    model = config.model
    name = model.architecture if isinstance(model, SegmenterConfig) else model.backbone
    weights = count_parameters(build_network(model))
    start = f", beginning from {config.start.model}" if config.start.model else ""
    return [
        *(told if newcomers else []),
        *division.remarks,
        f"Training: {_counts(division.train)}.",
        f"Validation: {_counts(division.validation)}.",
        f"Parted {division.rule}.",
        f"Network: {name} with {weights} weights on {config.preprocess.size} pixels{start}.",
        f"At most {config.epochs} epochs of {steps} batches of {config.data.batch_size}.",
        "Nothing was written.",
    ]


def _counts(rows: list[SliceRow]) -> str:
    patients, kinds = len({row.case.patient_id for row in rows}), Counter(kind_of(row) for row in rows)
    shown = ", ".join(f"{name} {number}" for name, number in sorted(kinds.items()))
    return f"{patients} patients, {len(rows)} slices ({shown})"
