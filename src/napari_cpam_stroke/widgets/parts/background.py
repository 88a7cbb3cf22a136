"""Long work off the main thread, with progress, cancel and failures as values: nothing is raised across threads."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Event, Lock, Thread
from time import monotonic

from qtpy.QtCore import QEventLoop, QObject, QThreadPool, QTimer, Signal
from superqt.utils import GeneratorWorker, create_worker

from napari_cpam_stroke.errors import CancelledError, CpamError
from napari_cpam_stroke.progress import Cancelled, Progress

logger = logging.getLogger(__name__)

Task = Callable[[Progress, Cancelled], object]

POLL_S = 0.03
"""How often a worker looks for a cancel."""

SHOWN_S = 0.1
"""How often progress is handed on: each time Qt draws the whole window anew."""

SWITCH_S = 0.0005
"""How soon the main thread gets Python's lock back while a task runs. It lets go of the lock at every call into the
display driver, hundreds of times for one picture, and waits ten times as long by Python's own 5 ms."""


@dataclass(frozen=True)
class Outcome:
    """How a task ended. An exception travels inside, for superqt raises one that is returned bare."""

    value: object = None
    error: Exception | None = None


STOPPED = Outcome(error=CancelledError("Stopped"))


class Job(QObject):
    """One task in a generator worker.

    Parameters
    ----------
    task
        Called with `progress(done, total)` and `cancelled() -> bool` in another thread; it must not touch layers or
        widgets.

    Notes
    -----
    Exactly one of `done`, `failed` and `cancelled` is emitted, on the main thread, and `ended` after it. A cancelled
    job ends at once, even where its task takes longer to notice. After that the object goes away by itself.

    A worker sits in Qt's shared thread pool only to pass things on, so it lends its place there to others: Qt converts
    images in that pool while the main thread holds Python's lock, and a full pool would never let either go on.
    """

    progressed = Signal(int, int)
    done = Signal(object)
    failed = Signal(object)
    cancelled = Signal()
    ended = Signal()

    def __init__(self, task: Task, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._stop = Event()
        self.running = True
        self._worker: GeneratorWorker[tuple[int, int], None, Outcome] = create_worker(_drive, task, self._stop)
        self._worker.yielded.connect(self._on_progress)
        self._worker.returned.connect(self._on_returned)
        self._worker.aborted.connect(self._on_aborted)
        QThreadPool.globalInstance().releaseThread()
        self._worker.start()

    def cancel(self) -> None:
        """Stop as soon as possible; the result, if any still comes, is thrown away."""
        self._stop.set()

    def wait(self, timeout_s: float = 120.0, *, listening: bool = True) -> bool:
        """Keep the window alive until the job has ended; return whether it did in time.

        Parameters
        ----------
        listening
            False: it is drawn, but keys and the mouse wait too.
        """
        if self.running:
            loop = QEventLoop()
            self.ended.connect(loop.quit)
            QTimer.singleShot(int(timeout_s * 1000), loop.quit)
            which = QEventLoop.ProcessEventsFlag
            flags = which.AllEvents if listening else which.ExcludeUserInputEvents
            loop.exec_(flags) if hasattr(loop, "exec_") else loop.exec(flags)
        return not self.running

    def _on_progress(self, step: tuple[int, int]) -> None:
        if self.running and not self._stop.is_set():
            self.progressed.emit(*step)

    def _on_returned(self, outcome: Outcome) -> None:
        if not self.running:
            return
        self.running = False
        QThreadPool.globalInstance().reserveThread()
        if self._stop.is_set() or isinstance(outcome.error, CancelledError):
            self.cancelled.emit()
        elif outcome.error is not None:
            self.failed.emit(outcome.error)
        else:
            self.done.emit(outcome.value)
        self.ended.emit()
        self.deleteLater()

    def _on_aborted(self) -> None:
        self._on_returned(STOPPED)


def _drive(task: Task, stop: Event) -> Generator[tuple[int, int], None, Outcome]:
    """Run the task in a thread of its own, so that this generator can be left at any moment."""
    steps: SimpleQueue[tuple[int, int]] = SimpleQueue()
    outcome: list[Outcome] = []
    thread = Thread(target=_run, args=(task, steps, stop, outcome), daemon=True)
    thread.start()
    shown = 0.0
    try:
        while thread.is_alive() and not stop.is_set():
            step = _latest(steps)
            if step is not None and (monotonic() - shown > SHOWN_S or step[0] >= step[1]):
                shown = monotonic()
                yield step
        return outcome[0] if outcome else STOPPED
    finally:
        if not outcome:
            stop.set()


def _run(task: Task, steps: SimpleQueue[tuple[int, int]], stop: Event, outcome: list[Outcome]) -> None:
    try:
        with _main_first():
            outcome.append(Outcome(task(lambda done, total: steps.put((done, total)), stop.is_set)))
    except CpamError as error:
        outcome.append(Outcome(error=error))
    except Exception as error:
        logger.exception("A background task failed")
        outcome.append(Outcome(error=error))


_running: list[float] = []
"""One entry for each task that runs: the interval Python had before the first one."""
_counting = Lock()


@contextmanager
def _main_first() -> Iterator[None]:
    """Let the main thread have Python's lock at once, as long as any task runs."""
    with _counting:
        _running.append(_running[0] if _running else sys.getswitchinterval())
        sys.setswitchinterval(SWITCH_S)
    try:
        yield
    finally:
        with _counting:
            before = _running.pop()
            if not _running:
                sys.setswitchinterval(before)


def _latest(steps: SimpleQueue[tuple[int, int]]) -> tuple[int, int] | None:
    step = None
    try:
        step = steps.get(timeout=POLL_S)
        while True:
            step = steps.get_nowait()
    except Empty:
        return step


def sentence(error: BaseException) -> str:
    """Return a failure as one sentence for the reader."""
    if isinstance(error, CpamError):
        return str(error)
    return f"Unexpected {type(error).__name__}: {error or 'no further word'}; nothing of your work was changed."
