"""Retraining as a process of its own, seen from the reading room: what to learn from, start, progress, outcome.

The trainer is started and watched, never imported: a room without the extra `train` reads as before.
"""

from napari_cpam_stroke.retraining.comparison import ClassFigures, Comparison, WorstCase
from napari_cpam_stroke.retraining.lessons import Lessons, lessons_of
from napari_cpam_stroke.retraining.request import PRESETS, Preset, Request
from napari_cpam_stroke.retraining.requirements import missing_packages, require_trainer
from napari_cpam_stroke.retraining.run_events import Epoch, EventFile, Standing
from napari_cpam_stroke.retraining.started_process import StartedProcess
from napari_cpam_stroke.retraining.state import Phase, State
from napari_cpam_stroke.retraining.work_folder import WorkFolder, newest_for

__all__ = [
    "PRESETS",
    "ClassFigures",
    "Comparison",
    "Epoch",
    "EventFile",
    "Lessons",
    "Phase",
    "Preset",
    "Request",
    "Standing",
    "StartedProcess",
    "State",
    "WorkFolder",
    "WorstCase",
    "lessons_of",
    "missing_packages",
    "newest_for",
    "require_trainer",
]
