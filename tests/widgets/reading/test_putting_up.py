"""A case comes on the screen step by step: the window lives meanwhile, and no two cases are ever mixed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import current_thread, main_thread
from typing import Any

import pytest
from napari.components import ViewerModel
from qtpy.QtCore import QTimer

from napari_cpam_stroke.core import CTVolume, LesionClass
from napari_cpam_stroke.widgets.reading import session as session_module
from napari_cpam_stroke.widgets.viewer.three_layers import AI, ORIGINAL, READING

CASE = [ORIGINAL, AI, READING]


@pytest.fixture
def turns_of_the_window(session: Any) -> Iterator[list[list[str]]]:
    """The layers in the viewer at every turn of the event loop, each state once."""
    seen: list[list[str]] = []

    def look() -> None:
        names = [layer.name for layer in session.viewer.layers]
        if not seen or seen[-1] != names:
            seen.append(names)

    clock = QTimer(session)
    clock.timeout.connect(look)
    clock.start(0)
    yield seen
    clock.stop()


def test_every_layer_of_the_first_case_has_a_turn_of_its_own(
    session: Any, stroke_series_dir: Path, turns_of_the_window: list[list[str]]
) -> None:
    session.open_path(stroke_series_dir, wait=True)
    assert turns_of_the_window == [[], [ORIGINAL], [ORIGINAL, AI], CASE]
    assert session.review is not None
    assert session.viewer.layers.selection.active is session.layers.reading


def test_the_layers_of_the_first_case_are_made_off_the_main_thread(
    session: Any, stroke_series_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[object] = []
    make = session_module.new_layers

    def watched(*given: Any) -> Any:
        threads.append(current_thread())
        return make(*given)

    monkeypatch.setattr(session_module, "new_layers", watched)
    session.open_path(stroke_series_dir, wait=True)
    assert len(threads) == 1
    assert threads[0] is not main_thread()
    session.layers.reading.paint((12, 60, 60), 1)
    session.flush()
    assert session.review.reading.any(), "the layer that was made ahead draws in the review"
    session.open_path(stroke_series_dir, wait=True)
    assert len(threads) == 1, "the second case takes the layers over"


def test_no_mask_is_in_sight_while_the_ct_changes_to_another_case(
    case: Any, predictor: Any, stroke_series_dir: Path
) -> None:
    layers = case.layers
    case.models.run(wait=True)
    layers.reading.paint((12, 60, 60), 1)
    case.records.save(wait=True)
    layers.reading.mode, opacity = "paint", layers.reading.opacity
    seen: list[tuple[bool, float, str, object, str]] = []

    def look(_: object = None) -> None:
        title = case.view.case_title
        seen.append((layers.ai.visible, layers.reading.opacity, str(layers.reading.mode), case.review, title))

    layers.original.events.data.connect(look)
    case.open_path(stroke_series_dir, wait=True)
    assert seen == [(False, 0, "pan_zoom", None, "")]
    assert case.layers.reading is layers.reading
    assert (layers.reading.opacity, layers.reading.mode) == (opacity, "paint")
    layers.reading.undo()
    case.flush()
    assert not case.review.dirty, "the steps of the case before are forgotten"


def test_another_opening_takes_the_place_of_a_case_that_is_still_coming(
    session: Any, stroke_series_dir: Path, phantom_volume: CTVolume
) -> None:
    opened: list[str] = []
    session.case_opened.connect(lambda: opened.append(session.review.volume.case_id))

    def interrupt(event: Any) -> None:
        session.viewer.layers.events.inserted.disconnect(interrupt)
        QTimer.singleShot(0, lambda: session.show(phantom_volume))

    session.viewer.layers.events.inserted.connect(interrupt)
    session.open_path(stroke_series_dir, wait=True)
    session.wait()
    assert opened == [phantom_volume.case_id]
    assert [layer.name for layer in session.viewer.layers] == CASE
    assert session.layers.original.data.shape == phantom_volume.shape
    session.layers.reading.paint((1, 5, 5), int(LesionClass.ISCHEMIA))
    session.flush()
    assert session.review.dirty


@pytest.mark.parametrize("layers_there", [1, 2, 3])
def test_closing_while_a_case_is_coming_leaves_nothing(
    session: Any, stroke_series_dir: Path, layers_there: int
) -> None:
    def interrupt(event: Any) -> None:
        if len(session.viewer.layers) == layers_there:
            session.viewer.layers.events.inserted.disconnect(interrupt)
            QTimer.singleShot(0, lambda: session.close_case(ask=False))

    session.viewer.layers.events.inserted.connect(interrupt)
    session.open_path(stroke_series_dir, wait=True)
    session.wait()
    assert session.review is session.layers is session.entry is None
    assert list(session.viewer.layers) == []
    session.open_path(stroke_series_dir, wait=True)
    assert [layer.name for layer in session.viewer.layers] == CASE


def test_a_case_that_napari_cannot_show_leaves_a_room_without_a_case(
    case: Any, stroke_series_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    case.said.connect(told.append)

    def refuse(*_: object) -> None:
        raise RuntimeError("no memory for the picture")

    monkeypatch.setattr(ViewerModel, "reset_view", refuse)
    case.open_path(stroke_series_dir, wait=True)
    monkeypatch.undo()
    assert case.review is None
    assert list(case.viewer.layers) == []
    assert any("no memory for the picture" in text for text in told)
