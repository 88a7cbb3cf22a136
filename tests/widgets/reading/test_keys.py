"""The keys: all in one table, none taken from napari."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from napari.layers import Image, Labels
from pydicom import dcmread

from napari_cpam_stroke.widgets.reading.keys import KEYS, bind_keys, keys_text, unbind_keys


def napari_keys(viewer: Any) -> set[str]:
    """Every key napari binds in the viewer, in Image and in Labels layers, and in its menus."""
    from app_model.types import KeyBinding
    from napari.utils.shortcuts import default_shortcuts

    elsewhere = ("points", "shapes", "vectors", "tracks", "surface", "rectangle", "ellipse", "line", "path", "direct",
                 "select_mode", "vertex", "finish_drawing", "select_all", "add_p")  # fmt: skip
    taken = {
        str(binding)
        for name, bindings in default_shortcuts.items()
        for binding in bindings
        if not any(word in name for word in elsewhere)
    }
    for owner in (viewer, Image, Labels):
        taken |= {str(KeyBinding.validate(key)) for key in owner.class_keymap}
    return taken


def our_keys() -> set[str]:
    from app_model.types import KeyBinding

    return {str(KeyBinding.from_str(key.keys.replace("Control", "Ctrl").replace("-", "+"))) for key in KEYS}


def test_no_key_is_taken_from_napari(viewer: Any) -> None:
    taken = napari_keys(viewer)
    assert {"Ctrl+R", "V", "Ctrl+Z", "M", "Shift+Up"} <= taken, "viewer, layers and what is bound beside the settings"
    assert len(our_keys()) == len(KEYS)
    assert our_keys() & taken == set()


def with_submenus(actions: list[Any]) -> list[Any]:
    found = list(actions)
    for action in actions:
        if action.menu() is not None:
            found += with_submenus(action.menu().actions())
    return found


def test_no_key_is_that_of_a_menu(make_napari_viewer: Any) -> None:
    from napari._app_model import get_app_model

    viewer = make_napari_viewer()
    bar = viewer.window._qt_window.menuBar()
    in_menus = {action.shortcut().toString() for action in with_submenus(bar.actions())}
    in_menus |= {str(rule.keybinding) for rule in get_app_model().keybindings}
    assert {"Ctrl+Alt+S", "Ctrl+S", "Alt+C"} <= in_menus
    assert our_keys() & in_menus == set()


def test_binding_twice_is_harmless_and_can_be_undone(session: Any, viewer: Any) -> None:
    bind_keys(viewer, session)
    bind_keys(viewer, session)
    assert len(viewer.keymap) == len(KEYS)
    unbind_keys(viewer)
    assert not [action for action in viewer.keymap.values() if action is not None and action is not ...]


def test_the_keys_are_given_back_when_the_room_is_closed(session: Any, viewer: Any) -> None:
    viewer.bind_key("Control-Shift-Y", lambda _: None)
    bind_keys(viewer, session)
    bind_keys(viewer, session)
    assert len(viewer.keymap) == len(KEYS) + 1
    session.shut()
    assert [str(key) for key in viewer.keymap] == ["Ctrl+Shift+Y"], "only what others bound is left"


def test_f1_lists_every_key() -> None:
    text = keys_text()
    assert all(key.does in text for key in KEYS)


@pytest.mark.parametrize(
    ("key", "centre", "width"), [("F2", 40, 80), ("F3", 40, 40), ("F4", 80, 200), ("F5", 600, 2800)]
)
def test_window_keys(session: Any, key: str, centre: float, width: float) -> None:
    next(k for k in KEYS if k.keys == key).action(session)
    assert (session.view.window.centre, session.view.window.width) == (centre, width)


def test_f6_is_the_window_of_the_header(session: Any, stroke_series_dir: Path, tmp_path: Path) -> None:
    for file in stroke_series_dir.iterdir():
        header = dcmread(file)
        header.WindowCenter, header.WindowWidth = ["35", "400"], ["90", "2000"]
        header.save_as(tmp_path / file.name)
    session.open_path(tmp_path, wait=True)
    assert session.view.window.width == 80
    next(k for k in KEYS if k.keys == "F6").action(session)
    assert tuple(session.layers.original.contrast_limits) == (-10, 80)
