"""What is made ready before the first case leaves no trace in the room."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from napari.components import ViewerModel
from qtpy.QtTest import QTest

from napari_cpam_stroke.core import CTVolume
from napari_cpam_stroke.widgets.reading.session import session_of
from napari_cpam_stroke.widgets.viewer.canvas_texts import HEADER, PLACES, room_texts
from napari_cpam_stroke.widgets.viewer.first_texts import GLYPHS


def state_of(texts: dict[str, Any]) -> set[tuple[str, bool, float]]:
    return {(text.text, text.visible, text.opacity) for text in texts.values()}


def test_letters_are_drawn_unseen_and_are_gone_before_there_is_a_case(room: Any, qtbot: Any) -> None:
    room.session.warming.stop()
    texts = room_texts(room.viewer)
    written: list[tuple[str, float]] = []
    header = texts[HEADER]
    header.events.text.connect(lambda text: written.append((text, header.opacity)))
    room.session.warming.start()
    qtbot.waitUntil(lambda: not room.session.warming.running, timeout=60_000)
    assert {opacity for text, opacity in written if text} == {0.0}
    assert set("".join(text for text, _ in written)) <= set(GLYPHS)
    assert state_of(texts) == {("", False, 1.0)}
    assert list(room.viewer.layers) == []


def test_a_case_that_comes_first_ends_it_and_shows_its_own_texts(room: Any, phantom_volume: CTVolume) -> None:
    room.session.warming.start()
    QTest.qWait(100)
    assert room.session.warming.running
    room.session.show(phantom_volume)
    room.session.wait()
    assert not room.session.warming.running
    texts = room_texts(room.viewer)
    assert texts[HEADER].text.startswith(f"Case {phantom_volume.case_id}")
    assert {(text.visible, text.opacity) for text in texts.values()} == {(True, 1.0)}
    assert {name for name in PLACES if texts[name].text and len(texts[name].text) == 1} == set(PLACES) - {
        HEADER,
        "warnings",
    }


def test_nothing_is_made_ready_without_a_window(qapp: Any) -> None:
    session = session_of(ViewerModel())
    assert not session.warming.running
    session.shut()


AHEAD = """
import threading
from napari_cpam_stroke.widgets.reading.warming import load_ahead
load_ahead()
load_ahead()
threads = [t for t in threading.enumerate() if t.name == "loading ahead"]
assert len(threads) == 1 and not threads[0].daemon
threads[0].join()
import sys
assert {"torch", "napari.layers", "sqlalchemy", "napari_cpam_stroke.dicom.series.scan"} <= set(sys.modules)
load_ahead()
assert not [t for t in threading.enumerate() if t.name == "loading ahead"]
"""


def test_libraries_are_loaded_once_in_a_thread_that_a_process_waits_for() -> None:
    done = subprocess.run([sys.executable, "-c", AHEAD], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
