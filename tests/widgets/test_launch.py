"""The window that the command line opens."""

from __future__ import annotations

from typing import Any

import pytest

from napari_cpam_stroke.widgets import launch

pytestmark = pytest.mark.window


def test_the_window_fits_the_screen(room: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = room.window.screen().availableGeometry()
    wanted = screen.width() - 10, screen.height() - 10
    monkeypatch.setattr(launch, "WINDOW_SIZE", wanted)
    launch._fit_screen(room.viewer)
    assert not room.window.isMaximized()
    monkeypatch.setattr(launch, "WINDOW_SIZE", (screen.width() + 10, screen.height() - 10))
    launch._fit_screen(room.viewer)
    assert room.window.isMaximized()
