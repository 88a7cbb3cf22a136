"""Several workers of one study on this machine, each a process of its own that another may outlive."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WORKER = (sys.executable, "-m", "cpam_train.cli")
POLL_S = 1.0
"""How often the workers are looked at."""


@dataclass(frozen=True)
class Ended:
    """A worker that has ended.

    Attributes
    ----------
    number
        Counts from 1.
    code
        Its exit code; negative where a signal ended it.
    log
        What it said.
    """

    number: int
    code: int
    log: Path


def work_together(arguments: Sequence[Sequence[str]], folder: Path, *, watch: Callable[[], None]) -> list[Ended]:
    """Run one worker for each list of arguments of `cpam-train` until all have ended; Ctrl-C reaches each of them once.

    Parameters
    ----------
    folder
        Takes what each says, as worker-1.log and so on.
    watch
        Called again and again while they work.
    """
    with ExitStack() as files:
        logs = [folder / f"worker-{number}.log" for number in range(1, len(arguments) + 1)]
        workers = [
            _started(own, files.enter_context(log.open("ab")), number, len(arguments))
            for number, (own, log) in enumerate(zip(arguments, logs, strict=True))
        ]
        with _passing_on(workers):
            while any(worker.poll() is None for worker in workers):
                time.sleep(POLL_S)
                watch()
    return [
        Ended(number, worker.wait(), log) for number, (worker, log) in enumerate(zip(workers, logs, strict=True), 1)
    ]


def _started(arguments: Sequence[str], log: Any, number: int, workers: int) -> subprocess.Popen[bytes]:
    """Start a worker in a session of its own, where Ctrl-C reaches it only through this process."""
    return subprocess.Popen(  # noqa: S603 - this very interpreter, on the arguments it was given
        [*WORKER, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        env=os.environ | _share(number, workers),
        start_new_session=True,
    )


def _share(number: int, workers: int) -> dict[str, str]:
    """Return a worker's share of the machine, as its environment has it, where nobody has set that already."""
    import torch

    share = {"OMP_NUM_THREADS": str(max((os.cpu_count() or 1) // workers, 1))}
    if (devices := torch.cuda.device_count()) > 1:
        share["CUDA_VISIBLE_DEVICES"] = str(number % devices)
    return {name: value for name, value in share.items() if name not in os.environ}


@contextmanager
def _passing_on(workers: Sequence[subprocess.Popen[bytes]]) -> Iterator[None]:
    """Pass Ctrl-C on to the workers, which end after the batch they are at."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: object) -> None:
        for worker in workers:
            if worker.poll() is None:
                worker.terminate() if sys.platform == "win32" else worker.send_signal(signal.SIGINT)

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
