"""Make the pictures of the user guide in a real window, with the bundled model on the synthetic stroke case.

    xvfb-run -a -s "-screen 0 1366x768x24" python docs/make_pictures.py

With `--desks` the room at the sizes of other screens, in each of its states; the scale of a screen is read when Qt
starts, so each is a program and a virtual screen of its own:

    python docs/make_pictures.py --desks FOLDER

With `--clicks` only the strip of a missed infarct that two clicks make right.

Nothing of the user's own is touched: settings, readings and model list live in a folder that is thrown away.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image

SCREEN = (1366, 768)
DESKS = {
    "1280x720": ("1280x720", "1"),
    "1366x768-at-150": ("1366x768", "1.5"),
    "1920x1080-at-200": ("1920x1080", "2"),
    "3840x2160": ("3840x2160", "1"),
    "3840x2160-at-200": ("3840x2160", "2"),
}
"""Name of a picture: pixels of a screen, and its scale."""

LOST = "Series 1.2.840.113619.2.408.14196467.2245681.18914.1548083110.613 cannot be read: 3 of its slices are missing."

MISSED_SLICE, CLICKS = 11, ((116.0, 176.0), (163.0, 184.0))
"""In the sample case: a slice with an infarct, and places (row, column) in it."""

SETTLE_MS = 500
COLOURS = 256
"""A palette keeps the files small; the window shows little more than greys and the colours of the masks."""

PICTURES = Path(__file__).parent / "pictures"


def main(out: Path) -> None:
    with tempfile.TemporaryDirectory() as home:
        viewer, session = empty_room(home, SCREEN)
        session.open_path(case(home), wait=True)
        session.models.run(wait=True)
        play(session, SCENES, out)
        leave(viewer, session)
    make_clicks(out)


def make_clicks(out: Path) -> None:
    """Take a strip of three pictures: an infarct nobody marked, after one click into it, after two."""
    from napari_cpam_stroke.prompting import Prompt, PromptKind

    with tempfile.TemporaryDirectory() as home:
        viewer, session = empty_room(home, SCREEN)
        session.open_path(case(home), wait=True)
        session.view.set_preset("stroke")
        session.go_to_slice(MISSED_SLICE)
        session.prompts.take(PromptKind.POINT)
        shots = [canvas(viewer)]
        for place in CLICKS:
            session.prompts.reading.add(Prompt(PromptKind.POINT, MISSED_SLICE, (place,)), session.prompts.label)
            session.wait()
            shots.append(canvas(viewer))
        strip = Image.new("RGB", (sum(shot.width for shot in shots), shots[0].height))
        for number, shot in enumerate(shots):
            strip.paste(shot, (number * shot.width, 0))
        strip.quantize(COLOURS, dither=Image.Dither.NONE).save(out / "clicks.png", optimize=True)
        leave(viewer, session)


def canvas(viewer: Any) -> Image.Image:
    """Return the middle of the picture, as wide as it is high."""
    from qtpy.QtTest import QTest

    QTest.qWait(SETTLE_MS)
    shot = Image.fromarray(viewer.screenshot(canvas_only=True, flash=False)).convert("RGB")
    left = (shot.width - shot.height) // 2
    return shot.crop((left, 0, left + shot.height, shot.height))


def make_desks(out: Path) -> None:
    """Take the pictures of every desk, each in a program of its own."""
    for name, (screen, scale) in DESKS.items():
        command = [
            "xvfb-run",
            "-a",
            "-s",
            f"-screen 0 {screen}x24",
            sys.executable,
            __file__,
            "--desk",
            str(out / name),
        ]
        subprocess.run(command, check=True, env={**os.environ, "QT_SCALE_FACTOR": scale})  # noqa: S603 - this very file


def one_desk(out: Path) -> None:
    """Take the pictures of the states of a room that fills the screen."""
    with tempfile.TemporaryDirectory() as home:
        viewer, session = empty_room(home, None)
        play(session, {"empty": lambda _: None}, out)
        session.open_path(case(home), wait=True)
        play(session, STATES, out)
        leave(viewer, session)


def empty_room(home: str, size: tuple[int, int] | None) -> tuple[Any, Any]:
    """Return the viewer and the session of a room in a window of a size in points, None for the whole screen."""
    os.environ.update({"CPAM_STROKE_HOME": f"{home}/home", "NAPARI_CONFIG": ""})
    import napari

    from napari_cpam_stroke.widgets.room import open_room

    hide_binding_notice()
    viewer = napari.Viewer(title="CPAM stroke", show_welcome_screen=False)
    screen = viewer.window._qt_window.screen().availableGeometry()  # noqa: SLF001 - napari names it nowhere else
    viewer.window.set_geometry(0, 0, *(size or (screen.width(), screen.height())))
    return viewer, open_room(viewer)


def case(home: str) -> Path:
    from napari_cpam_stroke.samples import stroke_case

    return stroke_case(Path(home) / "case")


def play(session: Any, scenes: dict[str, Callable[[Any], None]], out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for name, scene in scenes.items():
        scene(session)
        take(session.viewer, out / f"{name}.png")
        print(out / f"{name}.png")


def leave(viewer: Any, session: Any) -> None:
    session.ask = lambda _question, answers: answers[-1]
    session.close_case(ask=False)
    session.wait()
    viewer.close()


def room(session: Any) -> None:
    """What the model marked, beside nothing drawn yet."""
    mask = session.models.prediction.mask
    session.go_to_slice(int((mask > 0).sum(axis=(1, 2)).argmax()))
    point_at(session, 0.41, 0.52)


def correct(session: Any) -> None:
    """The AI taken as a start, then blood drawn with the brush that keeps to its HU."""
    session.models.adopt()
    session.tools.draw(2)
    session.tools.limit(limited=True, hu_range=(50, 90))
    dock(session, "Correct and save").brush.limited.setChecked(True)
    session.layers.reading.brush_size = 24
    session.flush()
    point_at(session, 0.03, 0.95)


def difference(session: Any) -> None:
    """What the reader added and took away."""
    z = session.layers.slice_index
    shown = [int(i) for i in session.layers.turned_index((z, 100, 80))]
    session.tools.limit(limited=False)
    session.layers.reading.paint(shown, 1)
    session.flush()
    session.asides.toggle_difference()
    session.layers.reading.mode = "pan_zoom"


def coronal(session: Any) -> None:
    """The same case in another plane, head up."""
    session.asides.toggle_difference()
    lesion = session.review.table.lesions[0]
    session.go_to(lesion.centroid_zyx)
    session.view.set_plane("coronal")


def mirror(session: Any) -> None:
    """Both sides of the head side by side, in the stroke window."""
    session.view.set_plane("axial")
    session.view.set_preset("stroke")
    session.asides.toggle_mirror()
    session.wait()


def history(session: Any) -> None:
    """Two versions, the newest accepted."""
    from napari_cpam_stroke.widgets.viewer.comparisons import MIRROR

    if session.asides.shown(MIRROR):
        session.asides.toggle_mirror()
    session.view.set_preset("brain")
    session.records.save(wait=True)
    session.review.comment = "early signs on the left"
    session.records.finish("accepted", go_on=False)
    session.wait()
    dock(session, "History and export").parent().raise_()


SCENES: dict[str, Callable[[Any], None]] = {
    scene.__name__: scene for scene in (room, correct, difference, coronal, mirror, history)
}


def running(session: Any) -> None:
    """The model at work, its dock in front."""
    dock(session, "AI models").parent().raise_()
    session.models.run()


def result(session: Any) -> None:
    """What it found, and the slice with most of it."""
    session.wait()
    dock(session, "Findings").parent().raise_()
    room(session)


def error(session: Any) -> None:
    """A message with a name that is wider than a dock."""
    session.said.emit(LOST)
    dock(session, "History and export").parent().raise_()


STATES: dict[str, Callable[[Any], None]] = {
    "open": lambda _: None, "running": running, "result": result, "error": error, "correct": correct,
    "history": history,
}  # fmt: skip
"""What is looked at on every desk, in this order."""


def dock(session: Any, title: str) -> Any:
    return session.viewer.window.dock_widgets[title]


def point_at(session: Any, across: float, down: float) -> None:
    """Put the mouse on the canvas, in shares of its size."""
    from qtpy.QtCore import QPoint
    from qtpy.QtTest import QTest

    canvas = session.viewer.window._qt_viewer.canvas.native  # noqa: SLF001 - napari names it nowhere else
    QTest.mouseMove(canvas, QPoint(int(across * canvas.width()), int(down * canvas.height())))
    QTest.qWait(SETTLE_MS)


def take(viewer: Any, path: Path) -> None:
    from qtpy.QtTest import QTest

    QTest.qWait(SETTLE_MS)
    shot = Image.fromarray(viewer.window.screenshot(canvas_only=False, flash=False)).convert("RGB")
    shot.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)


def hide_binding_notice() -> None:
    """Keep napari's notice about the Qt binding out of the pictures."""
    from napari._qt import qt_main_window

    qt_main_window.SHOW_QT_WARNING = False


if __name__ == "__main__":
    DOORS = {"--desks": make_desks, "--desk": one_desk, "--clicks": make_clicks}
    if len(sys.argv) > 1 and sys.argv[1] in DOORS:
        DOORS[sys.argv[1]](Path(sys.argv[2]))
    else:
        main(Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURES)
