"""What is dropped on napari's window, as Qt delivers it: with a room open, without one, and what is no DICOM."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import copy, copytree, make_archive
from typing import Any

import npe2
import numpy as np
import pytest
from napari._qt.dialogs.qt_reader_dialog import QtReaderDialog
from napari.plugins._npe2 import get_readers
from napari.utils.notifications import notification_manager
from PIL import Image
from pydicom import dcmread
from pydicom.fileset import FileSet
from pydicom.uid import generate_uid
from qtpy.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from qtpy.QtGui import QDragEnterEvent, QDropEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QWidget

from napari_cpam_stroke.dicom import write_nifti, write_segmentation
from napari_cpam_stroke.widgets.contributions.reader import get_reader
from napari_cpam_stroke.widgets.contributions.reader_choice import YES, remember
from napari_cpam_stroke.widgets.reading.session import session_of
from napari_cpam_stroke.widgets.room import open_room
from napari_cpam_stroke.widgets.viewer import compat

BY_HAND = {"algorithm_type": "MANUAL", "algorithm_name": "reader", "algorithm_version": "1"}
NONE, LEFT, COPY = Qt.KeyboardModifier.NoModifier, Qt.MouseButton.LeftButton, Qt.DropAction.CopyAction


@pytest.fixture
def viewer(make_napari_viewer: Callable[..., Any]) -> Iterator[Any]:
    made = make_napari_viewer(show_welcome_screen=True)
    yield made
    session = session_of(made)
    session.wait()
    session.close_case(ask=False)


@pytest.fixture
def choices(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What napari's reader question was asked about; it is answered with this plugin."""
    asked: list[str] = []

    def answer(self: QtReaderDialog) -> tuple[str, bool]:
        asked.append(Path(self._current_file).name)
        return "CPAM stroke", False

    monkeypatch.setattr(QtReaderDialog, "get_user_choices", answer)
    return asked


def mime(*paths: Path) -> QMimeData:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return data


def drop(viewer: Any, *paths: Path, on: QWidget | None = None) -> Any:
    """Drop paths as Qt does it, wait for what they open, and return the session."""
    data, target = mime(*paths), on or compat.canvas_part(viewer)
    enter = QDragEnterEvent(QPoint(5, 5), COPY, data, LEFT, NONE)
    enter.ignore()
    QApplication.sendEvent(target, enter)
    assert enter.isAccepted(), "Qt drops nowhere else"
    QApplication.sendEvent(target, QDropEvent(QPointF(5, 5), COPY, data, LEFT, NONE, QEvent.Type.Drop))
    QTest.qWait(50)
    session = session_of(viewer)
    session.wait()
    QTest.qWait(20)
    session.wait()
    return session


def second_series(folder: Path, series: Path) -> Path:
    """Copy a series under another UID, with thin slices that would not be proposed first."""
    copytree(series, folder)
    uid = generate_uid()
    for path in folder.iterdir():
        data = dcmread(path)
        data.SeriesInstanceUID, data.ConvolutionKernel, data.SeriesDescription = uid, "H70h", "second"
        data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        data.save_as(path)
    return folder


@pytest.fixture
def study(tmp_path: Path, plain_series: Path) -> Path:
    """A folder with two series in folders of their own."""
    copytree(plain_series, tmp_path / "study" / "first")
    second_series(tmp_path / "study" / "second", plain_series)
    return tmp_path / "study"


def docked(viewer: Any) -> QWidget:
    return viewer.window.dock_widgets["Findings"]


def welcome(viewer: Any) -> QWidget:
    return compat.canvas_part(viewer)._welcome_widget


@pytest.mark.parametrize("place", [compat.canvas_part, welcome, docked])
def test_a_folder_opens_without_a_question(
    viewer: Any, plain_series: Path, choices: list[str], place: Callable[[Any], QWidget]
) -> None:
    open_room(viewer)
    session = drop(viewer, plain_series, on=place(viewer))
    assert choices == []
    assert session.review is not None
    assert [layer.name for layer in viewer.layers] == ["Original", "AI", "Reading"]


def test_a_question_of_napari_offers_to_be_the_last(viewer: Any, plain_series: Path, choices: list[str]) -> None:
    before = len(notification_manager.records)
    session = drop(viewer, plain_series)
    assert choices == [plain_series.name]
    assert session.review is not None
    (offer,) = [n for n in list(notification_manager.records)[before:] if n.actions]
    ((text, act),) = offer.actions
    assert text == YES
    act()


def test_a_preferred_reader_opens_folders_and_slices_in_a_new_window(
    make_napari_viewer: Callable[..., Any], plain_series: Path, choices: list[str]
) -> None:
    viewer = make_napari_viewer()
    remember()
    before = len(notification_manager.records)
    assert drop(viewer, plain_series).review is not None
    again = make_napari_viewer()
    assert drop(again, sorted(plain_series.iterdir())[3]).review is not None
    assert choices == []
    assert [n for n in list(notification_manager.records)[before:] if n.actions] == []
    for each in (viewer, again):
        session_of(each).close_case(ask=False)


@pytest.mark.parametrize("room", [True, False])
def test_a_slice_opens_its_series(viewer: Any, study: Path, choices: list[str], room: bool) -> None:
    if room:
        open_room(viewer)
    slices = sorted((study / "second").iterdir())
    session = drop(viewer, slices[4])
    assert session.entry.description == "second"
    assert set(session.entry.files) == set(slices)
    assert choices == [], "napari's own reader claims no names without an extension"


@pytest.mark.parametrize("room", [True, False])
def test_several_slices_open_their_series_once(viewer: Any, study: Path, choices: list[str], room: bool) -> None:
    if room:
        open_room(viewer)
    opened: list[object] = []
    session_of(viewer).opener.opened.connect(opened.append)
    session = drop(viewer, *sorted((study / "second").iterdir())[:5])
    assert session.entry.description == "second"
    assert len(opened) == 1


@pytest.mark.parametrize("name", ["slice.dcm", "SLICE.DCM", "1.2.840.113619.2.5", "I10", "IM-0001-0012", "CT.IMA"])
def test_a_slice_of_any_usual_name_is_offered_to_the_reader(plain_series: Path, tmp_path: Path, name: str) -> None:
    copy(min(plain_series.iterdir()), tmp_path / name)
    npe2.PluginManager.instance().discover()
    assert "napari-cpam-stroke" in get_readers(tmp_path / name)
    assert get_reader(str(tmp_path / name)) is not None


def test_other_files_are_not_claimed(tmp_path: Path) -> None:
    npe2.PluginManager.instance().discover()
    for name in ("picture.png", "2.0.mp4", "1.5.tif", "notes", "a.b.c"):
        assert "napari-cpam-stroke" not in get_readers(tmp_path / name)


@pytest.mark.parametrize("room", [True, False])
def test_folders_dropped_together_are_one_list(viewer: Any, study: Path, choices: list[str], room: bool) -> None:
    if room:
        open_room(viewer)
    session = drop(viewer, study / "first", study / "second")
    assert viewer.window.dock_widgets["Cases"].series.count() == 2
    assert session.entry.description != "second", "the better one is proposed"
    assert len(choices) == (0 if room else 1)


@pytest.mark.parametrize("room", [True, False])
@pytest.mark.parametrize("packed", ["zip", "disc"])
def test_a_zip_and_a_dicomdir_open_without_a_question(
    viewer: Any, plain_series: Path, tmp_path: Path, choices: list[str], packed: str, room: bool
) -> None:
    if room:
        open_room(viewer)
    path = Path(make_archive(str(tmp_path / "study"), "zip", plain_series)) if packed == "zip" else disc(plain_series)
    session = drop(viewer, path)
    assert session.review is not None
    assert choices == []


def disc(series: Path) -> Path:
    files = FileSet()
    for path in sorted(series.iterdir()):
        files.add(path)
    folder = series.parent / "disc"
    files.write(folder)
    return folder / "DICOMDIR"


@pytest.mark.parametrize("place", [compat.canvas_part, docked])
def test_what_is_no_dicom_is_opened_by_napari(viewer: Any, tmp_path: Path, place: Callable[[Any], QWidget]) -> None:
    open_room(viewer)
    Image.fromarray(np.eye(8, dtype=np.uint8)).save(tmp_path / "picture.png")
    session = drop(viewer, tmp_path / "picture.png", on=place(viewer))
    assert session.review is None
    assert [layer.name for layer in viewer.layers] == ["picture"]


def test_with_alt_napari_asks_as_ever(
    viewer: Any, plain_series: Path, choices: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    open_room(viewer)
    alt = Qt.KeyboardModifier.AltModifier
    monkeypatch.setattr("qtpy.QtGui.QGuiApplication.keyboardModifiers", staticmethod(lambda: alt))
    drop(viewer, plain_series)
    assert choices == [plain_series.name]


def test_a_mask_dropped_on_an_open_case_is_offered(viewer: Any, plain_series: Path, tmp_path: Path) -> None:
    open_room(viewer)
    session = drop(viewer, plain_series)
    volume = session.review.volume
    mask = np.zeros(volume.shape, np.uint8)
    mask[5, 40:50, 40:50] = 2
    for path in (
        write_nifti(tmp_path / "mask.nii.gz", mask, volume)[0],
        write_segmentation(tmp_path / "mask.dcm", mask, volume, **BY_HAND),
    ):
        drop(viewer, Path(path))
        form = viewer.window.dock_widgets["History and export"]._mask_form
        assert form.native.isVisible()
        assert form.mask.value == Path(path)
        form.use.value = "comparison"
        form.call_button.native.click()
        session.wait()
        assert "Difference" in viewer.layers
        session.asides.hide("Difference")
    assert session.review.volume is volume
