"""The curve as a table and a picture."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from cpam_train.benchmark.figures import mean_overlap, overlap_difference
from cpam_train.data.slice_split import STAMP
from cpam_train.evaluation.markdown import markdown_table
from cpam_train.learning_curve.run import START, Plan, Point
from cpam_train.metrics.bootstrap import Estimate

COLOURS = {"random": "#0072b2", "rank": "#d55e00"}
"""Blue and vermilion of the Okabe-Ito palette."""

DPI = 110


def classes_of(points: Sequence[Point]) -> list[str]:
    """Return the classes that some test case holds."""
    return [name for name, cases in points[0].outcome.masks["test"].items() if cases.holds.any()]


def render(points: Sequence[Point], plan: Plan) -> str:
    """Return the page in Markdown."""
    classes = classes_of(points)
    base = points[0].outcome
    rows = [
        [
            point.strategy,
            str(plan.start + point.added),
            *(str(dice_of(point, name)) for name in classes),
            *(str(overlap_difference([point.outcome], [base], names=[name])) for name in classes),
        ]
        for point in points
    ]
    head = ["cases chosen by", "cases", *(f"Dice {name}" for name in classes), *(f"gain {name}" for name in classes)]
    stamp = f"**{STAMP}**\n\n" if plan.config.data.split_by_slice else ""
    return f"""# What corrections are worth

{stamp}A model is trained on {plan.start} cases. A simulated reader, whose corrections are the reference masks, then
adds {", ".join(map(str, plan.added))} more, chosen at random or in the order in which the first model is least sure
(`cpam-train rank`). Every model is trained anew with the same settings and judged on the same test patients, of whom
none was ever trained on. Brackets are 95 % intervals over patients; gains are paired differences from the first model.
One run per point: what another seed would change is not in the intervals.

{markdown_table(head, rows)}

![Dice against the number of annotated cases](learning-curve.png)
"""


def picture(points: Sequence[Point], plan: Plan) -> bytes:
    """Return a PNG: one panel per class, one line per strategy, intervals as bars."""
    classes = classes_of(points)
    figure = Figure(figsize=(4.6 * len(classes), 3.6))
    for axis, name in zip(figure.subplots(1, len(classes), squeeze=False)[0], classes, strict=True):
        for strategy, colour in COLOURS.items():
            _line(axis, [p for p in points if p.strategy in {START, strategy}], name, plan, colour, strategy)
        axis.set_title(name)
        axis.set_xlabel("annotated cases")
        axis.set_ylabel("mean Dice on the test patients")
        axis.set_ylim(bottom=0)
        axis.legend(frameon=False)
    figure.tight_layout()
    FigureCanvasAgg(figure)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI)
    return buffer.getvalue()


def dice_of(point: Point, name: str) -> Estimate:
    """Return mean Dice of one class over the test cases that hold it."""
    return mean_overlap([point.outcome], "dice", names=[name])


def _line(axis: object, points: Sequence[Point], name: str, plan: Plan, colour: str, label: str) -> None:
    if len(points) < 2:
        return
    estimates = [dice_of(p, name) for p in points]
    at = [plan.start + p.added for p in points]
    value, low, high = (
        np.array([getattr(e, part) if getattr(e, part) is not None else e.value for e in estimates], float)
        for part in ("value", "low", "high")
    )
    axis.errorbar(  # type: ignore[attr-defined]
        at, value, yerr=[value - low, high - value], color=colour, marker="o", capsize=3, label=label
    )
