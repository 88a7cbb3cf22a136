"""A retraining in words: what there is to learn, where it stands, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping

from napari_cpam_stroke.retraining import ClassFigures, Comparison, Lessons, State, WorstCase
from napari_cpam_stroke.retraining.request import TRIALS

SPLITS = {"train": "train", "validation": "validate", "test": "test", "none": "get their split at the start"}
"""What cases of a split do."""

ASK_WHY = "Why it is taken though it is not shown to be better; its card says so"

NOTHING_YET = "Start trains a new model from the one chosen in AI models; it goes on when napari is closed."


def lessons_words(lessons: Lessons) -> str:
    """Return what a retraining would learn from."""
    made = "" if lessons.since is None else f" (made {lessons.since.astimezone():%d %b %Y})"
    if not lessons.new:
        return f"None of {lessons.cases} annotated cases is new to {lessons.model}{made}. Correct and save some first."
    return (
        f"{lessons.new} of {lessons.cases} annotated cases are new to {lessons.model}{made}, "
        f"{lessons.accepted} of them accepted: {_counts(lessons.by_class)}. Sources: {_counts(lessons.by_source)}. "
        f"{_splits(lessons.by_split)}."
    )


def state_words(state: State | None) -> str:
    """Return where a retraining stands, one or two sentences."""
    if state is None:
        return NOTHING_YET
    standing = state.standing
    best = f" Best so far: epoch {standing.best_epoch}." if standing.best_epoch else ""
    words = {
        "elsewhere": f"{_elsewhere(state)}{best}",
        "searching": f"Searching settings: training {state.trials} of about {TRIALS}.",
        "starting": "Starting: the trainer reads the cases.",
        "training": f"Epoch {standing.epoch} of {standing.epochs}{_left(standing.seconds_left)}.{best}",
        "judging": "Trained; thresholds are chosen on validation cases.",
        "stopping": "Stopping after the step it is at; what was learnt is kept.",
        "stopped": f"Stopped{_after(standing.epoch)}.{best}{_go_on(state)}",
        "failed": f"{state.sentence}{_go_on(state)}",
        "searched": "Settings are found; the training with them starts.",
        "trained": "Trained; the comparison on the test cases starts.",
        "comparing": f"Comparing on the test cases{_judged(state)}.",
        "compared": "Compared on the test cases.",
        "taking": f"Judging once more, then taking it{_judged(state)}.",
        "taken": f"{state.taken} is installed; AI models lists it.",
    }
    return words[state.phase]


def verdict_words(comparison: Comparison) -> str:
    """Return whether the new model is shown to be better, and what is missing."""
    tested = f"on {comparison.cases} test cases of {comparison.patients} patients"
    if comparison.shown:
        return f"Shown to be better than {comparison.rival} {tested}."
    return f"Not shown to be better than {comparison.rival} {tested}. Missing: {'; '.join(comparison.missing)}."


def figure_cells(figures: ClassFigures) -> tuple[str, str, str, str]:
    """Return what is compared, in short, old, new, and the difference with its interval."""
    name = "Dice" if figures.figure == "dice" else "AUC"
    low, high = figures.low, figures.high
    interval = "" if low is None or high is None else f" [{_short(low)}, {_short(high)}]"
    difference = "-" if figures.difference is None else f"{figures.difference:+.2f}{interval}"
    return f"{figures.lesion_class[:3]}. {name}", _figure(figures.old), _figure(figures.new), difference


def figure_words(figures: ClassFigures) -> str:
    """Return the same in whole words."""
    _, old, new, difference = figure_cells(figures)
    name = "Dice of masks" if figures.figure == "dice" else "AUC of slices"
    return f"{figures.lesion_class}, {name}: old {old}, new {new}, gain {difference}"


def worst_words(case: WorstCase) -> str:
    """Return a case and how both models fared on it."""
    return f"{case.lesion_class} {_figure(case.new)} (old {_figure(case.old)})  {case.case_id}"


def _elsewhere(state: State) -> str:
    standing = state.standing
    at = f"epoch {standing.epoch} of {standing.epochs}"
    ends = {
        "": "Nothing was told there yet.",
        "preparing": "Trained elsewhere: the cases are read.",
        "judging": "Trained elsewhere: thresholds are chosen.",
        "done": f"Trained elsewhere, done after epoch {standing.epoch}.",
        "stopped": f"Trained elsewhere, stopped{_after(standing.epoch)}.",
        "failed": f"Trained elsewhere, failed: {state.sentence}",
    }
    return ends.get(standing.stage, f"Trained elsewhere: {at}{_left(standing.seconds_left)}.")


def _counts(numbers: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {number}" for name, number in sorted(numbers.items()))


def _splits(numbers: Mapping[str, int]) -> str:
    return ", ".join(f"{numbers[name]} {does}" for name, does in SPLITS.items() if numbers.get(name))


def _left(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return f"; about {seconds / 60:.0f} min left" if seconds >= 90 else f"; about {seconds:.0f} s left"


def _after(epoch: int) -> str:
    return f" in epoch {epoch}" if epoch else " before its first epoch"


def _go_on(state: State) -> str:
    return " Resume goes on." if state.can_resume else ""


def _judged(state: State) -> str:
    told = state.told or {}
    return f": {told['stage']}, {told['done']} of {told['total']}" if "total" in told else ""


def _short(value: float) -> str:
    """Return a figure below 1 without its leading zero: the dock is narrow."""
    return f"{value:.2f}".replace("0.", ".", 1)


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
