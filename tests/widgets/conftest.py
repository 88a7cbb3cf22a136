"""A viewer, a session on it, and a stand-in for the models: the real ones have tests of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from time import sleep
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from napari_cpam_stroke.bundles.card import ModelIdentity
from napari_cpam_stroke.core import CTVolume
from napari_cpam_stroke.errors import CancelledError, CpamError


@dataclass(frozen=True, eq=False)
class FakePrediction:
    """What the room asks of a prediction."""

    probability: np.ndarray
    thresholds: dict[str, float]
    device: str = "cpu"
    seconds: float = 0.1
    warnings: tuple[str, ...] = ()
    model: ModelIdentity = ModelIdentity("default", "1.0", "0123456789abcdef")

    @property
    def mask(self) -> np.ndarray:
        mask = np.zeros(self.probability.shape[1:], dtype=np.uint8)
        for label, name in enumerate(("ischemia", "hemorrhage"), start=1):
            mask[self.probability[label - 1] >= self.thresholds[name]] = label
        return mask

    @property
    def slice_probabilities(self) -> np.ndarray:
        return self.probability.max(axis=(2, 3)).T.astype(np.float32)

    @property
    def series_probabilities(self) -> dict[str, float]:
        return dict(zip(("ischemia", "hemorrhage"), self.probability.max(axis=(1, 2, 3)).tolist(), strict=True))

    def with_thresholds(self, thresholds: dict[str, float]) -> FakePrediction:
        return replace(self, thresholds={**self.thresholds, **thresholds})


class FakePredictor:
    """Finds a box of ischemia; can be slow, or fail."""

    bundle = SimpleNamespace(
        card=SimpleNamespace(
            refer_band={"ischemia": (0.4, 0.6)}, series_thresholds={"ischemia": 0.5, "hemorrhage": 0.5}
        )
    )
    steps = 3
    pause_s = 0.0
    fails: CpamError | None = None

    def predict(
        self,
        volume: CTVolume,
        *,
        progress: Callable[[int, int], None],
        cancelled: Callable[[], bool],
        tta: bool = False,
    ) -> FakePrediction:
        for step in range(self.steps):
            if cancelled():
                raise CancelledError("Stopped")
            sleep(self.pause_s)
            progress(step + 1, self.steps)
        if self.fails is not None:
            raise self.fails
        probability = np.zeros((2, *volume.shape), dtype=np.float32)
        z, y, x = (n // 2 for n in volume.shape)
        probability[0, z - 1 : z + 1, y - 8 : y + 8, x + 10 : x + 20] = 0.9
        probability[0, z + 1, y - 8 : y + 8, x + 10 : x + 20] = 0.3
        return FakePrediction(probability, {"ischemia": 0.5, "hemorrhage": 0.5})


@pytest.fixture
def predictor(monkeypatch: pytest.MonkeyPatch) -> FakePredictor:
    """Put a stand-in where the session loads its model."""
    from napari_cpam_stroke.widgets.runner import ModelRunner

    fake = FakePredictor()

    def load(self: ModelRunner, ref: str, device: str) -> FakePredictor:
        self._predictor = (("", "", ""), fake)
        return fake

    monkeypatch.setattr(ModelRunner, "_load", load)
    return fake


@pytest.fixture
def viewer(make_napari_viewer: Callable[..., Any]) -> Any:
    """A napari viewer without a visible window."""
    return make_napari_viewer()


@pytest.fixture
def session(viewer: Any) -> Iterator[Any]:
    """A session whose docks a test adds itself; nothing is left running after it."""
    from napari_cpam_stroke.widgets.session import session_of

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
