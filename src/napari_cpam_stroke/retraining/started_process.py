"""A process that outlives the program that started it, and is known again by its number and its moment of birth."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from threading import Thread
from typing import Annotated, Any

import psutil
from pydantic import Field
from pydantic.dataclasses import dataclass

from napari_cpam_stroke.config import STRICT

CLOCK_S = 2.0
"""A number whose process began within so many seconds of the moment noted is the same process."""

LISTENING = "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])"
"""Becomes the command once Ctrl-C means something again: a program in the background of a script may ignore it, and
what it starts would do so too."""

LOW_PRIORITY = 10
"""Niceness on POSIX: the room in front of the reader comes first."""


@dataclass(frozen=True, config=STRICT)
class StartedProcess:
    """Number and birth (seconds since 1970) of a process: numbers are used again, both together are not."""

    pid: Annotated[int, Field(gt=0)]
    born: float

    @property
    def running(self) -> bool:
        """Whether this very process runs now."""
        return self._process() is not None

    def stop(self) -> None:
        """Ask it to end as Ctrl-C does; a trainer ends after the step it is at, and can go on later.

        On Windows nobody can press Ctrl-C in a process without a console, so it ends at once: what it was doing since
        the last whole epoch is done again.
        """
        process = self._process()
        if process is None:
            return
        try:
            process.terminate() if sys.platform == "win32" else process.send_signal(signal.SIGINT)
        except psutil.NoSuchProcess:
            return

    def _process(self) -> Any:
        """Return the process; None where it is gone, or its number belongs to another one by now."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.born) < CLOCK_S
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.Error:
            return None


def start_process(command: Sequence[str], *, log: Path, out: Path | None = None) -> StartedProcess:
    """Start a process in a session of its own, at low priority; it goes on when this program ends.

    Parameters
    ----------
    log
        What it complains of is added to this file.
    out
        What it prints replaces this file; None: nobody reads it.

    Raises
    ------
    OSError
        If there is no such program, or a file cannot be written.
    """
    program = shutil.which(command[0])
    if program is None:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), command[0])
    with log.open("ab") as errors, Path(out or os.devnull).open("wb") as printed:
        made = subprocess.Popen(  # noqa: S603 - our own command line, no shell
            _listening([program, *command[1:]]),
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=errors,
            **_on_its_own(),
        )
    Thread(target=made.wait, daemon=True).start()  # so that it leaves no dead entry behind while this program runs
    born = _born(made.pid)
    return StartedProcess(made.pid, born)


def _listening(command: list[str]) -> list[str]:
    return command if sys.platform == "win32" else [sys.executable, "-IS", "-c", LISTENING, *command]


def _on_its_own() -> dict[str, Any]:
    if sys.platform == "win32":
        apart = subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP
        return {"creationflags": apart | subprocess.BELOW_NORMAL_PRIORITY_CLASS}
    return {"start_new_session": True}


def _born(pid: int) -> float:
    """Return when a process just started was born, after giving way to others; 0 where it is gone already."""
    try:
        process = psutil.Process(pid)
        if sys.platform != "win32":
            process.nice(LOW_PRIORITY)
        return float(process.create_time())
    except psutil.Error:
        return 0.0
