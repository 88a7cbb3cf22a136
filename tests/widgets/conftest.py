"""A viewer, a session on it, and a stand-in for the models: the real ones have tests of their own."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from time import sleep
from typing import Any

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtTest import QTest

from napari_cpam_stroke.bundles import ModelIdentity
from napari_cpam_stroke.core import CTVolume, VolumeGeometry
from napari_cpam_stroke.errors import CancelledError, CpamError
from napari_cpam_stroke.inference import Prediction

from ..hands import Hands  # noqa: TID252 - the tests are no installed package

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


@pytest.fixture(autouse=True)
def old_objects() -> None:
    """Set aside what outlives tests: napari looks for garbage with every layer that goes, half of a window's time."""
    gc.collect()
    gc.freeze()


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
