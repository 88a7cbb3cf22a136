"""The whole room in a real viewer: docks, reader, sample data, closing."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from pathlib import Path
from shutil import make_archive
from typing import Any

import numpy as np
import pytest
from pydicom.fileset import FileSet
from qtpy.QtCore import QEvent, Qt, QTimer
from qtpy.QtWidgets import QApplication, QCheckBox, QComboBox, QMainWindow, QPushButton

from napari_cpam_stroke.annotations import program_lock
from napari_cpam_stroke.annotations.recovery import INTERVAL_S, Journal, recovery_folder
from napari_cpam_stroke.dicom import read_nifti_mask, read_segmentation
from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.widgets.contributions.commands import write_mask
from napari_cpam_stroke.widgets.contributions.reader import get_reader, read
from napari_cpam_stroke.widgets.reading import session as session_module
from napari_cpam_stroke.widgets.reading.drafts import TICK_MS
from napari_cpam_stroke.widgets.reading.keys import KEYS
from napari_cpam_stroke.widgets.reading.session import CANCEL, DISCARD, SAVE, session_of
from napari_cpam_stroke.widgets.room import DOCKS, ask_reader, open_room, open_sample, watch_window
from napari_cpam_stroke.widgets.viewer.viewer_actions import PREFIX


@pytest.fixture
def window(make_napari_viewer: Callable[..., Any]) -> Any:
    """A viewer with its (hidden) window."""
    return make_napari_viewer()


def test_the_room_docks_everything_once(window: Any) -> None:
    session = open_room(window)
    assert open_room(window) is session
    assert {title for _, title, _ in DOCKS.values()} <= set(window.window.dock_widgets)


def test_a_dropped_folder_opens_in_the_room(window: Any, stroke_series_dir: Path) -> None:
    assert window.open(str(stroke_series_dir), plugin="napari-cpam-stroke") == []
    session = session_of(window)
    session.wait()
    assert session.entry.verdict == "ready"
    assert [layer.name for layer in window.layers] == ["Original", "AI", "Reading"]
    assert session.review.volume.source
    cases = window.window.dock_widgets["Cases"]
    assert cases.series.count() == 1
    assert cases.list.table.model().rowCount() == 1
    assert not cases.series.item(0).icon().isNull()


def zipped(series: Path, folder: Path) -> Path:
    return Path(make_archive(str(folder / "study"), "zip", series))


def disc(series: Path, folder: Path) -> Path:
    """A DICOMDIR and the files it lists, as on a CD."""
    files = FileSet()
    for path in sorted(series.rglob("*.dcm")):
        files.add(path)
    files.write(folder / "disc")
    return folder / "disc" / "DICOMDIR"


@pytest.mark.parametrize("packed", [zipped, disc])
def test_a_zip_and_a_dicomdir_open_like_the_folder(
    window: Any, stroke_series_dir: Path, tmp_path: Path, packed: Callable[[Path, Path], Path]
) -> None:
    assert window.open(str(packed(stroke_series_dir, tmp_path)), plugin="napari-cpam-stroke") == []
    session = session_of(window)
    session.wait()
    assert session.entry.verdict == "ready"
    assert [layer.name for layer in window.layers] == ["Original", "AI", "Reading"]
    assert session.review.volume.shape[0] == len(list(stroke_series_dir.rglob("*.dcm")))


def test_sample_data_opens_in_the_room(window: Any) -> None:
    window.open_sample("napari-cpam-stroke", "stroke_case")
    session = session_of(window)
    session.wait()
    assert [layer.name for layer in window.layers] == ["Original", "AI", "Reading"]


def test_a_reader_without_a_viewer_gives_a_plain_layer(stroke_series_dir: Path) -> None:
    data, settings, kind = read(str(stroke_series_dir))[0]
    assert kind == "image"
    assert data.dtype == np.int16
    assert settings["scale"][0] == pytest.approx(5.0)


def test_sample_data_without_a_viewer_is_a_layer() -> None:
    assert open_sample()[0][2] == "image"


def test_the_reader_declines_what_is_not_dicom(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    assert get_reader(str(tmp_path)) is None
    assert get_reader(str(tmp_path / "missing")) is None
    assert get_reader([]) is None


def test_a_folder_without_ct_says_so_in_the_dock(window: Any, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    session = open_room(window)
    session.open_path(tmp_path, wait=True)
    assert "No CT series" in window.window.dock_widgets["Cases"].message.text()
    assert session.review is None


def test_unsaved_strokes_survive_a_crash(case: Any, phantom_volume: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    session = case
    session.layers.reading.paint((12, 60, 60), 1)
    drawn = session.layers.reading_mask.copy()
    session.drafts.keep()
    assert Journal.pending(recovery_folder()) == []  # the writer still runs: nothing to recover yet
    monkeypatch.setattr(program_lock, "PROGRAM", "the next start")
    program_lock._let_go()
    session.drafts.release()
    session.close_case(ask=False)
    asked: list[str] = []

    def answer(question: str, answers: tuple[str, ...]) -> str:
        asked.append(question)
        return answers[0]

    session.ask = answer
    session.show(phantom_volume)
    session.wait()
    assert len(asked) == 1
    np.testing.assert_array_equal(session.review.reading, drawn)
    assert session.records.state == "recovered, not saved yet"


def test_strokes_are_in_a_journal_before_ten_seconds_are_over(case: Any, qtbot: Any) -> None:
    assert INTERVAL_S + TICK_MS / 1000 < 10
    case.layers.reading.paint((12, 60, 60), 1)
    qtbot.waitUntil(lambda: any(recovery_folder().glob("*.journal")), timeout=10_000)


def test_closing_asks_and_may_be_refused(case: Any, qtbot: Any) -> None:
    main = QMainWindow()
    qtbot.addWidget(main)
    watch_window(main, case)
    case.layers.reading.paint((12, 60, 60), 1)
    case.ask = lambda _question, _answers: CANCEL
    main.show()
    assert not main.close()
    assert case.review.dirty
    case.ask = lambda _question, _answers: SAVE
    assert main.close()
    assert not case.review.dirty


@pytest.mark.parametrize(("press", "answer"), [("discard", DISCARD), ("", CANCEL)])
def test_a_question_is_answered_by_a_button_or_put_off_by_escape(qtbot: Any, press: str, answer: str) -> None:
    def reply() -> None:
        box = QApplication.activeModalWidget()
        buttons = {button.text().replace("&", ""): button for button in box.buttons()}
        if press:
            qtbot.mouseClick(buttons[press], Qt.MouseButton.LeftButton)
        else:
            qtbot.keyClick(box, Qt.Key.Key_Escape)

    QTimer.singleShot(100, reply)
    assert ask_reader(None, "Case one has unsaved changes.", (SAVE, DISCARD, CANCEL)) == answer


def test_nothing_keeps_a_closed_viewer_alive(make_napari_viewer: Callable[..., Any], phantom_volume: Any) -> None:
    viewer = make_napari_viewer()
    session = open_room(viewer)
    session.show(phantom_volume)
    session.wait()
    gone = weakref.ref(viewer)
    state = weakref.ref(session.review)
    viewer.close()
    del viewer, session
    QApplication.processEvents()
    QApplication.sendPostedEvents(None, int(QEvent.Type.DeferredDelete))
    gc.collect()
    assert gone() is None or gone() not in session_module._SESSIONS
    assert len(session_module._SESSIONS) == 0
    assert state() is None, "the case, its volume with it, must not outlive the window"


def bound_keys() -> int:
    """How many actions of the room napari holds."""
    from napari.utils.action_manager import action_manager

    return sum(bool(action_manager._shortcuts.get(name)) for name in action_manager._actions if PREFIX in name)


def test_a_closed_window_has_given_the_keys_back(make_napari_viewer: Callable[..., Any]) -> None:
    viewer = make_napari_viewer()
    open_room(viewer)
    assert bound_keys() == len(KEYS)
    viewer.close()
    QApplication.processEvents()
    QApplication.sendPostedEvents(None, int(QEvent.Type.DeferredDelete))
    assert bound_keys() == 0


def test_napari_saves_the_reading_on_its_native_frames(window: Any, stroke_series_dir: Path, tmp_path: Path) -> None:
    session = open_room(window)
    session.open_path(stroke_series_dir, wait=True)
    session.layers.reading.paint(session.layers.turned_index((12, 100, 60)), 1)
    for name in ("mask.dcm", "mask.nii.gz"):
        assert window.layers["Reading"].save(str(tmp_path / name), plugin="napari-cpam-stroke")
    volume, drawn = session.review.volume, session.review.reading
    np.testing.assert_array_equal(read_segmentation(tmp_path / "mask.dcm", volume), drawn)
    np.testing.assert_array_equal(read_nifti_mask(tmp_path / "mask.nii.gz", volume), drawn)
    session.review.store = None
    session.close_case(ask=False)


def test_a_foreign_layer_is_not_saved(window: Any, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="belongs to no open head CT"):
        write_mask(str(tmp_path / "x.dcm"), np.zeros((2, 2, 2)), {"name": "cells", "metadata": {}})


def test_export_from_the_dock_writes_everything(window: Any, stroke_series_dir: Path, tmp_path: Path) -> None:
    session = open_room(window)
    session.open_path(stroke_series_dir, wait=True)
    session.layers.reading.paint((12, 100, 60), 1)
    session.records.export(tmp_path)
    session.wait()
    written = {file.name for file in (tmp_path / session.review.volume.case_id).iterdir()}
    assert {"segmentation.dcm", "measurements.dcm", "mask.nii.gz", "lesions.csv", "report.html"} <= written
    session.close_case(ask=False)


def test_every_part_of_every_dock_explains_itself(window: Any) -> None:
    open_room(window)
    docks = {title: window.window.dock_widgets[title] for _, title, _ in DOCKS.values()}
    for title, dock in docks.items():
        parts = [*dock.findChildren(QPushButton), *dock.findChildren(QCheckBox), *dock.findChildren(QComboBox)]
        assert parts or title == "Three planes", title
        assert [part.text() for part in parts if not part.toolTip()] == [], title


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_what_we_draw_ourselves_is_readable_in_both_themes(window: Any, theme: str, phantom_volume: Any) -> None:
    window.theme = theme
    session = open_room(window)
    session.show(phantom_volume)
    session.wait()
    findings = window.window.dock_widgets["Findings"]
    for part in (findings.strip, findings.bars["ischemia"]):
        part.resize(240, 60)
        shades = {part.grab().toImage().pixelColor(x, y).lightness() for x in range(240) for y in range(20)}
        assert max(shades) - min(shades) > 100, f"lines and ground look alike: {sorted(shades)}"
    session.close_case(ask=False)


def test_a_closed_case_is_let_go(window: Any, phantom_volume: Any) -> None:
    session = open_room(window)
    session.show(phantom_volume)
    session.wait()
    state = weakref.ref(session.review)
    session.close_case(ask=False)
    QApplication.sendPostedEvents(None, int(QEvent.Type.DeferredDelete))
    gc.collect()
    assert state() is None
