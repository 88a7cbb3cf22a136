"""Install and try: the menu, docks that come back, screens, and what is dropped."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from shutil import copytree, make_archive
from typing import Any

import numpy as np
import pytest
from napari._qt.dialogs.qt_reader_dialog import QtReaderDialog
from napari.utils.notifications import notification_manager
from PIL import Image
from pydicom import dcmread
from pydicom.fileset import FileSet
from pydicom.uid import generate_uid
from qtpy.QtCore import QRect, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QDockWidget

from napari_cpam_stroke.widgets.room import DOCKS

from .reader import Reader, menu_entries
from .sentences import step

OURS = ("Plugins", "CPAM stroke")
TITLES = {title for _, title, _ in DOCKS.values()}
LOW = (910, 512)
"""Points of a screen of 1366x768 at 150 %."""


def docks(reader: Reader) -> dict[str, QDockWidget]:
    return {dock.objectName(): dock for dock in reader.window.findChildren(QDockWidget)}


def seen(reader: Reader) -> set[str]:
    """The titles of the room's docks that are not hidden."""
    return {title for title, dock in docks(reader).items() if title in TITLES and not dock.isHidden()}


def on_screen(reader: Reader, part: Any) -> bool:
    """Whether the whole of a part is to be seen in the window."""
    place = QRect(part.mapTo(reader.window, part.rect().topLeft()), part.size())
    return bool(part.visibleRegion().boundingRect() == part.rect() and reader.window.rect().contains(place))


def test_the_menu_and_the_docks(start: Callable[[], Reader], predictor: Any, phantom_volume: Any) -> None:
    reader = start()
    with step("or start napari and choose *Plugins > CPAM stroke > Reading room*, first in that menu."):
        ours = [path for path in menu_entries(reader.viewer) if path[:2] == OURS]
        assert ours[0][-1].startswith("Reading room")
    with step("The entries below it open one dock each, in its place."):
        reader.menu(*OURS, "Findings")
        assert seen(reader) == {"Findings"}
        assert reader.window.dockWidgetArea(docks(reader)["Findings"]) == Qt.DockWidgetArea.RightDockWidgetArea
        reader.menu(*OURS, "Reading room")
        assert seen(reader) == TITLES
    with step(
        "A dock that was hidden (the eye) or closed (the cross) comes back by its entry there, by napari's *Window* "
        "menu, and, with all the others, by *Reading room*; what you had in it is still there."
    ):
        reader.session.show(phantom_volume)
        reader.settle()
        comment = reader.dock("Correct and save").comment
        reader.click(comment)
        reader.type("motion")
        for way in ((*OURS, "Correct and save"), ("Window", "Correct and save"), (*OURS, "Reading room")):
            for press in ("hide_button", "close_button"):
                reader.click(getattr(docks(reader)["Correct and save"].titleBarWidget(), press))
                QTest.qWait(20)
                assert seen(reader) == TITLES - {"Correct and save"}
                reader.menu(*way)
                assert seen(reader) == TITLES
                assert reader.dock("Correct and save").comment.text() == "motion"
        reader.click(docks(reader)["Findings"].titleBarWidget().hide_button)
        reader.click(docks(reader)["Cases"].titleBarWidget().close_button)
        reader.menu(*OURS, "Reading room")
        assert seen(reader) == TITLES


def test_a_low_screen(start: Callable[[], Reader], predictor: Any, small_case: Any) -> None:
    reader = start()
    reader.window.resize(*LOW)
    QTest.qWait(300)
    reader.menu(*OURS, "Reading room")
    reader.window.resize(*LOW)
    QTest.qWait(500)
    with step("Screens. The room fits what the screen leaves it, from 910 x 512 points (1366x768 at 150 %) on."):
        assert (reader.window.width(), reader.window.height()) == LOW
    with step(
        "Where a window is low, docks of a column are tabs of one place, and napari's layer list and layer controls "
        "are hidden; *Window* brings them back."
    ):
        right = [t for _, t, area in DOCKS.values() if area == "right"]
        together = {dock.objectName() for dock in reader.window.tabifiedDockWidgets(docks(reader)[right[0]])}
        assert {right[0], *together} >= set(right)
        for name in ("layer list", "layer controls"):
            assert docks(reader)[name].isHidden()
            reader.menu("Window", name)
            assert not docks(reader)[name].isHidden()
            reader.menu("Window", name)
    session = reader.session
    session.store.open().add_case(small_case("1.2.840.113619.2.408.14196467"), source="reader")
    session.worklist.refresh()
    reader.settle()
    reader.open_listed("1.2.840.113619.2.408.14196467")
    reader.settle()
    with step(
        "What a dock has no room for scrolls, while *accept*, *second read*, *reject* and *save* stay below it; "
        "long names are shortened in the middle, and resting the mouse on them shows all."
    ):
        correct = reader.dock("Correct and save")
        assert correct.work.verticalScrollBar().maximum() > 0
        for part in (correct.accept, correct.second, correct.refuse, correct.save):
            assert on_screen(reader, part), part.text()
        reader.wheel(correct.work.viewport(), -20)
        assert correct.work.verticalScrollBar().value() == correct.work.verticalScrollBar().maximum()
        assert on_screen(reader, correct.save)
        table = reader.dock("Cases").list.table
        cell = table.model().index(0, 0)
        assert table.textElideMode() == Qt.TextElideMode.ElideMiddle
        assert "1.2.840.113619.2.408.14196467" in cell.data(Qt.ItemDataRole.ToolTipRole)


def test_docks_stay_as_they_were_left(start: Callable[[], Reader], predictor: Any) -> None:
    with step("Docks that you moved or resized stay as you left them."):
        first = start()
        first.menu(*OURS, "Reading room")
        findings = docks(first)["Findings"]
        first.window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, findings)
        first.window.resizeDocks([docks(first)["Three planes"]], [420], Qt.Orientation.Horizontal)
        QTest.qWait(100)
        width = docks(first)["Three planes"].width()
        first.viewer.close()
        QTest.qWait(50)
        second = start()
        second.menu(*OURS, "Reading room")
        QTest.qWait(200)
        assert second.window.dockWidgetArea(docks(second)["Findings"]) == Qt.DockWidgetArea.LeftDockWidgetArea
        assert docks(second)["Three planes"].width() == pytest.approx(width, abs=2)


@pytest.fixture
def choices(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What napari's reader question was asked about; it is answered with this plugin."""
    asked: list[str] = []

    def answer(self: QtReaderDialog) -> tuple[str, bool]:
        asked.append(Path(self._current_file).name)
        return "CPAM stroke", False

    monkeypatch.setattr(QtReaderDialog, "get_user_choices", answer)
    return asked


@pytest.fixture
def study(tmp_path: Path, plain_series: Path) -> Path:
    """A folder with two series in folders of their own: the second one is not the first to read."""
    copytree(plain_series, tmp_path / "study" / "first")
    copytree(plain_series, tmp_path / "study" / "second")
    uid = generate_uid()
    for path in (tmp_path / "study" / "second").iterdir():
        data = dcmread(path)
        data.SeriesInstanceUID, data.ConvolutionKernel, data.SeriesDescription = uid, "H70h", "second"
        data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        data.save_as(path)
    return tmp_path / "study"


def disc(series: Path, folder: Path) -> Path:
    files = FileSet()
    for path in sorted(series.iterdir()):
        files.add(path)
    files.write(folder)
    return folder / "DICOMDIR"


def series_shown(reader: Reader) -> list[str]:
    shown = reader.dock("Cases").series
    return [shown.item(place).text() for place in range(shown.count())]


def open_one(reader: Reader) -> str:
    """The line of the folder's series that is marked as the open one."""
    marked = reader.dock("Cases").series.currentItem()
    return "" if marked is None else str(marked.text())


def test_dropping(
    reader: Reader, study: Path, choices: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = study / "first", study / "second"
    with step(
        "Dropping. Drop a folder, a `DICOMDIR`, a zip or DICOM files anywhere on the window, the docks included."
    ):
        archive = Path(make_archive(str(tmp_path / "study"), "zip", first))
        for dropped, place in (
            (first, reader.dock("Findings")), (disc(first, tmp_path / "disc"), None),
            (archive, reader.dock("Correct and save")), (min(first.iterdir()), reader.dock("Cases")),
        ):  # fmt: skip
            reader.drop(dropped, on=place)
            assert [layer.name for layer in reader.viewer.layers] == ["Original", "AI", "Reading"], dropped
            leave_case(reader)
    with step("A folder opens the series to read first, and *Cases* lists the others;"):
        reader.drop(study)
        assert len(series_shown(reader)) == 2
        assert "second" not in open_one(reader) != ""
    with step("one slice, or several, open the series they belong to."):
        for files in (sorted(second.iterdir())[4:5], sorted(second.iterdir())[:5]):
            leave_case(reader)
            reader.drop(*files)
            assert "second" in open_one(reader)
            assert reader.viewer.dims.nsteps[0] == len(list(second.iterdir()))
    with step("While the reading room is open napari does not ask which reader to use; hold Alt to be asked."):
        assert choices == []
        alt = Qt.KeyboardModifier.AltModifier
        monkeypatch.setattr("qtpy.QtGui.QGuiApplication.keyboardModifiers", staticmethod(lambda: alt))
        reader.drop(first)
        assert choices == ["first"]
    monkeypatch.undo()
    with step("What is no DICOM goes to napari as ever."):
        leave_case(reader)
        Image.fromarray(np.eye(8, dtype=np.uint8)).save(tmp_path / "picture.png")
        reader.drop(tmp_path / "picture.png", on=reader.dock("Findings"))
        assert "picture" in reader.viewer.layers
        assert "Original" not in reader.viewer.layers


def leave_case(reader: Reader) -> None:
    reader.session.close_case(ask=False)
    reader.settle()


def test_before_the_room_is_open(start: Callable[[], Reader], study: Path, choices: list[str]) -> None:
    with step(
        "Before it is open, napari asks about folders and `.dcm` files, because its own reader takes them too; the "
        "message that follows offers to open them here from then on (*open them here*; *Preferences > Plugins* "
        "takes it back)."
    ):
        one = min((study / "first").iterdir())
        for path in (study / "first", one.rename(one.with_suffix(".dcm"))):
            reader, before = start(), len(notification_manager.records)
            reader.drop(path)
            assert choices[-1] == path.name
            (offer,) = [n for n in list(notification_manager.records)[before:] if n.actions]
            ((words, act),) = offer.actions
            assert words == "open them here"
        asked = len(choices)
        act()
        start().drop(study / "first")
        assert len(choices) == asked
