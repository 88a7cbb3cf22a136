"""The trials of a study as a table and as pictures."""

from __future__ import annotations

import csv
import io
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
from matplotlib.backends.backend_agg import FigureCanvasAgg
from optuna.trial import FrozenTrial, TrialState

from napari_cpam_stroke.files import write_whole
from napari_cpam_stroke.spreadsheet import safe_text

MIN_TRIALS_FOR_IMPORTANCE = 4


def write_trials(study: optuna.Study, path: Path) -> None:
    """Write one row per trial."""
    trials = study.get_trials(deepcopy=False)
    names = sorted({name for trial in trials for name in trial.params})
    table = io.StringIO(newline="")
    writer = csv.writer(table)
    writer.writerow(["trial", "state", "score", "epochs", "minutes", *names, "reason"])
    writer.writerows(_row(trial, names) for trial in trials)
    write_whole(path, table.getvalue())


def _row(trial: FrozenTrial, names: list[str]) -> list[object]:
    minutes = "" if trial.duration is None else round(trial.duration.total_seconds() / 60, 2)
    values = [trial.params.get(name, "") for name in names]
    score = trial.value if trial.state == TrialState.COMPLETE else ""
    reason = safe_text(str(trial.user_attrs.get("reason", "")))
    return [trial.number, trial.state.name.lower(), score, len(trial.intermediate_values), minutes, *values, reason]


def write_plots(study: optuna.Study, folder: Path) -> list[Path]:
    """Write history, importance, learning curves and slices through the space; returns what could be drawn."""
    from optuna.visualization import matplotlib as plots

    drawings: dict[str, Callable[[optuna.Study], Any]] = {
        "history": plots.plot_optimization_history,
        "learning-curves": plots.plot_intermediate_values,
        "slices": plots.plot_slice,
    }
    if len(study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))) >= MIN_TRIALS_FOR_IMPORTANCE:
        drawings["importance"] = plots.plot_param_importances
    return [_draw(study, draw, folder / f"{name}.png") for name, draw in drawings.items()]


def _draw(study: optuna.Study, draw: Callable[[optuna.Study], Any], path: Path) -> Path:
    import matplotlib as mpl
    import numpy as np

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        axes = np.asarray(draw(study)).ravel()[0]
        figure = axes.figure
        FigureCanvasAgg(figure)
        write_whole(path, lambda drawing: figure.savefig(drawing, format="png", dpi=110, bbox_inches="tight"))
        plt.close(figure)
    return path
