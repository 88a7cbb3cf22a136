"""Windows for the sections of the user guide."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from qtpy.QtTest import QTest

from napari_cpam_stroke.widgets.reading.session import session_of

from ...hands import Hands  # noqa: TID252 - the tests are no installed package
from .reader import Reader


@pytest.fixture
def start(make_napari_viewer: Callable[..., Any]) -> Iterator[Callable[[], Reader]]:
    """Starts napari, without the reading room."""
    started: list[Reader] = []

    def begin() -> Reader:
        viewer = make_napari_viewer(show=True)
        viewer.window.resize(*Reader.SCREEN)
        viewer.window.activate()
        QTest.qWait(100)
        started.append(Reader(viewer, session_of(viewer)))
        return started[-1]

    yield begin
    for reader in started:
        leave(reader)


@pytest.fixture
def reader(start: Callable[[], Reader]) -> Reader:
    """A reader in the reading room, without a case."""
    sitting = start()
    sitting.menu("Plugins", "CPAM stroke", "Reading room")
    return sitting


def leave(hands: Hands) -> None:
    """Close the case and give its unsaved work up."""
    hands.session.ask = lambda _question, answers: answers[-1]
    hands.session.wait()
    hands.session.close_case(ask=False)
    hands.session.wait()
