"""The keys: all in one table, none taken from napari."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from napari._qt.widgets.qt_keyboard_settings import ShortcutEditor
from napari.components import ViewerModel
from napari.layers import Image, Labels
from napari.utils.key_bindings import KeymapHandler
from pydicom import dcmread
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_cpam_stroke.widgets.reading.keys import KEYS, RoomKeys, bind_keys, keys_text
from napari_cpam_stroke.widgets.reading.session import session_of
from napari_cpam_stroke.widgets.viewer.viewer_actions import PREFIX, viewer_actions


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


def normal(keys: str) -> str:
    """Keys as napari writes them."""
    from app_model.types import KeyBinding

    return str(KeyBinding.from_str(keys.replace("Control", "Ctrl").replace("-", "+")))


def our_keys() -> set[str]:
    return {normal(key.keys) for key in KEYS}


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


def ours() -> dict[str, tuple[str, ...]]:
    """What napari itself holds of the room: its actions and their keys."""
    from napari.utils.action_manager import action_manager

    names = [name for name in action_manager._actions if name.startswith(PREFIX)]
    return {name.removeprefix(PREFIX): tuple(map(str, action_manager._shortcuts.get(name, ()))) for name in names}


def test_every_key_is_an_action_of_napari_while_the_room_is_open(session: Any, viewer: Any) -> None:
    assert ours() == {}
    bind_keys(viewer, session)
    bind_keys(viewer, session)
    assert ours() == {key.name: (normal(key.keys),) for key in KEYS}
    session.shut()
    assert ours() == {}
    assert our_keys() & {str(key) for key, action in ViewerModel.class_keymap.items() if action is not None} == set()


def test_two_rooms_have_the_same_keys_and_each_does_its_own(session: Any, viewer: Any) -> None:
    other_viewer = ViewerModel()
    other = session_of(other_viewer)
    bind_keys(viewer, session)
    bind_keys(other_viewer, other)
    for pressed, windows in ((other_viewer, [False, True]), (viewer, [True, True])):
        handler = KeymapHandler()
        handler.keymap_providers = [pressed]
        handler.press_key("F1")
        assert [each.findChild(RoomKeys).window is not None for each in (session, other)] == windows
    session.shut()
    assert ours(), "the other room is still open"
    other.shut()
    assert ours() == {}


def type_in_preferences(viewer: Any, does: str, keys: str) -> None:
    """Open napari's preferences, give an action another key and accept."""
    dialog = viewer.window._open_preferences_dialog()
    editor = dialog.findChild(ShortcutEditor)
    table = editor._table
    rows = {table.item(row, editor._action_name_col).text(): row for row in range(table.rowCount())}
    table.item(rows[does], editor._shortcut_col).setText(keys)
    dialog.accept()


def test_keys_changed_in_the_preferences_are_kept(room: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from napari.settings import get_settings

    monkeypatch.setattr(get_settings(), "config_path", tmp_path / "settings.yaml")
    type_in_preferences(room.viewer, "window stroke 40/40", "F11")
    assert ours()["window_stroke"] == ("F11",)
    assert room.session.settings.values.keys == {"window_stroke": ("F11",)}
    QTest.keyClick(room.canvas, Qt.Key.Key_F11)
    assert room.session.view.window.width == 40
    QTest.keyClick(room.canvas, Qt.Key.Key_F2)
    QTest.keyClick(room.canvas, Qt.Key.Key_F3)
    assert room.session.view.window.width == 80, "the key of before does nothing any more"
    assert "<b>F11</b>" in keys_text(viewer_actions.keys)
    get_settings().appearance.theme = "light"
    kept = (tmp_path / "settings.yaml").read_text(encoding="utf-8")
    assert "theme" in kept
    assert PREFIX not in kept, "a later start of napari knows no such action before the room is open"


def test_a_kept_key_is_that_of_the_next_room(session: Any, viewer: Any) -> None:
    session.settings.change(keys={"save": ("F11", "Ctrl+Alt+K")})
    bind_keys(viewer, session)
    assert ours()["save"] == ("F11", "Ctrl+Alt+K")
    assert viewer_actions.chosen == {"save": ("F11", "Ctrl+Alt+K")}


@pytest.mark.parametrize(
    ("kept", "bound"), [(("Banana",), ("F8",)), (("",), ("F8",)), (("F11", "Ctrl+"), ("F8",)), ((), ())]
)
def test_what_is_no_key_in_the_settings_is_not_bound(
    session: Any, viewer: Any, kept: tuple[str, ...], bound: tuple[str, ...]
) -> None:
    session.settings.change(keys={"save": kept})
    bind_keys(viewer, session)
    assert ours()["save"] == bound


def test_f1_lists_every_key(session: Any, viewer: Any) -> None:
    bind_keys(viewer, session)
    text = keys_text(viewer_actions.keys)
    assert all(f"<b>{normal(key.keys)}</b></td><td>&nbsp;{key.does}" in text for key in KEYS)


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
