"""Several finished runs as one model, whose operating points come from the patients each run never saw.

Either their logits are averaged, or the first network goes on alone: its thresholds then rest on every fold's patients
and not only on the few that it was not trained on itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
from rich.console import Console
from torch import Tensor

from cpam_train.config import TrainConfig
from cpam_train.evaluation.progress import ProgressBar
from cpam_train.fitting.batches import FINGERPRINT, cache_beside
from cpam_train.fitting.best_weights import score_epoch
from cpam_train.fitting.conclusion import examine, metrics_of_points
from cpam_train.fitting.division import folds_that_fit
from cpam_train.fitting.finite import NotFiniteError, not_finite
from cpam_train.fitting.fit import fit_to_the_end
from cpam_train.fitting.slice_batches import SliceLoaders, summarise
from cpam_train.fitting.start import noted_origin, noted_start
from cpam_train.fitting.task import build_task
from cpam_train.operating.calibrate import choose_operating_points
from cpam_train.operating.validation_record import Origin, Record
from cpam_train.publishing.card_draft import draft_card
from cpam_train.run_folder import CARD_DRAFT, ENVIRONMENT, RunFolder, begin_run, open_run
from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.config import SegmenterConfig, WeightsOrigin
from napari_cpam_stroke.errors import ConfigError, InputError
from napari_cpam_stroke.files import write_whole
from napari_cpam_stroke.models import weights_origin

SHARED = ("model", "preprocess", "operating")
"""Settings in which all members must agree."""


@dataclass(frozen=True, eq=False)
class Member:
    """One finished run, judged on its own validation patients.

    Attributes
    ----------
    origins
        Of each slice of the record.
    pretrained
        Where the weights came from that it started from; None: from chance.
    lineage
        The model it began from, then what that one began from; empty where it began from none.
    """

    loaders: SliceLoaders
    record: Record
    origins: list[Origin]
    state: dict[str, Tensor]
    pretrained: WeightsOrigin | None
    lineage: list[dict[str, str]]


def build_ensemble(
    paths: Sequence[Path], store: AnnotationStore, out: Path, *, single: bool = False, progress_bar: ProgressBar
) -> RunFolder:
    """Write a run folder that holds the members as one model, ready for `evaluate` and `promote`.

    Thresholds and calibration come from every member's predictions for the validation patients it was not trained on:
    with the folds of a cross-validation these are all training and validation patients, each seen once.

    Parameters
    ----------
    single
        The first member's network alone; the others give only what they say of their own patients.

    Raises
    ------
    InputError
        If there are fewer than two runs, one is not finished, they differ in network, input or operating point, or
        `out` is in use.
    """
    runs = [RunFolder(Path(path)) for path in paths]
    shared = shared_config(runs)
    run, config = open_run(out, shared if single else joined_config(shared, len(runs)), resume=False)
    with progress_bar("judging members") as progress:
        members = []
        for done, each in enumerate(runs, start=1):
            members.append(judged_member(each, store))
            progress(done, len(runs))
    begin_run(run, config)
    kept = members[:1] if single else members
    write_weights(run, kept)
    describe(run, config, members, kept)
    return run


def fit_folds(
    config: TrainConfig,
    store: AnnotationStore,
    out: Path,
    *,
    single: bool = False,
    console: Console,
    progress_bar: ProgressBar,
) -> RunFolder:
    """Train every fold of a cross-validation, each with a seed of its own, and join them; what is done stays done.

    Parameters
    ----------
    single
        As `build_ensemble` takes it.

    Raises
    ------
    ConfigError
        If the settings name no folds.
    CancelledError
        After Ctrl-C; the same call goes on where this one stopped.
    """
    if config.data.folds is None:
        raise ConfigError("A cross-validation needs a number of folds", remedy="add --set data.folds=4")
    folds = folds_that_fit(store, config, config.data.folds)
    if folds < config.data.folds:
        console.print(f"{folds} folds instead of {config.data.folds}: the store has no more patients to deal out.")
    config = replace(config, data=replace(config.data, folds=folds))
    runs = [RunFolder(out / f"fold-{fold}") for fold in range(folds)]
    for fold, run in enumerate(runs):
        if run.finished:
            continue
        console.print(f"fold {fold + 1} of {len(runs)}")
        start = replace(config.start, member=config.start.member + fold)
        own = replace(config, seed=config.seed + fold, data=replace(config.data, fold=fold), start=start)
        fit_to_the_end(own, partial(SliceLoaders, store), run.path, console=console, purpose="cross-validation")
    return build_ensemble([run.path for run in runs], store, out / "ensemble", single=single, progress_bar=progress_bar)


def shared_config(runs: Sequence[RunFolder]) -> TrainConfig:
    """Return the settings of the first member, which all of them share.

    Raises
    ------
    InputError
        If the runs cannot be one model.
    """
    if len(runs) < 2:
        raise InputError("An ensemble needs at least two runs", got=len(runs))
    configs = [run.config() for run in runs]
    first = configs[0]
    if not isinstance(first.model, SegmenterConfig) or first.model.members > 1:
        raise InputError("An ensemble is made of single segmentation networks", got=str(runs[0].path))
    for run, config in zip(runs, configs, strict=True):
        for name in SHARED:
            if getattr(config, name) != getattr(first, name):
                raise InputError(
                    f"{run.path} differs from {runs[0].path} in its {name} settings",
                    remedy="train all members with the same ones",
                )
    return first


def joined_config(config: TrainConfig, members: int) -> TrainConfig:
    """Return the settings of one model of several members, each of which has `config`'s network."""
    return replace(config, model=replace(cast("SegmenterConfig", config.model), members=members))


def judged_member(run: RunFolder, store: AnnotationStore) -> Member:
    """Return a run with its record of the validation patients it was not trained on.

    Raises
    ------
    InputError
        If the run is not finished.
    NotFiniteError
        If its weights, or what they give, are no numbers.
    """
    from safetensors.torch import load_file

    if not (run.path / CARD_DRAFT).is_file():
        raise InputError(f"The run {run.path} is not finished", remedy="go on with it by cpam-train fit ... --resume")
    config = run.config()
    loaders = SliceLoaders(store, config, cache=cache_beside(run.path, config))
    task = build_task(config)
    state = load_file(run.weights)
    if not_finite(state) is not None:
        raise NotFiniteError(f"The weights of {run.path} are no numbers", remedy="train this run again")
    task.model.load_state_dict(state)
    record = examine(task, loaders.val_dataloader(whole=True))
    origin = noted_origin(run) or weights_origin(task.model)
    return Member(loaders, record, loaders.origins(record), state, origin, noted_start(run).get("lineage", []))


def write_weights(run: RunFolder, members: Sequence[Member]) -> None:
    """Write the weights of all members as those of one network; one member's as they are."""
    from safetensors.torch import save

    joined = {f"members.{i}.{name}": t for i, m in enumerate(members) for name, t in m.state.items()}
    write_whole(run.weights, save(joined if len(members) > 1 else members[0].state), durable=True)


def describe(run: RunFolder, config: TrainConfig, members: Sequence[Member], kept: Sequence[Member]) -> None:
    """Choose operating points over all members' records and write metrics and the card's draft.

    Parameters
    ----------
    kept
        Those whose networks the model has.
    """
    record = stacked([member.record for member in members])
    origins = [origin for member in members for origin in member.origins]
    points = choose_operating_points(record, origins, config.operating)
    classes = config.model.classes
    metrics = {
        "split": "validation patients of each member",
        "slices": len(record.index),
        "members": len(members),
        **metrics_of_points(points, classes, score_epoch(record, classes, float("nan"))),
    }
    run.write_json("metrics.json", metrics)
    first = members[0]
    data = summary(members, kept)
    draft = draft_card(
        config, points, data, metrics,
        origin=first.pretrained, lineage=first.lineage, environment=run.read_json(ENVIRONMENT),
    )  # fmt: skip
    run.write_json(CARD_DRAFT, draft)


def stacked(records: Sequence[Record]) -> Record:
    """Return the records one after another, numbered anew: a slice that two members were judged on counts twice."""
    merged = {f.name: np.concatenate([getattr(r, f.name) for r in records]) for f in fields(Record)}
    return Record(**{**merged, "index": np.arange(len(merged["index"]))})


def summary(members: Sequence[Member], kept: Sequence[Member]) -> dict[str, Any]:
    """Return what a card says about the data: the kept members were trained on it, all were judged on theirs."""
    rules = dict.fromkeys(member.loaders.split_rule for member in members)
    train = {row: None for member in kept for row in member.loaders.train.rows}
    validation = {row: None for member in members for row in member.loaders.validation.rows}
    return {
        "split_rule": "; ".join(rules),
        "train": summarise(tuple(train)),
        "validation": summarise(tuple(validation)),
        FINGERPRINT: "; ".join(member.loaders.summary()[FINGERPRINT] for member in members),
    }
