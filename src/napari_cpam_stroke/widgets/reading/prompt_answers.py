"""What answers prompts, off the window's thread: one request at a time, and only the newest preview."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import TypeVar

from qtpy.QtCore import QObject

from napari_cpam_stroke.core import CTVolume
from napari_cpam_stroke.core.arrays import Region
from napari_cpam_stroke.errors import CancelledError
from napari_cpam_stroke.progress import Cancelled, Progress
from napari_cpam_stroke.prompting import PromptEngine, PromptRequest
from napari_cpam_stroke.widgets.parts.background import Job

PREPARED_SLICES = 4
"""On either side of the one that is shown, the nearest first."""

Found = TypeVar("Found")
Work = Callable[[PromptEngine, Cancelled], Found]


@dataclass(frozen=True)
class EngineChoice:
    """A way to answer prompts; made when it is asked first, in any thread."""

    name: str
    make: Callable[[], PromptEngine]


class ChosenEngine:
    """An engine of a choice, made at the first request; whoever asks holds `alone` meanwhile.

    Another choice gets another one of these: an engine that takes long to make never turns up in the place of one
    that was chosen after it.
    """

    def __init__(self, choice: EngineChoice) -> None:
        self.choice, self.alone = choice, Lock()
        self._made: PromptEngine | None = None

    def engine(self) -> PromptEngine:
        """Return the engine, made if need be."""
        if self._made is None:
            self._made = self.choice.make()
        return self._made


class PromptAnswers(QObject):
    """One engine at work for one room."""

    def __init__(self, choice: EngineChoice, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._chosen = ChosenEngine(choice)
        self._jobs: set[Job] = set()
        self._preparing: Job | None = None
        self._previewing: Job | None = None
        self._next_preview: Callable[[], None] | None = None

    @property
    def choice(self) -> EngineChoice:
        """Which engine."""
        return self._chosen.choice

    def choose(self, choice: EngineChoice) -> None:
        """Ask another engine from now on; what was asked of the last one is forgotten."""
        self.stop()
        self._chosen = ChosenEngine(choice)

    def ask(self, work: Work[Found], done: Callable[[Found], object], failed: Callable[[Exception], object]) -> Job:
        """Let the engine do something, after what it does now; exactly one of `done` and `failed` is called."""
        chosen = self._chosen

        def task(_: Progress, cancelled: Cancelled) -> Found:
            with chosen.alone:
                if cancelled():
                    raise CancelledError("Stopped")
                return work(chosen.engine(), cancelled)

        job = Job(task, self)
        self._jobs.add(job)
        job.done.connect(done)
        job.failed.connect(failed)
        job.ended.connect(lambda: self._jobs.discard(job))
        return job

    def preview(self, request: PromptRequest, done: Callable[[Region], object]) -> None:
        """Ask for what a prompt would make, (Y, X); of those that come while one is asked for, only the newest is."""
        if self._previewing is not None:
            self._next_preview = lambda: self.preview(request, done)
            return
        self._previewing = self.ask(lambda engine, _: engine.answer(request), done, _nothing)
        self._previewing.ended.connect(self._on_previewed)

    def drop_previews(self) -> None:
        """Forget what was asked for while a gesture was drawn."""
        self._next_preview = None
        if self._previewing is not None:
            self._previewing.cancel()

    def prepare(self, volume: CTVolume, z: int) -> None:
        """Let the engine look at the slices around one ahead of the first prompt; a later call stops this one."""
        if self._preparing is not None:
            self._preparing.cancel()
        chosen = self._chosen

        def task(_: Progress, cancelled: Cancelled) -> None:
            for near in slices_around(z, volume.shape[0]):
                with chosen.alone:
                    if cancelled():
                        return
                    chosen.engine().prepare(volume, near)

        job = self._preparing = Job(task, self)
        self._jobs.add(job)
        job.ended.connect(lambda: self._jobs.discard(job))
        job.ended.connect(lambda: self._on_prepared(job))

    def stop(self) -> None:
        """Forget everything that was asked."""
        self._next_preview = None
        for job in tuple(self._jobs):
            job.cancel()

    def _on_previewed(self) -> None:
        self._previewing, newest, self._next_preview = None, self._next_preview, None
        if newest is not None:
            newest()

    def _on_prepared(self, job: Job) -> None:
        if self._preparing is job:
            self._preparing = None


def slices_around(z: int, count: int) -> list[int]:
    """Return a slice and those beside it, the nearest first, as far as a series of `count` slices has them."""
    near = sorted(range(z - PREPARED_SLICES, z + PREPARED_SLICES + 1), key=lambda other: abs(other - z))
    return [other for other in near if 0 <= other < count]


def _nothing(_: Exception) -> None:
    """Leave it unsaid: the prompt itself will say it."""
