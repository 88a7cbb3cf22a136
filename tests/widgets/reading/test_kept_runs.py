"""What a model found is there when the case is opened again, says of which model it is, and never reaches another."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from napari_cpam_stroke.bundles import ModelIdentity
from napari_cpam_stroke.core import CTVolume
from napari_cpam_stroke.widgets.docks.models import ModelsDock

NEWER = ModelIdentity("default", "2.0", "fedcba9876543210")


class Counted:
    """Passes runs on and counts them; what it finds is said to be of `model`."""

    def __init__(self, inner: Any) -> None:
        self.inner, self.runs = inner, 0
        self.model: ModelIdentity | None = None

    def predict(self, volume: CTVolume, **more: Any) -> Any:
        self.runs += 1
        found = self.inner.predict(volume, **more)
        if self.model is None:
            return found
        lesser = found.probabilities // 2
        return replace(found, model=self.model, probabilities=lesser, mask=np.zeros_like(found.mask))


@pytest.fixture
def counted(predictor: Any, monkeypatch: pytest.MonkeyPatch) -> Counted:
    from napari_cpam_stroke.widgets.reading.loaded_model import LoadedModel

    counted = Counted(predictor)
    monkeypatch.setattr(LoadedModel, "get", lambda _self, _ref, _device: counted)
    return counted


def choose(monkeypatch: pytest.MonkeyPatch, models: Any, identity: ModelIdentity) -> None:
    """Let the reader's chosen model be one with these weights."""
    monkeypatch.setattr(models, "bundle", lambda: SimpleNamespace(card=SimpleNamespace(identity=identity)))


def other(volume: CTVolume) -> CTVolume:
    return replace(volume, hu=volume.hu + 1, case_id="other")


def run(session: Any) -> None:
    session.models.run(wait=True)
    session.wait()


def test_a_case_opened_again_shows_the_result_without_another_run(
    case: Any, counted: Counted, phantom_volume: CTVolume
) -> None:
    run(case)
    found = case.models.prediction
    case.close_case()
    case.show(other(phantom_volume))
    case.wait()
    assert case.models.prediction is None
    case.show(phantom_volume)
    case.wait()
    assert counted.runs == 1
    np.testing.assert_array_equal(case.models.prediction.mask, found.mask)
    np.testing.assert_array_equal(case.layers.turned(case.layers.ai.data), found.mask)
    assert not case.review.reading.any()
    assert not case.review.dirty


def test_the_dock_says_of_which_model_it_is_and_since_when(
    case: Any, counted: Counted, phantom_volume: CTVolume, qtbot: Any
) -> None:
    dock = ModelsDock(case)
    qtbot.addWidget(dock)
    run(case)
    case.close_case()
    assert dock.state.text() == "Not run on this case."
    case.show(phantom_volume)
    case.wait()
    assert dock.state.text().startswith("Shown: default 1.0 (0123456), kept ")


def test_another_version_is_a_result_beside_it(
    case: Any, counted: Counted, phantom_volume: CTVolume, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(case)
    first = case.models.prediction
    counted.model = NEWER
    run(case)
    assert [kept.model.version for kept in case.models.kept.runs] == ["1.0", "2.0"]
    case.close_case()
    case.show(phantom_volume)
    case.wait()
    assert case.models.prediction.model == NEWER
    choose(monkeypatch, case.models, first.model)
    case.models.choose(ref="default@1.0")
    case.wait()
    assert case.models.prediction.model == first.model
    np.testing.assert_array_equal(case.models.prediction.mask, first.mask)
    assert counted.runs == 2


def test_run_on_opening_runs_only_what_has_not_run(
    case: Any, counted: Counted, phantom_volume: CTVolume, monkeypatch: pytest.MonkeyPatch
) -> None:
    case.settings.change(run_on_open=True)
    run(case)
    choose(monkeypatch, case.models, case.models.prediction.model)
    for identity, runs in ((case.models.prediction.model, 1), (NEWER, 2)):
        choose(monkeypatch, case.models, identity)
        counted.model = identity
        case.close_case()
        case.show(phantom_volume)
        case.wait()
        assert counted.runs == runs


def test_a_blinded_reader_does_not_see_the_kept_result(case: Any, counted: Counted, phantom_volume: CTVolume) -> None:
    run(case)
    case.close_case()
    case.settings.change(blinded=True)
    case.show(phantom_volume)
    case.wait()
    assert case.models.hidden
    assert case.models.prediction is None
    assert not np.asarray(case.layers.ai.data).any()


def test_the_choice_of_a_model_between_two_cases_shows_no_result_of_the_first(
    case: Any, counted: Counted, phantom_volume: CTVolume, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(case)
    choose(monkeypatch, case.models, case.models.prediction.model)
    case.close_case()
    case.show(other(phantom_volume))
    case.models.choose(ref="default")
    case.wait()
    assert case.models.prediction is None


def test_what_was_found_while_the_case_was_looked_up_is_kept_and_stays_on_the_screen(
    case: Any, counted: Counted, phantom_volume: CTVolume
) -> None:
    run(case)
    case.close_case()
    counted.model = NEWER
    case.show(phantom_volume)
    case.models.run(wait=True)
    case.wait()
    assert case.models.prediction.model == NEWER
    assert [kept.model.version for kept in case.store.open().runs(case.case_id)] == ["1.0", "2.0"]


def test_a_damaged_result_is_said_and_the_case_opens(
    case: Any, counted: Counted, phantom_volume: CTVolume, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(case)
    store = case.store.open()
    (kept,) = store.runs(case.case_id)
    for path in store._blobs.root.glob("??/*"):
        if path.name in _names(store, kept.id):
            path.write_bytes(b"")
    case.close_case()
    warned: list[str] = []
    monkeypatch.setattr(case, "warn", warned.append)
    case.show(phantom_volume)
    case.wait()
    assert case.review is not None
    assert case.models.prediction is None
    assert len(warned) == 1
    assert "missing or damaged" in warned[0]


def _names(store: Any, run_id: str) -> set[str]:
    from napari_cpam_stroke.annotations.runs import blobs_of_run
    from napari_cpam_stroke.annotations.schema import RunRow

    with store._database.reading() as session:
        return set(blobs_of_run(session.get(RunRow, run_id)).values())
