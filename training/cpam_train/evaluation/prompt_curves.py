"""Curves of Dice by number of prompts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from cpam_train.evaluation.prompt_figures import grouped
from cpam_train.evaluation.prompt_record import NOTHING, STROKE, Reading
from napari_cpam_stroke.files import write_whole


def draw_curves(readings: Sequence[Reading], file: Path) -> None:
    """Draw mean Dice by number of prompts, a panel per class and start, a line per engine."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    fresh = [r for r in readings if r.start == NOTHING]
    panels = list(grouped([r for r in fresh if r.first != STROKE], lambda r: (r.lesion_class, r.reader, r.first)))
    columns = max(len(panels) // len({key[0] for key, _ in panels}), 1)
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(4 * columns, 3.2 * rows), layout="constrained")
    FigureCanvasAgg(figure)
    axes = np.atleast_1d(figure.subplots(rows, columns, sharey=True, squeeze=False)).ravel()
    for axis, ((name, reader, first), part) in zip(axes, sorted(panels, key=lambda each: str(each[0])), strict=False):
        shown = len(part[0].dice)
        beside = [r for r in fresh if r.first == STROKE and (r.lesion_class, r.reader) == (name, reader)]
        for engine, own in grouped(part + beside, lambda r: r.engine):
            axis.plot(np.mean([r.dice[:shown] for r in own], axis=0), marker=".", label=engine)
        axis.set_title(f"{name}, {reader} reader, {first} first", fontsize=9)
        axis.set_xlabel("prompts, or strokes of the brush" if beside else "prompts")
        axis.set_ylim(0, 1)
        axis.grid(alpha=0.3)
    axes[0].set_ylabel("mean Dice")
    lines = axes[0].get_legend_handles_labels()
    figure.legend(*lines, loc="outside lower center", ncols=len(lines[0]), fontsize=8)
    write_whole(file, lambda picture: figure.savefig(picture, format="png", dpi=110))
