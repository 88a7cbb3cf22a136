"""How long the reading room holds napari's window up: loading, drawing, running, saving. Needs a display:

    xvfb-run -a -s "-screen 0 1366x768x24" python benchmarks/room.py [SLICES]

A timer beats every 2 ms, and a second thread looks at what the main thread does. A wait counts as ours where the
innermost frame of napari, vispy or this package is this package's; the rest is napari and the graphics driver putting
layers on the screen, or a library that another thread is loading. Beside it stands the processor time of the main
thread in the same wait, which other programs on the machine do not lengthen.
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from time import clock_gettime, perf_counter, pthread_getcpuclockid, sleep
from types import FrameType
from typing import Any

import numpy as np

from napari_cpam_stroke.bundles import ModelIdentity
from napari_cpam_stroke.bundles.card import per_class
from napari_cpam_stroke.core import CTVolume
from napari_cpam_stroke.inference import Prediction

BUDGET_MS = 50.0
BEAT_MS = 2
LOOK_S = 0.002
OURS, THEIRS = f"{os.sep}napari_cpam_stroke{os.sep}", (f"{os.sep}napari{os.sep}", f"{os.sep}vispy{os.sep}")


class Heartbeat:
    """Longest waits of the main thread, by phase: all of them, and those inside our own code."""

    def __init__(self) -> None:
        from qtpy.QtCore import QTimer

        self.phase, self.last, self.stop = "start", perf_counter(), False
        self.gap: dict[str, float] = defaultdict(float)
        self.ours: dict[str, float] = defaultdict(float)
        self.busy: dict[str, float] = defaultdict(float)
        self.where: dict[str, str] = {}
        self.held: dict[str, tuple[float, str]] = defaultdict(lambda: (0.0, ""))
        self._main = threading.main_thread().ident
        self.timer = QTimer()
        self.timer.timeout.connect(self._beat)
        self.timer.start(BEAT_MS)
        threading.Thread(target=self._watch, daemon=True).start()

    def _beat(self) -> None:
        now = perf_counter()
        self.gap[self.phase] = max(self.gap[self.phase], now - self.last)
        self.last = now

    def _watch(self) -> None:
        clock = pthread_getcpuclockid(self._main)
        since, looked = None, (perf_counter(), clock_gettime(clock))
        while not self.stop:
            sleep(LOOK_S)
            frame = sys._current_frames().get(self._main)  # noqa: SLF001 - the only way to look at another thread
            inside, where = innermost(frame)
            before, looked = looked, (perf_counter(), clock_gettime(clock))
            since = (since or before) if inside else None  # what kept us from looking counts too
            if since is not None:
                self._note(looked[0] - since[0], looked[1] - since[1], where)
            self.held[self.phase] = max(self.held[self.phase], (looked[0] - self.last, name_of(frame)))

    def _note(self, wall: float, busy: float, where: str) -> None:
        self.ours[self.phase] = max(self.ours[self.phase], wall)
        if busy > self.busy[self.phase]:
            self.busy[self.phase], self.where[self.phase] = busy, where


def name_of(frame: FrameType | None) -> str:
    """Return file and function of a frame."""
    return "" if frame is None else f"{Path(frame.f_code.co_filename).name}: {frame.f_code.co_name}"


def innermost(frame: FrameType | None) -> tuple[bool, str]:
    """Return whether the innermost frame that counts is ours, and its name."""
    while frame is not None:
        name = frame.f_code.co_filename
        if OURS in name:
            return frame.f_code.co_name not in {"wait", "_beat"}, name_of(frame)
        if any(part in name for part in THEIRS):
            return False, ""
        frame = frame.f_back
    return False, ""


def main(slices: int) -> int:
    home = tempfile.mkdtemp()
    os.environ.update({"CPAM_STROKE_HOME": f"{home}/home", "NAPARI_CONFIG": ""})
    folder = big_series(Path(home) / "big", slices)
    import napari
    from qtpy.QtTest import QTest

    from napari_cpam_stroke.samples import stroke_case
    from napari_cpam_stroke.widgets.room import open_room

    viewer = napari.Viewer()
    session = open_room(viewer)
    session.open_path(stroke_case(Path(home) / "small"), wait=True)
    heart = Heartbeat()

    def phase(name: str) -> None:
        session.wait()
        QTest.qWait(300)
        heart.phase, heart.last = name, perf_counter()

    phase("run the model, 24 slices")
    session.models.run()
    phase("load and register")
    session.open_path(folder)
    phase("draw ten strokes")
    layer = session.layers.reading
    layer.brush_size = 30
    for step in range(10):
        layer.paint((slices // 2, 200 + 10 * step, 200), 1)
        QTest.qWait(250)
    phase("show a result")
    session.review.set_prediction(big_result(session.review.volume))
    for name, action in actions(session).items():
        phase(name)
        action()
    phase("save")
    session.records.save()
    phase("scroll")
    for z in range(0, slices, max(slices // 30, 1)):
        session.go_to_slice(z)
        QTest.qWait(20)
    phase("end")
    heart.stop = True
    session.close_case(ask=False)
    viewer.close()
    return report(heart, slices)


def actions(session: Any) -> dict[str, Callable[[], object]]:
    """What a reader does on a large case, in an order that gives every tool something to do."""
    tools, review = session.tools, session.review
    marked = np.argwhere(session.models.prediction.mask)
    z = marked[len(marked) // 4, 0]  # nobody has drawn there
    y, x = (int(i) for i in np.median(marked[marked[:, 0] == z, 1:], axis=0))
    tools.cursor = lambda: (int(z), y, x)
    return {
        "move a threshold": lambda: session.models.set_threshold("ischemia", 0.4),
        "take the AI as start": session.models.adopt,
        "undo it": tools.undo,
        "redo it": tools.redo,
        "next finding": lambda: session.next_finding(1),
        "difference": session.asides.toggle_difference,
        "mirror comparison": session.asides.toggle_mirror,
        "smooth": tools.smooth,
        "erase small islands": tools.remove_islands,
        "swap class": tools.swap_class,
        "mirror a component": tools.mirror,
        "mirror it again": tools.mirror,
        "erase a component": tools.erase_component,
        "reject a finding": lambda: session.reject_finding(review.table.lesions[0], "calcification"),
    }


def big_result(volume: CTVolume) -> Prediction:
    """Return a result as a model would give it, with a lesion on a third of the slices."""
    z, y, x = volume.shape
    probabilities = np.zeros((2, *volume.shape), dtype=np.uint8)
    probabilities[0, z // 3 : 2 * z // 3, y // 3 : y // 2, x // 3 : x // 2] = 230
    half = per_class(0.5)
    return Prediction(
        mask=(probabilities[0] >= 128).astype(np.uint8),
        probabilities=probabilities,
        slice_probabilities=(probabilities.max(axis=(2, 3)).T / 255).astype(np.float32),
        series_probabilities=per_class(0.9),
        model=ModelIdentity("benchmark", "1.0", "0" * 64),
        device="cpu", precision="float32", seconds=0.0,
        thresholds=half, min_lesion_ml=per_class(0.0), series_thresholds=half,
    )  # fmt: skip


def big_series(folder: Path, slices: int) -> Path:
    from napari_cpam_stroke.samples import HeadPhantom, even_steps, stack_geometry, write_dicom_series

    geometry = stack_geometry(
        even_steps(slices, 150 / slices), shape_yx=(512, 512), pixel_spacing_mm=(0.45, 0.45), thickness_mm=150 / slices
    )
    return write_dicom_series(folder, HeadPhantom.stroke().render(geometry, (512, 512)), geometry)


def report(heart: Heartbeat, slices: int) -> int:
    print(f"{slices} slices of 512 x 512; budget {BUDGET_MS:.0f} ms of our own code at a time; times in ms")
    print(f"{'':24} {'longest wait':>12} {'ours':>7} {'busy':>7}")
    over = 0
    for name in (name for name in heart.gap if name not in {"start", "end"}):
        gap, ours, busy = (1000 * found[name] for found in (heart.gap, heart.ours, heart.busy))
        over += busy > BUDGET_MS
        where = heart.where.get(name, "") if busy > BUDGET_MS / 4 else ""
        held = f"   held in {heart.held[name][1]}" if gap > BUDGET_MS else ""
        print(f"{name:24} {gap:12.1f} {ours:7.1f} {busy:7.1f} {where:32}{held}".rstrip())
    return int(over > 0)


if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 300))
