"""A viewer, a session on it, and a stand-in for the models: the real ones have tests of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from time import sleep
from typing import Any

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QWidget

from napari_cpam_stroke.bundles import ModelIdentity
from napari_cpam_stroke.core import CTVolume, VolumeGeometry
from napari_cpam_stroke.errors import CancelledError, CpamError
from napari_cpam_stroke.inference import Prediction

IDENTITY = ModelIdentity("default", "1.0", "0123456789abcdef")


class FakePredictor:
    """Finds a box of ischemia; can be slow, or fail."""

    steps = 3
    pause_s = 0.0
    fails: CpamError | None = None

    def predict(
        self, volume: CTVolume, *, progress: Callable[[int, int], None], cancelled: Callable[[], bool]
    ) -> Prediction:
        for step in range(self.steps):
            if cancelled():
                raise CancelledError("Stopped")
            sleep(self.pause_s)
            progress(step + 1, self.steps)
        if self.fails is not None:
            raise self.fails
        return boxed_prediction(volume)


def boxed_prediction(volume: CTVolume) -> Prediction:
    """Two slices surely ischemic in a box, a third one only a little."""
    probabilities = np.zeros((2, *volume.shape), dtype=np.uint8)
    z, y, x = (n // 2 for n in volume.shape)
    probabilities[0, z - 1 : z + 1, y - 8 : y + 8, x + 10 : x + 20] = 230
    probabilities[0, z + 1, y - 8 : y + 8, x + 10 : x + 20] = 80
    slices = (probabilities.max(axis=(2, 3)).T / 255).astype(np.float32)
    half = {"ischemia": 0.5, "hemorrhage": 0.5}
    return Prediction(
        mask=(probabilities[0] >= 128).astype(np.uint8),
        probabilities=probabilities,
        slice_probabilities=slices,
        series_probabilities={"ischemia": 0.9, "hemorrhage": 0.04},
        model=IDENTITY,
        device="cpu",
        precision="float32",
        seconds=0.1,
        thresholds=half,
        min_lesion_ml={"ischemia": 0.0, "hemorrhage": 0.0},
        series_thresholds=half,
        refer_band={"ischemia": (0.4, 0.6)},
    )


@pytest.fixture
def predictor(monkeypatch: pytest.MonkeyPatch) -> FakePredictor:
    """Put a stand-in where the session loads its model."""
    from napari_cpam_stroke.widgets.reading.loaded_model import LoadedModel

    fake = FakePredictor()
    monkeypatch.setattr(LoadedModel, "get", lambda _self, _ref, _device: fake)
    return fake


@pytest.fixture
def viewer(qapp: Any) -> Any:
    """napari's viewer without its window: quick, and all that a session needs."""
    return ViewerModel()


@pytest.fixture
def session(viewer: Any) -> Iterator[Any]:
    """A session whose docks a test adds itself; nothing is left running after it."""
    from napari_cpam_stroke.widgets.reading.session import session_of

    made = session_of(viewer)
    yield made
    made.wait()
    made.shut()


@pytest.fixture
def case(session: Any, phantom_volume: CTVolume) -> Any:
    """A session with the synthetic head open and registered."""
    session.show(phantom_volume)
    session.wait()
    return session


@pytest.fixture
def small_case() -> Callable[[str], CTVolume]:
    """Makes six small slices under a name, of another brightness for every name."""

    def make(name: str) -> CTVolume:
        z, y, x = 6, 40, 48
        positions = np.outer(np.arange(z) * 5.0, [0, 0, 1.0])
        geometry = VolumeGeometry(positions, np.r_[1.0, 0, 0], np.r_[0, 1.0, 0], (0.5, 0.75), np.full(z, 5.0))
        hu = np.full((z, y, x), 20 + sum(name.encode()) % 50, dtype=np.int16)
        return CTVolume(hu=hu, geometry=geometry, case_id=name, patient_id=name)

    return make


NO_MODIFIER = Qt.KeyboardModifier.NoModifier


class Hands:
    """A reader's hands on the canvas and the docks of a room, in a window that has the focus."""

    SCREEN = (1366, 768)

    def __init__(self, viewer: Any, session: Any) -> None:
        self.viewer, self.session = viewer, session
        self.canvas = viewer.window._qt_viewer.canvas.native

    @property
    def window(self) -> QWidget:
        """napari's main window; never kept, for napari counts who holds it."""
        return self.viewer.window._qt_window

    def dock(self, title: str) -> Any:
        """The content of a dock, in front."""
        content = self.viewer.window.dock_widgets[title]
        content.parent().raise_()
        return content

    def at(self, dx: int = 0, dy: int = 0) -> QPoint:
        """A point of the canvas, from its middle."""
        return self.canvas.rect().center() + QPoint(dx, dy)

    def press(self, key: Any, modifier: Any = NO_MODIFIER) -> None:
        """A key on the picture, wherever the focus was."""
        QTest.keyClick(self.canvas, key, modifier)

    def key(self, key: Any, modifier: Any = NO_MODIFIER) -> None:
        """A key as a person presses it: it goes where the focus is."""
        QTest.keyClick(self.focused(), key, modifier)

    def focused(self) -> QWidget:
        """What gets the keys."""
        found = QApplication.focusWidget()
        return self.window if found is None else found  # an empty list is false

    def type(self, text: str) -> None:
        """Letters, where the focus is."""
        QTest.keyClicks(self.focused(), text)

    def click(self, widget: QWidget, at: QPoint | None = None) -> None:
        """The left button on a widget; a list gets it on its surface."""
        target = widget.viewport() if hasattr(widget, "viewport") else widget
        QTest.mouseClick(target, Qt.MouseButton.LeftButton, NO_MODIFIER, at or target.rect().center())

    def double_click(self, tree: Any, item: Any) -> None:
        """A double click on an item of a list."""
        tree.scrollToItem(item)
        place = tree.visualItemRect(item).center()
        self.click(tree, place)
        QTest.mouseDClick(tree.viewport(), Qt.MouseButton.LeftButton, NO_MODIFIER, place)

    def open_listed(self, name: str) -> None:
        """A double click on a case of the worklist, by the end of its name."""
        table = self.dock("Cases").list.table
        places = [table.model().index(row, 0) for row in range(table.model().rowCount())]
        found = next(place for place in places if place.data().endswith(name))
        table.scrollTo(found)
        at = table.visualRect(found).center()
        self.click(table, at)
        QTest.mouseDClick(table.viewport(), Qt.MouseButton.LeftButton, NO_MODIFIER, at)

    def move(self, dx: int, dy: int, held: Any = Qt.MouseButton.NoButton) -> None:
        """The mouse to a point of the canvas."""
        here = self.at(dx, dy)
        where = QPointF(here), QPointF(self.canvas.mapToGlobal(here))
        event = QMouseEvent(QEvent.Type.MouseMove, *where, Qt.MouseButton.NoButton, held, NO_MODIFIER)
        QApplication.sendEvent(self.canvas, event)
        QTest.qWait(20)

    def drag(self, button: Any, start: tuple[int, int], end: tuple[int, int]) -> None:
        """A stroke with a button held."""
        self.move(*start)
        QTest.mousePress(self.canvas, button, NO_MODIFIER, self.at(*start))
        self.move((start[0] + end[0]) // 2, (start[1] + end[1]) // 2, button)
        self.move(*end, button)
        QTest.qWait(60)  # napari hands on the last of quick moves a little later
        QTest.mouseRelease(self.canvas, button, NO_MODIFIER, self.at(*end))


@pytest.fixture
def room(make_napari_viewer: Callable[..., Any], predictor: Any) -> Iterator[Hands]:
    """Hands in a visible room without a case."""
    from napari_cpam_stroke.widgets.room import open_room

    viewer = make_napari_viewer(show=True)
    session = open_room(viewer)
    session.wait()
    viewer.window.resize(*Hands.SCREEN)
    viewer.window.activate()
    QTest.qWait(100)
    yield Hands(viewer, session)
    session.ask = lambda _question, answers: answers[-1]
    session.close_case(ask=False)
    session.wait()


@pytest.fixture
def hands(room: Hands, phantom_volume: CTVolume) -> Hands:
    """Hands in a room with the synthetic head open."""
    room.session.show(phantom_volume)
    room.session.wait()
    QTest.qWait(100)
    return room
