"""Pictures of a report, as PNG data a web page can carry inside itself."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.metrics import roc_curve

from cpam_train.evaluation.case import ClassResult
from cpam_train.evaluation.gallery import Picture
from cpam_train.metrics.probability import CALIBRATION_BINS, calibration_bin
from cpam_train.metrics.reliability import LOWEST_BIN
from napari_cpam_stroke.config import BRAIN
from napari_cpam_stroke.core import apply_window
from napari_cpam_stroke.core.labels import CLASS_COLOURS

REFERENCE_COLOUR, PREDICTED_COLOUR = "#009e73", "#d55e00"
"""Green and vermilion of the Okabe-Ito palette."""

DPI = 110


def data_url(figure: Figure) -> str:
    """Return a figure as a data: address."""
    buffer = io.BytesIO()
    FigureCanvasAgg(figure)
    figure.savefig(buffer, format="png", dpi=DPI, bbox_inches="tight")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def picture_row(pictures: Sequence[Picture]) -> Figure:
    """Draw slices twice: with the reference outlined, and below with what was marked."""
    figure = Figure(figsize=(2.6 * len(pictures), 5.4))
    axes = figure.subplots(2, len(pictures), squeeze=False)
    for column, picture in enumerate(pictures):
        image = apply_window(picture.hu, BRAIN)
        for row, (mask, colour) in enumerate(
            ((picture.reference, REFERENCE_COLOUR), (picture.predicted, PREDICTED_COLOUR))
        ):
            _draw(axes[row, column], image, mask, colour)
        axes[0, column].set_title(picture.title, fontsize=7, wrap=True)
    axes[0, 0].set_ylabel("reference", fontsize=8)
    axes[1, 0].set_ylabel("marked", fontsize=8)
    figure.tight_layout(pad=0.4)
    return figure


def calibration(results: dict[str, Sequence[ClassResult]]) -> Figure:
    """Draw how often a class was there against how probable the model called it, per slice."""
    figure = Figure(figsize=(4.6, 4.2))
    axis = figure.subplots()
    axis.plot([0, 1], [0, 1], color="0.6", linewidth=1, linestyle="--")
    for name, own in results.items():
        _calibration_line(axis, name, own)
    axis.set_xlabel("probability the model gave a slice")
    axis.set_ylabel("share of those slices with the class")
    axis.legend(frameon=False)
    return figure


def pixel_calibration(results: dict[str, Sequence[ClassResult]]) -> Figure | None:
    """Draw how often pixels were lesion against how probable the model called them, None where it draws no mask."""
    figure = Figure(figsize=(4.6, 4.2))
    axis = figure.subplots()
    axis.plot([0, 1], [0, 1], color="0.6", linewidth=1, linestyle="--")
    for name, own in results.items():
        judged = [r.mask.reliability for r in own if r.mask is not None]
        if judged:
            pixels, expected, observed = (
                np.sum([getattr(r, part) for r in judged], axis=0)[LOWEST_BIN:]
                for part in ("pixels", "expected", "observed")
            )
            used = pixels > 0
            axis.plot(
                (expected / np.maximum(pixels, 1))[used],
                (observed / np.maximum(pixels, 1))[used],
                "o-",
                color=CLASS_COLOURS[name],
                label=name,
            )
    if not axis.get_legend_handles_labels()[0]:
        return None
    axis.set_xlabel("probability the model gave a pixel, from 0.1 up")
    axis.set_ylabel("share of those pixels inside the reference")
    axis.legend(frameon=False)
    return figure


def roc(results: dict[str, Sequence[ClassResult]]) -> Figure:
    """Draw the share of slices with a class that are found against the share of the others that are accused."""
    figure = Figure(figsize=(4.6, 4.2))
    axis = figure.subplots()
    axis.plot([0, 1], [0, 1], color="0.6", linewidth=1, linestyle="--")
    for name, own in results.items():
        probability, present = _slices(own)
        if 0 < present.sum() < len(present):
            false_positives, sensitivity, _ = roc_curve(present, probability)
            axis.plot(false_positives, sensitivity, color=CLASS_COLOURS[name], label=name)
    axis.set_xlabel("1 - specificity")
    axis.set_ylabel("sensitivity")
    if axis.get_legend_handles_labels()[0]:
        axis.legend(frameon=False)
    return figure


def bland_altman(results: dict[str, Sequence[ClassResult]]) -> Figure | None:
    """Draw the error of the volume against the volume, None where no case has volumes."""
    figure = Figure(figsize=(4.6, 4.2))
    axis = figure.subplots()
    drawn = False
    for name, own in results.items():
        pairs = [
            (r.mask.reference_ml, r.mask.predicted_ml)
            for r in own
            if r.mask is not None and r.mask.reference_ml and r.mask.predicted_ml is not None
        ]
        if not pairs:
            continue
        drawn = True
        reference, marked = np.asarray(pairs, dtype=float).T
        axis.scatter(
            (reference + marked) / 2, marked - reference, s=14, color=CLASS_COLOURS[name], label=name, alpha=0.7
        )
        mean, spread = (marked - reference).mean(), 1.96 * (marked - reference).std()
        for level, style in ((mean, "-"), (mean - spread, ":"), (mean + spread, ":")):
            axis.axhline(level, color=CLASS_COLOURS[name], linestyle=style, linewidth=1)
    axis.set_xlabel("mean of marked and true volume (ml)")
    axis.set_ylabel("marked minus true volume (ml)")
    if not drawn:
        return None
    axis.legend(frameon=False)
    return figure


def _draw(axis: Any, image: Any, mask: Any, colour: str) -> None:
    axis.imshow(image, cmap="gray", vmin=0, vmax=1)
    if mask.any():
        axis.contour(mask, levels=[0.5], colors=[colour], linewidths=1.2)
    axis.set_xticks([])
    axis.set_yticks([])


def _slices(results: Sequence[ClassResult]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return probability and truth of all slices whose label is known."""
    probability = np.concatenate([np.empty(0), *(r.slice_probabilities for r in results)])
    labels = np.concatenate([np.empty(0), *(r.slice_labels for r in results)])
    return probability, labels == 1


def _calibration_line(axis: Any, name: str, results: Sequence[ClassResult]) -> None:
    probability, present = _slices(results)
    if not len(present):
        return
    bins = calibration_bin(probability)
    used = [b for b in range(CALIBRATION_BINS) if (bins == b).any()]
    x, y = ([values[bins == b].mean() for b in used] for values in (probability, present))
    sizes = [20 + 180 * (bins == b).mean() for b in used]
    axis.plot(x, y, color=CLASS_COLOURS[name], linewidth=1)
    axis.scatter(x, y, s=sizes, color=CLASS_COLOURS[name], label=name)
