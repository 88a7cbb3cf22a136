"""Longest blocks of the main thread, by phase: how long, on which processor time, and in whose code."""

from __future__ import annotations

import os
import sys
import threading
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, sleep, thread_time
from types import FrameType

BEAT_MS = 2
LOOK_S = 0.002
OURS, THEIRS = f"{os.sep}napari_cpam_stroke{os.sep}", (f"{os.sep}napari{os.sep}", f"{os.sep}vispy{os.sep}")
WAITING = {"wait", "_beat"}
SCHEDULE = Path("/proc/self/task") / str(threading.get_native_id()) / "schedstat"
"""Linux counts there how long a thread was ready and got no core."""


@dataclass(frozen=True)
class Block:
    """Times in ms.

    Attributes
    ----------
    held
        From one beat to the next, less what the thread waited for a core that other programs had.
    ours
        Of that, inside our own code.
    cpu
        Processor time of the main thread in it.
    where
        Where it was seen most often.
    """

    held: float = 0.0
    ours: float = 0.0
    cpu: float = 0.0
    where: str = ""


class Heartbeat:
    """Beats in the event loop of the thread that makes it, which must be the main thread."""

    def __init__(self) -> None:
        from qtpy.QtCore import QTimer

        self.longest: dict[str, Block] = defaultdict(Block)
        self._phase, self._stopped = "", False
        self._seen: list[tuple[bool, str]] = []
        self._last = _now()
        self._main = threading.get_ident()
        self._timer = QTimer()
        self._timer.timeout.connect(self._beat)
        self._timer.start(BEAT_MS)
        threading.Thread(target=self._watch, daemon=True).start()

    def begin(self, phase: str) -> None:
        """Count for another phase from now on."""
        self._phase, self._last = phase, _now()
        self._seen.clear()

    def stop(self) -> None:
        """Count no more."""
        self._timer.stop()
        self._stopped = True

    def _beat(self) -> None:
        before, self._last = self._last, _now()
        seen, self._seen = self._seen, []
        wall, cpu, queued = (1000 * (now - then) for now, then in zip(self._last, before, strict=True))
        held = wall - queued
        if held > self.longest[self._phase].held:
            ours = sum(inside for inside, _ in seen) / max(len(seen), 1)
            where = Counter(name for _, name in seen).most_common(1)
            self.longest[self._phase] = Block(held, held * ours, cpu, where[0][0] if where else "")

    def _watch(self) -> None:
        while not self._stopped:
            sleep(LOOK_S)
            frame = sys._current_frames().get(self._main)  # noqa: SLF001 - the only way to look at another thread
            self._seen.append((inside_ours(frame), name_of(frame)))


def _now() -> tuple[float, float, float]:
    queued = float(SCHEDULE.read_text().split()[1]) / 1e9 if SCHEDULE.exists() else 0.0
    return perf_counter(), thread_time(), queued


def name_of(frame: FrameType | None) -> str:
    """Return file and function of a frame."""
    return "" if frame is None else f"{Path(frame.f_code.co_filename).name}: {frame.f_code.co_name}"


def inside_ours(frame: FrameType | None) -> bool:
    """Return whether the innermost frame of napari, vispy and this package is this package's."""
    while frame is not None:
        name = frame.f_code.co_filename
        if OURS in name:
            return frame.f_code.co_name not in WAITING
        if any(part in name for part in THEIRS):
            return False
        frame = frame.f_back
    return False
