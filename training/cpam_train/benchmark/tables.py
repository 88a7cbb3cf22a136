"""The tables, ours beside the paper's, and a sentence that says what they show."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cpam_train.benchmark.figures import (
    Group,
    false_pixels_per_million,
    marked_share,
    mean_overlap,
    overlap_difference,
    pixel_accuracy,
    slice_accuracy,
    slice_auc,
    slice_rates,
)
from cpam_train.benchmark.outcome import Outcome
from cpam_train.benchmark.paper import PAPER_5, TABLE_4, TABLE_6
from cpam_train.benchmark.systems import kind_of
from cpam_train.evaluation.table import Table
from cpam_train.metrics.bootstrap import Estimate

SEEDS_FOR_A_CLAIM = 3
RATES = ("sensitivity", "specificity", "precision", "F1")
RIVALS = ("unet", "attention_unet")
"""CPAM-UNet is called better only against every one of these."""

NOTE = (
    "Brackets are 95 % intervals over test patients. Pixel accuracy is here because the paper prints it; background "
    "alone scores above 0.97, so it says nothing of a model. The paper's data are not public: its figures stand beside "
    "ours to look at, not to be reached. Its U-Net row (IoU 0.604 with Dice 0.8589) cannot be of one set of images."
)


def heading(*, split_rule: str, seeds: int) -> str:
    """Return what stands above the tables."""
    return f"# Benchmark\n\n{seeds} seed(s); training and test parted {split_rule}. {NOTE}"


def tables_of(outcomes: Sequence[Outcome], *, seeds: int) -> list[Table]:
    """Return the tables of what was run."""
    groups = grouped(outcomes)
    segmenters = {n: g for n, g in groups.items() if kind_of(n) == "segmenter"}
    classifiers = {n: g for n, g in groups.items() if kind_of(n) == "classifier"}
    tables = [table_4(classifiers), table_5(classifiers)] if classifiers else []
    if segmenters:
        tables += [table_6(segmenters), table_classes(segmenters), table_false_marks(segmenters)]
        tables += [table_differences(segmenters, seeds)]
    return tables


def grouped(outcomes: Sequence[Outcome]) -> dict[str, list[Outcome]]:
    """Return the outcomes of each system, in the order of their first."""
    groups: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        groups.setdefault(outcome.system, []).append(outcome)
    return groups


def table_4(groups: dict[str, list[Outcome]]) -> Table:
    """Return accuracy, validation accuracy, loss and validation loss."""
    titles = ("accuracy", "validation accuracy", "loss", "validation loss")
    head = ["system", "started from", *(cell for title in titles for cell in (title, "paper"))]
    rows = []
    for name, group in groups.items():
        paper = TABLE_4.get(name.partition("+")[0])
        ours: list[Estimate | str] = [
            slice_accuracy(group, "test"),
            slice_accuracy(group, "validation"),
            *_losses(group),
        ]
        rows.append((name, _start(group), *_beside(ours, paper)))
    return Table("Table 4: classifiers, stroke or not per slice", tuple(head), tuple(rows))


def table_5(groups: dict[str, list[Outcome]]) -> Table:
    """Return the other rates of the classifiers: of stroke against none, then of each class against its absence."""
    rows = []
    for name, group in groups.items():
        recorded = all(outcome.slices_of for outcome in group)
        of_class = [c for c, s in group[0].slices_of["test"].items() if s.present.any()] if recorded else []
        rows.append((name, "stroke", *_rates(group, None), "-", *_cost(group)))
        rows += [(name, c, *_rates(group, c), "-", "", "") for c in of_class]
    head = ("system", "slices with", "accuracy", *RATES, "AUC", "paper", "parameters", "minutes")
    return Table("Table 5: classifiers, more of the same slices", head, tuple(rows), PAPER_5, names=2)


def table_6(groups: dict[str, list[Outcome]]) -> Table:
    """Return accuracy, validation accuracy, IoU, loss, validation loss and Dice."""
    titles = ("accuracy", "validation accuracy", "IoU", "loss", "validation loss", "Dice")
    head = ["system", *(cell for title in titles for cell in (title, "paper")), "started from", "parameters", "minutes"]
    rows = []
    for name, group in groups.items():
        loss, validation_loss = _losses(group)
        ours: list[Estimate | str] = [
            pixel_accuracy(group, "test"),
            pixel_accuracy(group, "validation"),
            mean_overlap(group, "iou"),
            loss,
            validation_loss,
            mean_overlap(group, "dice"),
        ]
        rows.append((name, *_beside(ours, TABLE_6.get(name)), _start(group), *_cost(group)))
    return Table("Table 6: segmenters", tuple(head), tuple(rows))


def table_classes(groups: dict[str, list[Outcome]]) -> Table:
    """Return Dice per class, with the number of cases."""
    names = _classes(groups)
    rows = tuple(
        (name, *(_with_size(mean_overlap(group, "dice", names=[c])) for c in names)) for name, group in groups.items()
    )
    return Table("Dice by class, mean over cases that hold the class", ("system", *names), rows)


def table_false_marks(groups: dict[str, list[Outcome]]) -> Table:
    """Return, per class, the share of cases that carry a mark they should not, and how large such marks are."""
    names = _classes(groups)
    head = ("system", *(cell for n in names for cell in (f"{n}: cases marked", f"{n}: pixels per million")))
    rows = tuple(
        (name, *(str(cell) for n in names for cell in (marked_share(g, names=[n]), _rounded(g, n))))
        for name, g in groups.items()
    )
    return Table("False marks, in cases without the class", head, rows)


def table_differences(groups: dict[str, list[Outcome]], seeds: int) -> Table:
    """Return CPAM-UNet minus every other system."""
    title, names = "Paired differences of Dice", _classes(groups)
    if "cpam_unet" not in groups:
        return Table(title, ("", "both classes"), (), "CPAM-UNet was not among the systems.")
    rows = tuple(
        (
            f"cpam_unet - {rival}",
            str(overlap_difference(groups["cpam_unet"], group)),
            *(str(overlap_difference(groups["cpam_unet"], group, names=[c])) for c in names),
        )
        for rival, group in groups.items()
        if rival != "cpam_unet"
    )
    return Table(title, ("", "both classes", *names), rows, verdict(groups, seeds))


def verdict(groups: dict[str, list[Outcome]], seeds: int) -> str:
    """Return what may be claimed."""
    if "cpam_unet" not in groups:
        return ""
    missing = [rival for rival in RIVALS if rival not in groups]
    differences = {r: overlap_difference(groups["cpam_unet"], groups[r]) for r in RIVALS if r in groups}
    ahead = [r for r, d in differences.items() if d.low is not None and d.low > 0]
    behind = [r for r, d in differences.items() if d.high is not None and d.high < 0]
    if behind:
        return f"CPAM-UNet is worse than {' and '.join(behind)} here."
    if missing or seeds < SEEDS_FOR_A_CLAIM or len(ahead) < len(RIVALS):
        reasons = [f"{r} was not run" for r in missing]
        reasons += [f"only {seeds} seed(s)"] if seeds < SEEDS_FOR_A_CLAIM else []
        reasons += [f"the interval against {r} holds 0" for r in differences if r not in ahead]
        return f"CPAM-UNet is not shown to be better here: {', '.join(reasons)}."
    return f"CPAM-UNet is better than {' and '.join(ahead)} here, over {seeds} seeds."


def _classes(groups: dict[str, list[Outcome]]) -> list[str]:
    """Return the classes some test case holds."""
    first = next(iter(groups.values()))[0]
    return [name for name, cases in first.masks["test"].items() if cases.holds.any()]


def _rounded(group: Group, name: str) -> str:
    share = false_pixels_per_million(group, names=[name])
    if share.value is None or share.low is None or share.high is None:
        return str(share)
    return f"{share.value:.0f} [{share.low:.0f}, {share.high:.0f}]"


def _losses(group: Group) -> tuple[str, str]:
    return f"{np.mean([o.loss for o in group]):.4f}", f"{np.mean([o.validation_loss for o in group]):.4f}"


def _rates(group: Group, name: str | None) -> list[str]:
    """Return accuracy, the rates of `RATES` and AUC of stroke slices, or of those of one class."""
    rates = slice_rates(group, name=name)
    return [
        str(slice_accuracy(group, "test", name=name)), *(str(rates[r]) for r in RATES), str(slice_auc(group, name=name))
    ]  # fmt: skip


def _start(group: Group) -> str:
    return "; ".join(dict.fromkeys(outcome.start for outcome in group))


def _cost(group: Group) -> list[str]:
    return [f"{group[0].parameters / 1e6:.2f} M", f"{np.mean([o.minutes for o in group]):.1f}"]


def _beside(ours: Sequence[Estimate | str], paper: Sequence[float] | None) -> list[str]:
    theirs = ["-"] * len(ours) if paper is None else [f"{value:g}" for value in paper]
    return [cell for pair in zip(map(str, ours), theirs, strict=True) for cell in pair]


def _with_size(figure: Estimate) -> str:
    return f"{figure} ({figure.cases} cases, {figure.patients} patients)"
