"""Where a retraining stands, from what its process, its events and its folder tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic.dataclasses import dataclass as checked_dataclass

from napari_cpam_stroke.config import STRICT
from napari_cpam_stroke.retraining.run_events import Event, Standing
from napari_cpam_stroke.retraining.started_process import StartedProcess

Step = Literal["tune", "fit", "compare", "take"]
Phase = Literal[
    "elsewhere",
    "searching",
    "starting",
    "training",
    "judging",
    "stopping",
    "stopped",
    "failed",
    "searched",
    "trained",
    "comparing",
    "compared",
    "taking",
    "taken",
]
"""`elsewhere`: nothing was started from here; `judging`: operating points are chosen on validation cases."""

AT_WORK: frozenset[Phase] = frozenset(
    {"searching", "starting", "training", "judging", "stopping", "comparing", "taking"}
)

WITHOUT_A_WORD = "The training ended without a word: it was ended from outside, or the machine went down."


@checked_dataclass(frozen=True, config=STRICT)
class Work:
    """The step under way, or done last.

    Attributes
    ----------
    heard
        Bytes that the run had told when the step began.
    stopped
        Whether the reader asked it to end.
    before
        The model that was in use when the new one was taken.
    """

    step: Step
    process: StartedProcess
    heard: int = 0
    stopped: bool = False
    before: str = ""


@dataclass(frozen=True)
class Findings:
    """What lies in the folder of a retraining.

    Attributes
    ----------
    searched, compared, continuation
        Whether a search found settings, the models were compared, the trainer finds where to go on.
    trials
        Trainings of a search that were begun.
    silent
        Whether the run told nothing since the last step began.
    told
        The last event of a comparison, or of taking the model.
    last_words
        Last line of the log.
    """

    searched: bool = False
    trials: int = 0
    compared: bool = False
    continuation: bool = False
    silent: bool = False
    told: Event | None = None
    last_words: str = ""


@dataclass(frozen=True)
class State:
    """Where a retraining stands, as it is shown.

    Attributes
    ----------
    sentence
        Why it failed, in the trainer's own words; empty otherwise.
    told
        The last event of a comparison: what is judged, cases done and cases in all.
    taken
        Name and version of the model that was published.
    before
        The model in use before that.
    """

    phase: Phase
    standing: Standing
    sentence: str = ""
    told: Event | None = None
    trials: int = 0
    compared: bool = False
    taken: str = ""
    before: str = ""
    can_resume: bool = False

    @property
    def running(self) -> bool:
        """Whether a process is at work."""
        return self.phase in AT_WORK


def state_of(work: Work | None, standing: Standing, findings: Findings, *, running: bool) -> State:
    """Return where a retraining stands.

    Parameters
    ----------
    work
        None: nothing was started from here.
    running
        Whether the process of that step runs.
    """
    if work is None:
        return State("elsewhere", standing, standing.error, compared=findings.compared)
    phase = _at_work(work, standing, findings) if running else _after(work, standing, findings)
    taken = str((findings.told or {}).get("model", "")) if phase == "taken" else ""
    return State(
        phase,
        standing,
        _reason(standing, findings) if phase == "failed" else "",
        told=findings.told,
        trials=findings.trials,
        compared=findings.compared and work.step in {"compare", "take"} and phase != "comparing",
        taken=taken,
        before=work.before,
        can_resume=phase in {"stopped", "failed", "compared"} and _can_go_on(work, standing, findings),
    )


def _at_work(work: Work, standing: Standing, findings: Findings) -> Phase:
    if work.stopped:
        return "stopping"
    steps: dict[Step, Phase] = {"tune": "searching", "compare": "comparing", "take": "taking"}
    if work.step in steps:
        return steps[work.step]
    if findings.silent:
        return "starting"
    stages: dict[str, Phase] = {"preparing": "starting", "training": "training", "epoch": "training"}
    return stages.get(standing.stage, "judging")


def _after(work: Work, standing: Standing, findings: Findings) -> Phase:
    """Return the phase once the process of a step is gone: its result is there, or it was broken off."""
    published = (findings.told or {}).get("stage") == "published"
    ended: dict[Step, tuple[bool, Phase]] = {
        "tune": (findings.searched and not work.stopped, "searched"),
        "fit": (standing.stage == "done" and not findings.silent, "trained"),
        "compare": (findings.compared, "compared"),
        "take": (published, "taken"),
    }
    there, phase = ended[work.step]
    if there:
        return phase
    told_so = work.step == "fit" and standing.stage == "stopped" and not findings.silent
    return "stopped" if work.stopped or told_so else "failed"


def _reason(standing: Standing, findings: Findings) -> str:
    """Return why a step failed: what it told, else the last line of its log where that says why."""
    if standing.error:
        return standing.error
    spoke = standing.stage in {"training", "epoch", "judging", "preparing"} and not findings.silent
    return WITHOUT_A_WORD if spoke or not findings.last_words else findings.last_words


def _can_go_on(work: Work, standing: Standing, findings: Findings) -> bool:
    """Whether a training can go on: also one that was stopped, and compared as it is."""
    if work.step == "tune":
        return True
    if work.step == "fit":
        return work.stopped or findings.continuation
    return standing.stage == "stopped" and findings.continuation
