"""Train and judge every system with every seed; what is done already is not done again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from rich.console import Console

from cpam_train.benchmark.outcome import FILE, Outcome, plain_outcome, read_outcome
from cpam_train.benchmark.systems import Recipe
from cpam_train.evaluation.model import opened_model
from cpam_train.evaluation.progress import ProgressBar
from cpam_train.evaluation.run import evaluate_model
from cpam_train.fitting.fit import fit_to_the_end
from cpam_train.fitting.slice_batches import SliceLoaders
from cpam_train.run_folder import RunFolder
from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.annotations.records import Split
from napari_cpam_stroke.files import write_whole

STATISTICS = ("running_mean", "running_var", "num_batches_tracked")
"""Endings of the names of tensors that batch normalisation counts and does not learn."""

JUDGED: tuple[Split, ...] = ("validation", "test")


def run_systems(
    store: AnnotationStore,
    out: Path,
    recipe: Recipe,
    systems: Sequence[str],
    seeds: int,
    *,
    console: Console,
    progress_bar: ProgressBar,
) -> list[Outcome]:
    """Return the outcome of every system and seed.

    Raises
    ------
    ConfigError
        For a wrong setting, or if a run in the folder was made with other settings.
    CancelledError
        After Ctrl-C; the next call goes on where this one stopped.
    """
    configs = {(system, seed): recipe.config(system, seed) for seed in range(seeds) for system in systems}
    outcomes = []
    for (system, seed), config in configs.items():
        path = out / "runs" / f"{system}-{seed}"
        file = path / FILE
        if file.is_file():
            RunFolder(path).require_config(config)
        else:
            console.print(f"{system}, seed {seed}")
            run = fit_to_the_end(config, partial(SliceLoaders, store), path, console=console, purpose="benchmark")
            judge(store, run, system, seed, progress_bar=progress_bar)
        outcomes.append(read_outcome(file))
    return outcomes


def judge(store: AnnotationStore, run: RunFolder, system: str, seed: int, *, progress_bar: ProgressBar) -> None:
    """Judge a run on validation and test cases and keep what came out."""
    judged = {}
    with opened_model(run.path) as predictor:
        for split in JUDGED:
            with progress_bar(f"judging {system} on {split}") as progress:
                judged[split] = evaluate_model(predictor, store, split=split, progress=progress)
    values = plain_outcome(run, system, seed, parameters_of(run), {str(split): e for split, e in judged.items()})
    write_whole(run.path / FILE, json.dumps(values) + "\n")
    run.tidy()


def parameters_of(run: RunFolder) -> int:
    """Return the number of weights that were learnt; running statistics are none."""
    from safetensors.torch import load_file

    return sum(t.numel() for name, t in load_file(run.weights).items() if not name.endswith(STATISTICS))
