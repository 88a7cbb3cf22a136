"""The paper's table 7 on BraTS: every segmenter under one recipe."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

from rich.console import Console

from cpam_train.benchmark.paper import TABLE_7
from cpam_train.benchmark.systems import Recipe, kind_of
from cpam_train.brats.folder import BratsFolder
from cpam_train.brats.judge import RegionDice, judge_brats, region_estimates
from cpam_train.brats.loaders import BratsLoaders
from cpam_train.brats.regions import REGIONS
from cpam_train.evaluation.markdown import markdown_table
from cpam_train.evaluation.progress import ProgressBar
from cpam_train.fitting.fit import fit_to_the_end
from cpam_train.run_folder import RunFolder
from napari_cpam_stroke.errors import ConfigError
from napari_cpam_stroke.files import write_whole

FILE = "regions.json"

NOTE = (
    "Mean Dice over test cases with 95 % intervals over patients. Both the paper and we judge two-dimensional networks "
    "on parts of the training release, each with its own split. The paper sets its WT / TC / ET beside a reference "
    "that lists ET, WT, TC; put in one order, it is behind that reference on WT and TC."
)


def run_brats(
    folder: BratsFolder,
    out: Path,
    recipe: Recipe,
    systems: Sequence[str],
    seeds: int,
    *,
    console: Console,
    progress_bar: ProgressBar,
) -> dict[str, list[list[RegionDice]]]:
    """Return the region Dice of every system and seed; what is done already is not done again.

    Raises
    ------
    ConfigError
        For a classifier, a wrong setting, or a run in the folder that was made with other settings.
    CancelledError
        After Ctrl-C; the next call goes on where this one stopped.
    """
    wrong = [name for name in systems if kind_of(name) != "segmenter"]
    if wrong:
        raise ConfigError("BraTS is for segmenters only", got=wrong[0], remedy="name them by --systems")
    judged: dict[str, list[list[RegionDice]]] = {name: [] for name in systems}
    for seed in range(seeds):
        for system in systems:
            config = recipe.config(system, seed)
            run = RunFolder(out / "runs" / f"{system}-{seed}")
            file = run.path / FILE
            if file.is_file():
                run.require_config(config)
            else:
                batches = partial(BratsLoaders, folder)
                fit_to_the_end(config, batches, run.path, console=console, purpose="benchmark")
                with progress_bar(f"judging {system}") as progress:
                    cases = judge_brats(run, folder, progress=progress)
                write_whole(file, json.dumps([asdict(case) for case in cases]) + "\n")
            judged[system].append([RegionDice(**case) for case in json.loads(file.read_text(encoding="utf-8"))])
    return judged


def render_table_7(judged: dict[str, list[list[RegionDice]]], *, seeds: int) -> str:
    """Return the page."""
    head = ["system", *(cell for name in REGIONS for cell in (f"{name} Dice", "paper"))]
    rows = []
    for system, seeds_of_system in judged.items():
        paper = [f"{value:g}" for value in TABLE_7[system]] if system in TABLE_7 else ["-"] * len(REGIONS)
        ours = [str(value) for value in region_estimates(seeds_of_system).values()]
        rows.append([system, *(cell for pair in zip(ours, paper, strict=True) for cell in pair)])
    return f"# Benchmark on BraTS\n\n{seeds} seed(s). {NOTE}\n\n## Table 7\n\n{markdown_table(head, rows)}\n"
