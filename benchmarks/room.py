"""How long the reading room holds napari's window up: loading, drawing, running, saving. Needs a display:

    xvfb-run -a -s "-screen 0 1366x768x24" python benchmarks/room.py [SLICES]

A timer beats every 2 ms, and a second thread looks at what the main thread does. A wait counts as ours where the
innermost frame of napari, vispy or this package is this package's; the rest is napari and the graphics driver putting
layers on the screen, or a library that another thread is loading.
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from collections import defaultdict
from pathlib import Path
from time import perf_counter, sleep
from types import FrameType

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
        self.where: dict[str, str] = {}
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
        since: float | None = None
        while not self.stop:
            sleep(LOOK_S)
            frame = sys._current_frames().get(self._main)  # noqa: SLF001 - the only way to look at another thread
            inside, where = innermost(frame)
            now = perf_counter()
            since = (since or now) if inside else None
            if since is not None and now - since > self.ours[self.phase]:
                self.ours[self.phase] = now - since
                self.where[self.phase] = where


def innermost(frame: FrameType | None) -> tuple[bool, str]:
    """Return whether the innermost frame that counts is ours, and its name."""
    while frame is not None:
        name = frame.f_code.co_filename
        if OURS in name:
            return frame.f_code.co_name not in {"wait", "_beat"}, f"{Path(name).name}: {frame.f_code.co_name}"
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


def big_series(folder: Path, slices: int) -> Path:
    from napari_cpam_stroke.samples import HeadPhantom, even_steps, stack_geometry, write_dicom_series

    geometry = stack_geometry(
        even_steps(slices, 150 / slices), shape_yx=(512, 512), pixel_spacing_mm=(0.45, 0.45), thickness_mm=150 / slices
    )
    return write_dicom_series(folder, HeadPhantom.stroke().render(geometry, (512, 512)), geometry)


def report(heart: Heartbeat, slices: int) -> int:
    print(f"{slices} slices of 512 x 512; budget {BUDGET_MS:.0f} ms of our own code at a time")
    over = 0
    for name in heart.gap:
        if name in {"start", "end"}:
            continue
        ours = heart.ours[name] * 1000
        over += ours > BUDGET_MS
        where = heart.where.get(name, "") if ours > BUDGET_MS / 4 else ""
        print(f"{name:28} longest wait {heart.gap[name] * 1000:7.1f} ms, of ours {ours:6.1f} ms  {where}")
    return int(over > 0)


if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 300))
