"""Which starts of the program still run: each holds a lock that the system lets go when it ends, however it ends.

A process number tells less: after a restart of the machine, and in a container, another program has it.
"""

from __future__ import annotations

import atexit
from pathlib import Path
from uuid import uuid4

from filelock import FileLock, Timeout

from napari_cpam_stroke.files import make_folder

PROGRAM = uuid4().hex[:12]
"""Tells this start of the program from every other."""

SUFFIX = ".running"

_HELD: dict[Path, FileLock] = {}


def hold(folder: Path) -> str:
    """Show other programs that use `folder` that this one runs, until it ends; return what it calls itself."""
    if folder not in _HELD:
        make_folder(folder, durable=True)
        lock = FileLock(folder / f"{PROGRAM}{SUFFIX}", thread_local=False)
        lock.acquire(timeout=0)
        _HELD[folder] = lock
    return PROGRAM


def runs(folder: Path, program: str) -> bool:
    """Return whether the start of the program that calls itself `program` in `folder` still runs.

    Where a lock cannot be tried, as in a folder that is read-only, it counts as gone: its work is offered once too
    often rather than never.
    """
    path = folder / f"{program}{SUFFIX}"
    if path.parent != folder or not path.is_file():
        return False
    try:
        with FileLock(path, timeout=0):
            pass
    except Timeout:
        return True
    except OSError:
        return False
    path.unlink(missing_ok=True)
    return False


@atexit.register
def _let_go() -> None:
    while _HELD:
        folder, lock = _HELD.popitem()
        lock.release()
        (folder / f"{PROGRAM}{SUFFIX}").unlink(missing_ok=True)
