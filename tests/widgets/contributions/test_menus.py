"""Every door of the plugin, opened by napari's own menu entries in a real window."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from magicgui.widgets import Container
from npe2 import PluginManifest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QAction, QDockWidget, QFileDialog, QPushButton

import napari_cpam_stroke
from napari_cpam_stroke.widgets.docks.room_docks import DOCKS
from napari_cpam_stroke.widgets.reading.session import session_of
from napari_cpam_stroke.widgets.room import open_room
from napari_cpam_stroke.widgets.viewer import compat

MANIFEST = PluginManifest.from_file(Path(napari_cpam_stroke.__file__).parent / "napari.yaml")
OURS = MANIFEST.display_name
PLUGIN = ("Plugins", OURS)
MENUS = {
    "napari/file/io_utilities": ("File", "IO Utilities"),
    "napari/layers/annotate": ("Layers", "Annotate"),
    "napari/layers/segment": ("Layers", "Segment"),
    "napari/layers/classify": ("Layers", "Classify"),
    "napari/layers/measure": ("Layers", "Measure"),
    "napari/layers/data": ("Layers", "Data"),
}
TITLES = {command.id: command.title for command in MANIFEST.contributions.commands}
WIDGETS = {widget.command: widget.display_name for widget in MANIFEST.contributions.widgets}
DOCK_TITLES = {f"{MANIFEST.name}.{name}": title for name, (_, title, _) in DOCKS.items()}
FORMS = {f"{MANIFEST.name}.segment", f"{MANIFEST.name}.measure"}
ALL_ENTRIES = [
    *((PLUGIN, command, title) for command, title in WIDGETS.items()),
    *(
        (MENUS[menu], item.command, WIDGETS.get(item.command, TITLES[item.command]))
        for menu, items in MANIFEST.contributions.menus.items()
        for item in items
    ),
]
ENTRIES = [entry for entry in ALL_ENTRIES if entry[1] not in FORMS]
FORM_ENTRIES = [entry for entry in ALL_ENTRIES if entry[1] in FORMS]
EVERY = set(DOCK_TITLES.values())
SMALL_SCREEN_HEIGHT = 768
"""In pixels, of the smallest screen the room is made for."""

AREAS = {
    "left": Qt.DockWidgetArea.LeftDockWidgetArea,
    "right": Qt.DockWidgetArea.RightDockWidgetArea,
    "bottom": Qt.DockWidgetArea.BottomDockWidgetArea,
}


@pytest.fixture
def viewer(make_napari_viewer: Callable[..., Any]) -> Iterator[Any]:
    """A viewer in a window that is to be seen, with room for every dock."""
    made = make_napari_viewer(show=True)
    made.window.resize(1366, 768)
    yield made
    session = session_of(made)
    session.ask = lambda _question, answers: answers[-1]
    session.wait()
    session.close_case(ask=False)
    session.wait()


def entries(viewer: Any) -> dict[tuple[str, ...], QAction]:
    """Every entry of napari's menu bar by its path, the menus filled as when they are opened."""
    found: dict[tuple[str, ...], QAction] = {}

    def walk(menu: Any, path: tuple[str, ...]) -> None:
        menu.aboutToShow.emit()
        for action in menu.actions():
            here = (*path, action.text().replace("&&", "\0").replace("&", "").replace("\0", "&"))
            if action.menu() is None:
                found[here] = action
            else:
                walk(action.menu(), here)

    for action in viewer.window.main_menu.actions():
        walk(action.menu(), (action.text().replace("&", ""),))
    return found


def choose(viewer: Any, *path: str) -> None:
    """Choose a menu entry, and let what it puts off to the event loop happen."""
    entries(viewer)[path].trigger()
    QTest.qWait(100)
    session_of(viewer).wait()
    QTest.qWait(50)


def entry_path(menu: tuple[str, ...], title: str) -> tuple[str, ...]:
    return (*menu, f"{title} ({OURS})")


def dock(viewer: Any, title: str) -> QDockWidget:
    return viewer.window.dock_widgets[title].parent()


def visible(viewer: Any) -> list[QDockWidget]:
    """Every dock of the window that is not hidden, napari's own too."""
    return [d for d in compat.main_window(viewer).findChildren(QDockWidget) if not d.isHidden()]


def seen(viewer: Any) -> set[str]:
    """The titles of our docks that are not hidden."""
    return {d.objectName() for d in visible(viewer)} & set(DOCK_TITLES.values())


def press(button: QPushButton) -> None:
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    QTest.qWait(50)


def test_nothing_contributed_is_left_out_here() -> None:
    commands = {command for _, command, _ in ENTRIES + FORM_ENTRIES}
    samples = {sample.command for sample in MANIFEST.contributions.sample_data}
    files = {f"{MANIFEST.name}.read", f"{MANIFEST.name}.write_mask"}
    assert commands | samples | files == set(TITLES)


@pytest.mark.parametrize(("menu", "command", "title"), ENTRIES)
def test_every_menu_entry_opens_what_it_names(
    viewer: Any, menu: tuple[str, ...], command: str, title: str, monkeypatch: pytest.MonkeyPatch, plain_series: Path
) -> None:
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(plain_series))
    before = len(visible(viewer))
    for _ in range(2):
        choose(viewer, *entry_path(menu, title))
        assert seen(viewer) == ({DOCK_TITLES[command]} if command in DOCK_TITLES else EVERY)
        assert len(visible(viewer)) == before + len(seen(viewer)), "nothing else is docked"


@pytest.mark.parametrize(("menu", "command", "title"), FORM_ENTRIES)
def test_every_form_opens_from_its_menu(viewer: Any, menu: tuple[str, ...], command: str, title: str) -> None:
    choose(viewer, *entry_path(menu, title))
    form = viewer.window.dock_widgets[f"{title} ({OURS})"]
    assert isinstance(form, Container)
    assert form.native.isVisible()
    assert seen(viewer) == set()


def test_a_form_shares_the_place_of_the_models(viewer: Any) -> None:
    choose(viewer, *entry_path(PLUGIN, "Reading room"))
    choose(viewer, *entry_path(PLUGIN, "Segment a layer"))
    choose(viewer, *entry_path(PLUGIN, "Measure a layer"))
    assert not viewer.window.dock_widgets[f"Measure a layer ({OURS})"].native.visibleRegion().isEmpty(), "in front"
    models = dock(viewer, "AI models")
    shared = {each.objectName() for each in compat.main_window(viewer).tabifiedDockWidgets(models)}
    assert shared == {f"Segment a layer ({OURS})", f"Measure a layer ({OURS})"}
    assert compat.main_window(viewer).minimumSizeHint().height() <= SMALL_SCREEN_HEIGHT


@pytest.mark.parametrize("name", DOCKS)
def test_a_dock_from_the_menu_stands_where_the_room_has_it(viewer: Any, name: str) -> None:
    _, title, area = DOCKS[name]
    choose(viewer, *entry_path(PLUGIN, title))
    assert compat.main_window(viewer).dockWidgetArea(dock(viewer, title)) == AREAS[area]
    alone = viewer.window.dock_widgets[title]
    choose(viewer, *entry_path(PLUGIN, "Reading room"))
    assert viewer.window.dock_widgets[title] is alone, "the room takes over what is there"


def test_the_room_comes_first_in_our_menu(viewer: Any) -> None:
    ours = [path for path in entries(viewer) if path[:2] == PLUGIN]
    assert ours[0] == entry_path(PLUGIN, "Reading room")
    assert len(ours) == len(WIDGETS)


def test_the_sample_opens_from_its_menu(viewer: Any) -> None:
    choose(viewer, "File", "Open Sample", f"Synthetic stroke case (DICOM) ({OURS})")
    assert [layer.name for layer in viewer.layers] == ["Original", "AI", "Reading"]


@pytest.mark.parametrize("button", ["hide_button", "close_button"])
def test_a_dock_that_was_hidden_or_closed_comes_back(viewer: Any, button: str) -> None:
    room = entry_path(PLUGIN, "Reading room")
    choose(viewer, *room)
    for title in DOCK_TITLES.values():
        inside = viewer.window.dock_widgets[title]
        for way in (room, entry_path(PLUGIN, title), ("Window", title)):
            press(getattr(dock(viewer, title).titleBarWidget(), button))
            assert seen(viewer) == EVERY - {title}
            assert not entries(viewer)["Window", title].isChecked()
            choose(viewer, *way)
            assert seen(viewer) == EVERY
            assert viewer.window.dock_widgets[title] is inside
            assert inside.isVisibleTo(dock(viewer, title))
            assert entries(viewer)["Window", title].isChecked()


def test_the_window_menu_hides_a_dock_too(viewer: Any) -> None:
    choose(viewer, *entry_path(PLUGIN, "Reading room"))
    choose(viewer, "Window", "Findings")
    assert seen(viewer) == EVERY - {"Findings"}


def test_hidden_docks_come_back_after_a_restart(make_napari_viewer: Callable[..., Any], qapp: Any) -> None:
    first = make_napari_viewer(show=True)
    choose(first, *entry_path(PLUGIN, "Reading room"))
    for title in ("Correct and save", "Findings"):
        press(dock(first, title).titleBarWidget().hide_button)
    first.close()
    qapp.processEvents()
    second = make_napari_viewer(show=True)
    open_room(second)
    QTest.qWait(50)
    assert seen(second) == EVERY - {"Correct and save", "Findings"}, "left as the reader left it"
    choose(second, *entry_path(PLUGIN, "Reading room"))
    assert seen(second) == EVERY


def test_strokes_are_not_lost_when_a_single_dock_was_opened(viewer: Any, phantom_volume: Any) -> None:
    choose(viewer, *entry_path(PLUGIN, "AI models"))
    session = session_of(viewer)
    session.show(phantom_volume)
    session.wait()
    session.layers.reading.paint((12, 60, 60), 1)
    asked: list[str] = []
    session.ask = lambda question, answers: asked.append(question) or answers[-1]
    assert not compat.main_window(viewer).close()
    assert "unsaved changes" in asked[0]
