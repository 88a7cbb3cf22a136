"""Hands that point, in a room with a series of squares."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from qtpy.QtTest import QTest

from .pointing import Pointing, Z, squares


@pytest.fixture
def pointing(room: Any) -> Iterator[Pointing]:
    room.session.show(squares())
    room.session.wait()
    room.session.go_to_slice(Z)
    QTest.qWait(100)
    made = Pointing(room)
    room.canvas.setFocus()
    yield made
    made.engine.may_answer.set()
