"""Running a model beside the reading: progress, cancel, failure, operating points, blinded reads."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt, QUrl
from qtpy.QtGui import QImage, QTextCursor

from napari_cpam_stroke.bundles import Registry
from napari_cpam_stroke.errors import OutOfMemoryError
from napari_cpam_stroke.user_folder import application_home
from napari_cpam_stroke.widgets.docks.findings import FindingsDock
from napari_cpam_stroke.widgets.docks.models import ModelsDock
from napari_cpam_stroke.widgets.viewer.comparisons import ATTENTION

MIDDLE = 12
IMAGE_RESOURCE = 2  # of QTextDocument: an enum in one binding, a number in the other


@pytest.fixture
def dock(case: Any, predictor: Any, qtbot: Any) -> ModelsDock:
    made = ModelsDock(case)
    qtbot.addWidget(made)
    return made


def shown_pictures(text: Any) -> dict[str, Any]:
    """Name and image of each picture in a text, as the window shows them."""
    found, cursor = {}, QTextCursor(text.document())
    while cursor.movePosition(QTextCursor.MoveOperation.NextCharacter):
        if cursor.charFormat().isImageFormat():
            name = cursor.charFormat().toImageFormat().name()
            data = text.loadResource(IMAGE_RESOURCE, QUrl(name))
            found[name] = QImage.fromData(data)
    return found


def click(qtbot: Any, button: Any) -> None:
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_a_run_never_touches_what_is_drawn(case: Any, dock: ModelsDock, qtbot: Any) -> None:
    case.layers.reading.paint((12, 60, 60), 2)
    drawn = case.review.reading.copy()
    case.models.run(wait=True)
    np.testing.assert_array_equal(case.review.reading, drawn)
    assert case.layers.ai.visible
    assert case.layers.ai.data.any()
    assert "default 1.0 (0123456), cpu" in dock.state.text()


def test_progress_is_told_and_cancel_ends_at_once(case: Any, dock: ModelsDock, predictor: Any, qtbot: Any) -> None:
    predictor.steps, predictor.pause_s = 200, 0.02
    with qtbot.waitSignal(case.models.progressed):
        case.models.run()
    assert dock.stop.isEnabled()
    with qtbot.waitSignal(case.models.ended, timeout=1000):
        click(qtbot, dock.stop)
    assert case.review.prediction is None
    assert not dock.stop.isEnabled()


def test_a_failure_is_one_sentence_in_the_dock(case: Any, dock: ModelsDock, predictor: Any) -> None:
    predictor.fails = OutOfMemoryError("The model does not fit this device", remedy="choose cpu")
    case.layers.reading.paint((12, 60, 60), 1)
    case.models.run(wait=True)
    assert dock.state.text() == "The model does not fit this device; choose cpu."
    assert case.review.reading.any()


def test_a_slider_moves_the_mask_without_another_run(case: Any, dock: ModelsDock, qtbot: Any) -> None:
    case.models.run(wait=True)
    before = np.count_nonzero(case.review.prediction.mask)
    with qtbot.waitSignal(case.prediction_changed, timeout=3000):
        dock.sliders["ischemia"].setValue(0.2)
    assert np.count_nonzero(case.review.prediction.mask) > before
    np.testing.assert_array_equal(case.layers.turned(case.layers.ai.data), case.review.prediction.mask)


def test_taking_the_ai_as_start_is_one_undo_step(case: Any, dock: ModelsDock, qtbot: Any) -> None:
    case.layers.reading.paint((12, 60, 60), 2)
    drawn = case.review.reading.copy()
    case.models.run(wait=True)
    dock.adopt.click()
    assert (case.review.reading == 1).any()
    assert (case.review.reading == 2).sum() == (drawn == 2).sum()
    case.layers.reading.undo()
    np.testing.assert_array_equal(case.review.reading, drawn)


def test_a_blinded_reader_sees_nothing_before_the_reveal(
    session: Any, predictor: Any, phantom_volume: Any, qtbot: Any
) -> None:
    session.settings.change(blinded=True)
    session.show(phantom_volume)
    findings = FindingsDock(session)
    qtbot.addWidget(findings)
    session.wait()
    session.models.run(wait=True)
    assert not session.layers.ai.visible
    assert findings.bars["ischemia"].probability is None
    assert "Blinded" in findings.model.text()
    findings.reveal.click()
    assert session.layers.ai.visible
    assert findings.bars["ischemia"].probability == pytest.approx(0.9)


def test_an_installed_model_is_offered_after_a_refresh(case: Any, dock: ModelsDock) -> None:
    case.models.refresh()
    assert dock.model.count() == len(case.models.entries)


def test_the_card_is_what_models_show_prints(case: Any, dock: ModelsDock) -> None:
    dock.card.click()
    shown = dock._card_window.text.toPlainText()
    assert "not a medical device" in shown
    assert Registry().resolve().card.weights_sha256 in shown
    pictures = shown_pictures(dock._card_window.text)
    assert list(pictures) == [failure.picture for failure in Registry().resolve().card.failures]
    assert pictures
    for name, image in pictures.items():
        assert image.width() > 100, name  # Qt's sign for a missing picture is small
        assert len({image.pixel(x, y) for x in range(0, image.width(), 5) for y in range(0, image.height(), 5)}) > 20
    dock._card_window.close()


def test_a_damaged_model_is_one_sentence_and_the_work_is_kept(case: Any, qtbot: Any) -> None:
    dock = ModelsDock(case)
    qtbot.addWidget(dock)
    folder = application_home() / "models" / "broken" / "1.0"
    folder.mkdir(parents=True)
    (folder / "card.json").write_bytes((Registry().resolve().path / "card.json").read_bytes())
    (folder / "model.safetensors").write_bytes(b"cut off")
    case.layers.reading.paint((MIDDLE, 30, 60), 1)
    case.flush()
    drawn = case.review.reading.copy()
    case.models.choose(ref="broken@1.0")
    case.models.run(wait=True)
    assert "are not those its card describes" in dock.state.text()
    np.testing.assert_array_equal(case.review.reading, drawn)
    assert case.review.dirty


def test_memory_that_runs_out_is_said_and_the_work_is_kept(case: Any, dock: ModelsDock, predictor: Any) -> None:
    case.layers.reading.paint((MIDDLE, 30, 60), 1)
    predictor.fails = MemoryError("cannot take 9 GB")
    case.models.run(wait=True)
    assert dock.state.text() == "Unexpected MemoryError: cannot take 9 GB; nothing of your work was changed."
    case.flush()
    assert case.review.reading.any()
    predictor.fails = None
    dock.run.click()
    case.wait()
    assert dock.state.text().startswith("Shown: ")


def test_without_torch_one_is_told_so(case: Any, dock: ModelsDock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("napari_cpam_stroke.widgets.reading.model_runs.importlib.util.find_spec", lambda _: None)
    dock.run.click()
    assert "torch, which is not installed" in dock.state.text()


def test_a_click_asks_what_the_model_attends_to(
    case: Any, dock: ModelsDock, predictor: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    native = (5, 60, 50)
    monkeypatch.setattr(
        "napari_cpam_stroke.inference.attention_at",
        lambda _predictor, volume, voxel, level: np.full(volume.shape[1:], voxel[0] / 10, np.float32),
        raising=False,
    )
    monkeypatch.setattr(predictor, "model", SimpleNamespace(attention_levels=(1,)), raising=False)
    dock.explain.click()
    case.viewer.cursor.position = case.layers.world_of(native)
    click = SimpleNamespace(button=1, type="mouse_press", handled=False)
    assert case.attention._on_click in case.viewer.mouse_drag_callbacks
    steps = case.attention._on_click(case.viewer, click)
    next(steps)
    click.type = "mouse_release"
    next(steps, None)
    case.wait()
    layer = case.layers.extra[ATTENTION]
    assert layer.data.max() == pytest.approx(0.5)
    assert layer.translate[0] == pytest.approx(case.layers.world_of(native)[0])
    dock.explain.click()
    assert ATTENTION not in case.layers.extra
    assert case.attention._on_click not in case.viewer.mouse_drag_callbacks


def test_attention_stays_hidden_in_a_blinded_read(session: Any, predictor: Any, phantom_volume: Any) -> None:
    session.settings.change(blinded=True)
    session.show(phantom_volume)
    session.attention.explain((5, 60, 50))
    assert "until you reveal" in session.models.last_failure
    session.wait()
