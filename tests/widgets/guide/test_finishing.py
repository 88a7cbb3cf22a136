"""Finishing, keeping, coming back; models that are installed; the worklist."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from napari.utils.notifications import notification_manager
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.annotations.recovery import recovery_folder
from napari_cpam_stroke.bundles import ModelCard, Registry, save_bundle
from napari_cpam_stroke.config import AttentionConfig, PreprocessConfig, SegmenterConfig
from napari_cpam_stroke.core import CTVolume
from napari_cpam_stroke.widgets.reading.state import SETTLE_MS
from napari_cpam_stroke.widgets.viewer.comparisons import ATTENTION

from .reader import CTRL, LEFT, Reader
from .sentences import step

CRASH = """
import os, signal, sys
from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.review import Autosave, CaseReview

store = AnnotationStore.open(sys.argv[1])
for name in sys.argv[2:]:
    review = CaseReview(store.read_volume(name), author="Ada")
    review.store = store
    review.reading[2, 5:15, 5:15] = 1
    review.touch((2,))
    Autosave(review).run(force=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def state(reader: Reader) -> str:
    return str(reader.dock("Correct and save").state.whole)


def stroke(reader: Reader) -> None:
    reader.press(Qt.Key.Key_I)
    reader.drag(LEFT, (-40, 0), (-10, 20))
    QTest.qWait(2 * SETTLE_MS)
    reader.settle()


def crash(home: Path, small_case: Callable[[str], CTVolume], *names: str) -> None:
    """A program that is killed while it edits some cases."""
    with AnnotationStore.open(home / "annotations") as store:
        for name in names:
            store.add_case(small_case(name), source="reader")
    command = [sys.executable, "-c", CRASH, str(home / "annotations"), *names]
    ended = subprocess.run(command, env=os.environ.copy(), check=False, capture_output=True, text=True)
    assert ended.returncode == -signal.SIGKILL, ended.stderr


def test_keeping(reader: Reader, predictor: Any, small_case: Callable[[str], CTVolume], tmp_path: Path) -> None:
    for name in ("alpha", "beta"):
        reader.session.store.open().add_case(small_case(name), source="reader")
    reader.session.worklist.refresh(order="id")
    reader.settle()
    reader.open_listed("alpha")
    reader.settle()
    correct, cases, history = reader.dock("Correct and save"), reader.dock("Cases"), reader.dock("History and export")
    with step("What is unsaved is asked about before another case, another store or closing."):
        stroke(reader)
        assert state(reader) == "unsaved changes"
        with reader.answering("cancel") as asked:
            reader.open_listed("beta")
        with reader.answering("cancel") as also:
            reader.write(history.store, str(tmp_path / "other"))
            reader.key(Qt.Key.Key_Return)
        with reader.answering("cancel") as again:
            reader.window.close()
        assert all("unsaved changes" in words for words in (asked[0], also[0], again[0]))
        assert reader.window.isVisible()
        assert state(reader) == "unsaved changes"
    with step(
        "Every save (F8) is a new version; none is ever overwritten. *saved 14:02, version 7* appears only when it "
        "is on the disk."
    ):
        for number in (1, 2):
            stroke(reader)
            reader.press(Qt.Key.Key_F8)
            assert "saved" not in state(reader)
            reader.settle()
            assert state(reader).startswith("saved ")
            assert state(reader).endswith(f"version {number}")
            reader.press(Qt.Key.Key_Z, CTRL)
        reader.settle()
        versions = history.versions
        assert [versions.topLevelItem(place).text(0) for place in range(versions.topLevelItemCount())] == ["2", "1"]
    with step("A field belongs to the case it was typed in, at every letter."):
        reader.click(correct.comment)
        reader.type("mot")
        with reader.answering("save"):
            reader.open_listed("beta")
        assert correct.comment.text() == ""
        reader.open_listed("alpha")
        reader.settle()
        assert correct.comment.text() == "mot"
    with step("Strokes are also kept as a draft at most ten seconds behind you."):
        stroke(reader)
        for _ in range(100):
            QTest.qWait(100)
            if any(recovery_folder().glob("*.journal")):
                break
        assert any(recovery_folder().glob("*.journal"))
    with step(
        "Where a folder or case cannot be opened the room is left without a case, and the reason stands in *Cases* "
        "and among napari's notifications."
    ):
        (tmp_path / "empty").mkdir()
        with reader.answering("discard"), reader.choosing(tmp_path / "empty"):
            reader.click(cases.open_folder)
        reader.settle()
        assert list(reader.viewer.layers) == []
        assert "No CT series found there" in cases.message.text()
        assert any("No CT series found there" in note.message for note in notification_manager.records)


def test_after_a_crash(
    start: Callable[[], Reader], predictor: Any, small_case: Callable[[str], CTVolume], isolated_home: Path
) -> None:
    crash(isolated_home, small_case, "alpha", "beta", "gamma")
    reader = start()
    reader.menu("Plugins", "CPAM stroke", "Reading room")
    cases = reader.dock("Cases")
    drafts = cases.drafts
    with step(
        "After a crash the next start says in *Cases* how many drafts were left and of which case the newest is;"
    ):
        assert drafts.line.text().startswith("3 unsaved drafts from before: the newest of case gamma, ")
    with step("*Show* lists them with reader, time and ml."):
        reader.click(drafts.unfold)
        heads = [drafts.drafts.headerItem().text(place) for place in range(4)]
        assert heads == ["case", "when", "reader", "ml"]
        first = drafts.drafts.topLevelItem(0)
        assert (first.text(0), first.text(2), first.text(3)) == ("gamma", "Ada", "0.2")
    with step("*Later* leaves them."):
        assert drafts.unfold.text() == "Later"
        reader.click(drafts.unfold)
        assert drafts.drafts.isHidden()
        assert "3 unsaved drafts" in drafts.line.text()
        reader.click(drafts.unfold)
    with step("*Discard...* asks first;"):
        with reader.answering("discard") as asked:
            reader.click(drafts.discard)
        assert "gamma" in asked[0]
        assert drafts.drafts.topLevelItemCount() == 2
    with step("*Open* opens the case with the draft taken up, not saved yet;"):
        reader.click(drafts.open)
        reader.settle()
        assert reader.session.view.case_title == "Case beta"
        assert np.count_nonzero(reader.viewer.layers["Reading"].data) == 100
        assert state(reader) == "recovered, not saved yet"
    with step("A draft that is damaged, or whose case is not in the store in use, says so and is kept."):
        (left,) = [path for path in recovery_folder().glob("*.journal") if b"alpha" in path.read_bytes()]
        whole = left.read_bytes()
        left.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        reader.session.left_drafts.look()
        reader.settle()
        assert drafts.drafts.topLevelItem(0).text(0) == "\u2715 alpha"
        reader.click(drafts.open)
        reader.settle()
        assert "damaged" in cases.message.text()
        assert left.exists()


def install(folder: Path, name: str, seed: int, *, attention: bool) -> None:
    """A small model of random weights, installed as the next version of a name."""
    import torch

    from napari_cpam_stroke.models import build_model

    torch.manual_seed(seed)
    placement = AttentionConfig().placement if attention else ("none",)
    looks = AttentionConfig(placement=placement, token_grid=4, heads=1, width=8)
    network = SegmenterConfig(base_width=4, depth=2, max_width=8, input_size=32, attention=looks)
    card = ModelCard(name=name, architecture=network, preprocess=PreprocessConfig(size=32))
    save_bundle(folder, card, build_model(network).state_dict())
    Registry().install(folder)


def test_models(reader: Reader, phantom_volume: CTVolume, tmp_path: Path) -> None:
    install(tmp_path / "one", "tiny", 1, attention=True)
    install(tmp_path / "two", "tiny", 2, attention=True)
    install(tmp_path / "flat", "flat", 3, attention=False)
    models = reader.dock("AI models")
    reader.session.show(phantom_volume)
    reader.settle()
    reader.click(models.refresh)
    reader.choose(models.device, "cpu")

    def use(words: str) -> str:
        reader.choose(models.model, words)
        reader.settle()
        return str(models.state.text())

    with step(
        "The result is kept with the case: opened again, it shows it without another run and *AI models* says of "
        "which model it is. Another version of a model gives a result beside the earlier one; choose a model that "
        "has run on the case to see its own."
    ):
        for version in ("tiny 1.0", "tiny 2.0"):
            use(version)
            reader.click(models.run)
            reader.settle()
            assert models.state.text().startswith(f"Shown: {version}")
        seen = np.asarray(reader.session.models.prediction.probabilities).copy()
        assert use("tiny 1.0").startswith("Shown: tiny 1.0")
        assert not np.array_equal(reader.session.models.prediction.probabilities, seen)
        assert use("tiny 2.0").startswith("Shown: tiny 2.0")
        np.testing.assert_array_equal(reader.session.models.prediction.probabilities, seen)
        name = reader.session.case_id
        reader.session.close_case(ask=False)
        reader.open_listed(name)
        reader.settle()
        assert models.state.text().startswith("Shown: tiny 2.0")
        assert "kept" in models.state.text()
        np.testing.assert_array_equal(reader.session.models.prediction.probabilities, seen)
    with step(
        "*attention on click* in *AI models* shows, for the voxel you click, which parts of the slice the model "
        "compared it with; only models with cross patch attention have such a map."
    ):
        reader.tick(models.explain)
        reader.press(Qt.Key.Key_6)
        reader.move(-20, 10)
        QTest.mouseClick(reader.canvas, LEFT, Qt.KeyboardModifier.NoModifier, reader.at(-20, 10))
        reader.settle()
        assert ATTENTION in reader.viewer.layers
        assert 0 < reader.viewer.layers[ATTENTION].data.max() <= 1
        reader.tick(models.explain)
        assert ATTENTION not in reader.viewer.layers
        use("flat")
        reader.tick(models.explain)
        QTest.mouseClick(reader.canvas, LEFT, Qt.KeyboardModifier.NoModifier, reader.at(-20, 10))
        reader.settle()
        assert ATTENTION not in reader.viewer.layers
        assert "attention" in models.state.text()
    with step("*Card* shows what the chosen model was trained and judged on, and where it fails."):
        use("default")
        reader.click(models.card)
        (card,) = [each for each in QApplication.topLevelWidgets() if each.windowTitle() == "Model card"]
        assert card.isVisible()
        words = card.text.toPlainText().lower()
        assert all(part in words for part in ("train", "test", "fail"))
        card.close()
