"""How long the reading room holds napari's window up: opening, running, saving, switching. Needs a display:

    xvfb-run -a -s "-screen 0 1366x768x24" python benchmarks/room.py [--series FOLDER | --slices N] [--tools] [--runs 3]
    ... [--prompts]: points, boxes, scribbles and lassos by the mouse instead

A timer beats every 2 ms, and a second thread looks at what the main thread does. A block is the time from one beat to
the next, less what the thread waited for a core that other programs had; it still holds what it waited for Python's
lock. It is ours where the innermost frame of napari, vispy and this package is this package's; the rest is napari and
the graphics driver, or a library. Beside it stands the processor time of the main thread in the same block. Each run
is a new process; the table shows the run with the median block.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from heartbeat import Block, Heartbeat

from napari_cpam_stroke.bundles import ModelIdentity
from napari_cpam_stroke.bundles.card import per_class
from napari_cpam_stroke.core import CTVolume
from napari_cpam_stroke.inference import Prediction
from napari_cpam_stroke.prompting import PromptKind

LIMIT_MS = 50.0
SETTLE_MS = 1000
STEPS_OF_A_HAND, STEP_MS = 12, 16
"""Of a line drawn with the mouse, and how long each takes."""

MOST_FOR_MODEL = 60
"""Slices; of a longer series a result is made up, for the model alone would take minutes."""


def measure(folder: Path, home: Path, *, tools: bool, prompts: bool) -> dict[str, Block]:
    """Return the longest block of every phase of one reader's way through the room."""
    import napari
    from qtpy.QtTest import QTest

    from napari_cpam_stroke.samples import stroke_case
    from napari_cpam_stroke.widgets.room import open_room

    other = stroke_case(home / "other")
    viewer = napari.Viewer()
    heart = Heartbeat()
    heart.begin("the room gets ready")
    session = open_room(viewer)
    while session.warming.running or any(t.name == "loading ahead" for t in threading.enumerate()):
        QTest.qWait(SETTLE_MS)

    def phase(name: str, action: Callable[[], object]) -> None:
        heart.begin(name)
        action()
        session.wait()
        QTest.qWait(SETTLE_MS)

    if prompts:
        session.open_path(folder)
        session.wait()
        for name, action in pointing(session, viewer).items():
            phase(name, action)
        heart.stop()
        return dict(heart.longest)
    for name, action in way(session, folder, other).items():
        phase(name, action)
    if tools:
        phase("reading it again", lambda: session.open_path(folder))
        session.review.set_prediction(big_result(session.review.volume))
        for name, action in actions(session).items():
            phase(name, action)
    heart.stop()
    return dict(heart.longest)


def way(session: Any, folder: Path, other: Path) -> dict[str, Callable[[], object]]:
    """Return what a reader does on two cases, in this order."""

    def result() -> None:
        volume = session.review.volume
        if volume.shape[0] <= MOST_FOR_MODEL:
            session.models.run()
        else:
            session.review.set_prediction(big_result(volume))

    def stroke() -> None:
        z, y, x = session.review.volume.shape
        session.layers.reading.paint((z // 2, y // 2, x // 2), 1)

    def show(dimensions: int) -> None:
        session.viewer.dims.ndisplay = dimensions

    first: list[str] = []
    return {
        "first opening": lambda: session.open_path(folder),
        "running the model": result,
        "taking its mask over": session.models.adopt,
        "saving (F8)": lambda: (first.append(session.case_id), session.records.save()),
        "switching to another": lambda: session.open_path(other),
        "a stroke": stroke,
        "accepting (F12)": lambda: session.records.finish("accepted", go_on=False),
        "back from the worklist": lambda: session.open_case(first[0]),
        "the 3D view": lambda: show(3),
        "slices again": lambda: show(2),
    }


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


def pointing(session: Any, viewer: Any) -> dict[str, Callable[[], object]]:
    """What a reader does with prompts, by the mouse of the window, on the slice with most of a lesion to point at."""
    hand = Hand(viewer, session)

    def tool(kind: PromptKind) -> Callable[[], object]:
        return lambda: session.prompts.take(kind)

    return {
        "point: the tool": tool(PromptKind.POINT),
        "point: press to mask": lambda: hand.stroke((0, 0)),
        "point: the next nine": lambda: [hand.stroke((9 * n - 40, 7 * n - 30)) for n in range(1, 10)],
        "undo it": session.tools.undo,
        "box: the tool": tool(PromptKind.BOX),
        "box: press to preview": lambda: hand.press_and_move((-60, -40), (60, 40)),
        "box: release to mask": lambda: hand.release((60, 40)),
        "scribble: the tool": tool(PromptKind.SCRIBBLE),
        "scribble: press to preview": lambda: hand.press_and_move((-50, 30), (50, -30)),
        "scribble: release to mask": lambda: hand.release((50, -30)),
        "lasso: the tool": tool(PromptKind.LASSO),
        "lasso: press to preview": lambda: hand.press_and_move((-70, 0), (0, 70), (70, 0), (0, -70)),
        "lasso: release to mask": lambda: hand.release((0, -70)),
        "carry up": lambda: session.carrying.step(1),
        "carry all": session.carrying.everywhere,
        "saving (F8)": session.records.save,
    }


class Hand:
    """The left button on the canvas, sent as Qt sends it; places are pixels from the middle."""

    def __init__(self, viewer: Any, session: Any) -> None:
        self._canvas, self._session = viewer.window._qt_viewer.canvas.native, session  # noqa: SLF001 - as napari's tests

    def stroke(self, place: tuple[int, int]) -> None:
        """Click, and wait for the answer."""
        self.press_and_move(place)
        self.release(place)
        self._session.wait()

    def press_and_move(self, start: tuple[int, int], *way: tuple[int, int]) -> None:
        """Press, and move through places in steps of a hand, without letting go."""
        from qtpy.QtCore import QEvent, Qt
        from qtpy.QtTest import QTest

        self._move(start, Qt.MouseButton.NoButton)
        self._send(QEvent.Type.MouseButtonPress, start, Qt.MouseButton.LeftButton, Qt.MouseButton.LeftButton)
        for end in way:
            for share in np.linspace(0, 1, STEPS_OF_A_HAND):
                at = tuple(round(a + (b - a) * share) for a, b in zip(start, end, strict=True))
                self._move((at[0], at[1]), Qt.MouseButton.LeftButton)
                QTest.qWait(STEP_MS)
            start = end

    def release(self, place: tuple[int, int]) -> None:
        """Let go."""
        from qtpy.QtCore import QEvent, Qt

        self._send(QEvent.Type.MouseButtonRelease, place, Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton)

    def _move(self, place: tuple[int, int], held: Any) -> None:
        from qtpy.QtCore import QEvent, Qt

        self._send(QEvent.Type.MouseMove, place, Qt.MouseButton.NoButton, held)

    def _send(self, kind: Any, place: tuple[int, int], button: Any, held: Any) -> None:
        from qtpy.QtCore import QPoint, QPointF, Qt
        from qtpy.QtGui import QMouseEvent
        from qtpy.QtWidgets import QApplication

        here = self._canvas.rect().center() + QPoint(*place)
        where = QPointF(here), QPointF(self._canvas.mapToGlobal(here))
        QApplication.sendEvent(self._canvas, QMouseEvent(kind, *where, button, held, Qt.KeyboardModifier.NoModifier))


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


def median_block(blocks: list[Block]) -> Block:
    """Return the block in the middle of several runs."""
    return sorted(blocks, key=lambda block: block.held)[len(blocks) // 2]


def report(runs: list[dict[str, Block]], what: str) -> int:
    """Print a row for each phase; return 1 where the median of any is over the limit."""
    print(f"{what}; the median of {len(runs)} runs; times in ms; limit {LIMIT_MS:.0f}")
    print(f"{'':24} {'block':>7} {'ours':>7} {'theirs':>7} {'cpu':>7} {'limit':>6} {'ratio':>6}  most in")
    over = False
    for name in runs[0]:
        block = median_block([run[name] for run in runs if name in run])
        over |= block.held > LIMIT_MS
        print(
            f"{name:24} {block.held:7.1f} {block.ours:7.1f} {block.held - block.ours:7.1f} {block.cpu:7.1f} "
            f"{LIMIT_MS:6.0f} {block.held / LIMIT_MS:6.2f}  {block.where}"
        )
    return int(over)


def one_run(arguments: argparse.Namespace) -> None:
    """Measure in this process and print the blocks as JSON in the last line."""
    home = Path(os.environ["CPAM_STROKE_HOME"])
    folder = arguments.series or big_series(home / "big", arguments.slices)
    blocks = measure(folder, home, tools=arguments.tools, prompts=arguments.prompts)
    print(json.dumps({name: asdict(block) for name, block in blocks.items()}), flush=True)
    os._exit(0)  # without the questions of a window that closes


def another_run() -> dict[str, Block]:
    """Measure in a new process with a home of its own."""
    with tempfile.TemporaryDirectory() as home:
        own = os.environ | {"CPAM_STROKE_HOME": home, "NAPARI_CONFIG": ""}
        command = [sys.executable, *sys.argv, "--once"]
        done = subprocess.run(command, env=own, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return {name: Block(**block) for name, block in json.loads(done.stdout.splitlines()[-1]).items()}


def main() -> int:
    """Measure several times."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--series", type=Path, help="folder of a real series instead of a made-up one")
    parser.add_argument("--slices", type=int, default=300, help="of the made-up series, 512 x 512")
    parser.add_argument("--tools", action="store_true", help="every tool of the room too")
    parser.add_argument("--prompts", action="store_true", help="points, boxes, scribbles and lassos instead")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--once", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.once:
        one_run(arguments)
    runs = [another_run() for _ in range(arguments.runs)]
    return report(runs, arguments.series.name if arguments.series else f"{arguments.slices} slices of 512 x 512")


if __name__ == "__main__":
    raise SystemExit(main())
