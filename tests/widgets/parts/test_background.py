"""Jobs and Qt's own use of its thread pool."""

from __future__ import annotations

import sys
from threading import Event
from typing import Any

import pytest
from qtpy.QtCore import QRunnable, QThreadPool

from napari_cpam_stroke.widgets.parts.background import SWITCH_S, Job


class Signal(QRunnable):
    """Stands for a piece of work that Qt hands to its pool, such as converting a part of an image."""

    def __init__(self, ran: Event) -> None:
        super().__init__()
        self._ran = ran

    def run(self) -> None:
        self._ran.set()


@pytest.mark.timeout(60)
def test_waiting_jobs_leave_room_in_the_pool_that_qt_paints_with(qtbot: Any) -> None:
    pool, release, ran = QThreadPool.globalInstance(), Event(), Event()
    wanted, started = pool.maxThreadCount() + 1, []

    def task(*_: Any) -> None:
        started.append(1)
        release.wait(20)

    jobs = [Job(task) for _ in range(wanted)]
    qtbot.waitUntil(lambda: len(started) == wanted)
    pool.start(Signal(ran))
    assert ran.wait(5)
    release.set()
    assert all(job.wait(10) for job in jobs)
    assert pool.waitForDone(5000)
    assert pool.activeThreadCount() == 0


def test_cancel_ends_a_job_at_once_though_its_task_does_not_notice(qtbot: Any) -> None:
    release, results = Event(), []
    job = Job(lambda *_: release.wait(20))
    job.done.connect(results.append)
    with qtbot.waitSignal(job.ended, timeout=1000):
        job.cancel()
    assert not release.is_set()
    release.set()
    assert results == []


def test_the_main_thread_gets_the_lock_back_sooner_while_any_task_runs(qtbot: Any) -> None:
    before, release, seen = sys.getswitchinterval(), [Event(), Event()], []
    jobs = [Job(lambda *_, free=free: (free.wait(20), seen.append(sys.getswitchinterval()))) for free in release]
    qtbot.waitUntil(lambda: sys.getswitchinterval() < before)
    release[0].set()
    assert jobs[0].wait(10)
    assert sys.getswitchinterval() < before
    release[1].set()
    assert jobs[1].wait(10)
    assert all(interval == pytest.approx(SWITCH_S) for interval in seen)
    assert sys.getswitchinterval() == before
