"""The prior study: beside the case and linked to its slices, never of another patient, never mixed with the case."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QPoint, QPointF, Qt
from qtpy.QtGui import QWheelEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QFileDialog

from napari_cpam_stroke.core import CTVolume, VolumeGeometry, apply_window
from napari_cpam_stroke.samples import phantom_volume
from napari_cpam_stroke.samples.dicom_series import SeriesText, write_dicom_series
from napari_cpam_stroke.widgets.docks.prior import BY_HEIGHT, BY_SHARE, NO_CASE, NO_OTHER, NOT_KNOWN
from napari_cpam_stroke.widgets.reading.prior_study import ANOTHER_PATIENT, SAME_SERIES, same_patient


def earlier(**changes: Any) -> CTVolume:
    """The synthetic head again, every second slice of it, elsewhere on the table and darker."""
    volume = phantom_volume()
    found = volume.geometry
    assert found is not None
    geometry = VolumeGeometry(
        found.positions_mm[::2] + np.array([3, 4, 70]), found.row_direction, found.column_direction,
        found.pixel_spacing_mm, found.thickness_mm[::2] * 2,
    )  # fmt: skip
    return replace(volume, hu=volume.hu[::2] - 7, geometry=geometry, case_id="earlier", **changes)


def settle(dock: Any) -> None:
    """Let what is read come in and be drawn, however slow the machine is."""
    dock._session.wait()
    QTest.qWait(20)
    while dock._later.isActive():
        QTest.qWait(10)


def wheel(dock: Any, turns: int) -> None:
    """Turn the wheel over a widget, one notch at a time; positive is away from the hand."""
    canvas = dock.canvas
    at = canvas.rect().center()
    for _ in range(abs(turns)):
        event = QWheelEvent(
            QPointF(at), QPointF(canvas.mapToGlobal(at)), QPoint(), QPoint(0, 120 if turns > 0 else -120),
            Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(canvas, event)
    settle(dock)


def choose(dock: Any, place: int) -> None:
    """Choose from the list of studies with the keys."""
    dock.studies.setFocus()
    for _ in range(place):
        QTest.keyClick(dock.studies, Qt.Key.Key_Down)
    settle(dock)


@pytest.fixture
def prior(room: Any, phantom_volume: CTVolume) -> Any:
    """The dock in front, the synthetic head open, and an earlier study of it in the store."""
    store = room.session.store.open()
    store.add_case(earlier(), source="reader")
    store.add_case(replace(earlier(), patient_id="else", hu=earlier().hu + 1), source="reader")
    room.session.show(phantom_volume)
    room.session.wait()
    dock = room.dock("Prior study")
    settle(dock)
    return dock


def folder_dialog(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(folder))


def test_the_patients_other_studies_are_offered_and_no_one_elses(prior: Any) -> None:
    assert prior.studies.count() == 2
    assert prior.studies.itemText(0) == "1 other study"
    assert prior.studies.itemText(1).endswith(", 12 slices, new")
    assert prior.canvas._rgb is None
    assert prior.message.text().startswith("Choose")


def test_a_linked_slice_follows_the_picture_at_its_height_and_window(room: Any, prior: Any) -> None:
    session, before = room.session, list(room.viewer.layers)
    choose(prior, 1)
    other = earlier()
    assert other.geometry is not None
    turned = np.flip(other.hu, [axis for axis, flip in enumerate(other.geometry.display_flips) if flip])
    for shown, expected in ((4, 2), (10, 5), (20, 10)):
        session.go_to_slice(int(session.layers.turned_index((shown, 0, 0))[0]))
        settle(prior)
        grey = np.rint(apply_window(turned[expected], session.view.window) * 255)
        np.testing.assert_array_equal(prior.canvas._rgb[..., 0], grey)
        assert prior.canvas._title.endswith(f"{expected + 1} / 12")
    session.view.set_preset("stroke")
    settle(prior)
    np.testing.assert_array_equal(
        prior.canvas._rgb[..., 0], np.rint(apply_window(turned[10], session.view.window) * 255)
    )
    assert prior.canvas._letters == ("R", "L", "A", "P")
    assert prior.message.text() == BY_HEIGHT
    assert list(room.viewer.layers) == before, "nothing of it is a layer"


def test_the_wheel_corrects_the_link_and_reset_takes_it_back(room: Any, prior: Any) -> None:
    choose(prior, 1)
    room.session.go_to_slice(int(room.session.layers.turned_index((10, 0, 0))[0]))
    wheel(prior, 2)
    assert (prior.shift.text(), prior.canvas._title) == ("+2 slices", "PRIOR  8 / 12")
    wheel(prior, -3)
    assert (prior.shift.text(), prior.canvas._title) == ("-1 slice", "PRIOR  5 / 12")
    wheel(prior, -9)
    assert prior.canvas._title == "PRIOR  1 / 12"
    wheel(prior, 1)
    assert prior.canvas._title == "PRIOR  2 / 12", "the wheel does not turn beyond the end"
    room.click(prior.reset)
    settle(prior)
    assert (prior.shift.text(), prior.canvas._title) == ("", "PRIOR  6 / 12")
    assert not prior.reset.isEnabled()


def test_it_goes_with_its_case(room: Any, prior: Any, small_case: Any) -> None:
    choose(prior, 1)
    assert prior.canvas._rgb is not None
    room.session.show(small_case("next"))
    settle(prior)
    assert prior.canvas._rgb is None
    assert prior.prior.found is None
    assert (prior.studies.count(), prior.message.text()) == (1, NO_OTHER)
    room.session.close_case(ask=False)
    settle(prior)
    assert prior.message.text() == NO_CASE


def test_what_is_read_for_a_case_that_was_left_is_never_shown(room: Any, prior: Any, small_case: Any) -> None:
    prior.prior.show_stored("earlier")
    room.session.show(small_case("next"))
    settle(prior)
    assert prior.prior.found is None
    assert prior.canvas._rgb is None


def test_another_patients_folder_is_refused_in_one_sentence(
    room: Any, prior: Any, monkeypatch: pytest.MonkeyPatch, stroke_series_dir: Path, tmp_path: Path
) -> None:
    room.session.open_path(stroke_series_dir, wait=True)
    other = earlier()
    assert other.geometry is not None
    for name, text in (("own", SeriesText(series="2")), ("else", SeriesText(patient_id="P-2", patient_name="B^B"))):
        write_dicom_series(tmp_path / name, other.hu, other.geometry, text=replace(text, study=name))
    known = room.session.store.open().count_cases()
    for folder, said in ((tmp_path / "else", ANOTHER_PATIENT), (stroke_series_dir, SAME_SERIES)):
        folder_dialog(monkeypatch, folder)
        room.click(prior.folder)
        room.session.wait()
        settle(prior)
        assert (prior.message.text(), prior.canvas._rgb) == (said, None)
    folder_dialog(monkeypatch, tmp_path / "own")
    room.click(prior.folder)
    settle(prior)
    assert prior.message.text() == BY_HEIGHT
    assert prior.canvas._rgb.shape == (128, 128, 3)
    assert room.session.store.open().count_cases() == known, "the store is told nothing of it"


def test_a_folder_without_a_series_is_said(
    room: Any, prior: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder_dialog(monkeypatch, tmp_path)
    room.click(prior.folder)
    settle(prior)
    assert "No CT series" in prior.message.text()


def test_without_positions_the_dock_says_how_it_links(room: Any, prior: Any, phantom_volume: CTVolume) -> None:
    flat = replace(earlier(), geometry=None, hu=earlier().hu + 3, case_id="flat")
    room.session.store.open().add_case(flat, source="reader")
    room.session.show(phantom_volume)
    room.session.wait()
    choose(prior, 1)
    assert prior.message.text() == BY_SHARE
    assert prior.place.text() == ""


@pytest.mark.parametrize(
    ("one", "two", "same"),
    [
        ("0123456789ab", "0123456789ab", True),
        ("0123456789ab", "ba9876543210", False),
        ("0123456789ab", "group", None),
        ("0123456789ab", "", None),
        ("", "", None),
    ],
)
def test_only_what_headers_name_tells_patients_apart(one: str, two: str, same: bool | None) -> None:
    case, other = (replace(earlier(), case_id=name, patient_id=patient) for name, patient in (("a", one), ("b", two)))
    assert same_patient(case, other) is same


def test_a_patient_whom_nothing_names_is_no_other_patient() -> None:
    case = replace(earlier(), case_id="ba9876543210", patient_id="ba9876543210")
    assert same_patient(case, replace(case, case_id="c", patient_id="0123456789ab")) is None


def test_what_is_not_known_is_said(room: Any, prior: Any, tmp_path: Path) -> None:
    other = earlier()
    assert other.geometry is not None
    write_dicom_series(tmp_path / "own", other.hu, other.geometry)
    prior.prior.show_folder(tmp_path / "own")
    settle(prior)
    assert prior.message.text() == f"{NOT_KNOWN} {BY_HEIGHT}"
