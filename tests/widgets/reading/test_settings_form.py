"""Fields of a settings form: made from the types of the settings, showing what they are."""

from __future__ import annotations

from typing import Any

import pytest
from magicgui.widgets import CheckBox, ComboBox, LineEdit
from qtpy.QtCore import Qt

from napari_cpam_stroke.widgets.reading.settings import RoomSettings
from napari_cpam_stroke.widgets.reading.settings_form import FIELDS, settings_form


def test_each_field_fits_its_type_and_shows_its_value(qapp: Any) -> None:
    values = RoomSettings(author="Dr. Test", store="/data", device="cpu", blinded=True)
    form = settings_form(values, *FIELDS)
    kinds = {"author": LineEdit, "store": LineEdit, "device": ComboBox, "blinded": CheckBox, "run_on_open": CheckBox}
    kinds |= {"train_preset": ComboBox, "train_name": LineEdit, "train_settings": LineEdit}
    assert {field.name: type(field) for field in form} == kinds
    assert form.asdict() == {name: getattr(values, name) for name in FIELDS}
    assert form["device"].choices == ("auto", "cpu", "cuda", "mps")
    assert all(field.native.toolTip() for field in form)


def test_a_device_beside_the_usual_ones_is_kept(qapp: Any) -> None:
    form = settings_form(RoomSettings(device="cuda:1"), "device")
    assert form["device"].value == "cuda:1"
    assert "cuda:1" in form["device"].choices


def test_check_boxes_never_take_the_keys_away_from_the_picture(qapp: Any) -> None:
    form = settings_form(RoomSettings(), "blinded", "author")
    assert form["blinded"].native.focusPolicy() == Qt.FocusPolicy.NoFocus
    assert form["author"].native.focusPolicy() == Qt.FocusPolicy.ClickFocus
    assert form["blinded"].native.text() == "first read blinded"


@pytest.mark.parametrize(("name", "value"), [("device", "cpu"), ("blinded", True), ("run_on_open", True)])
def test_a_field_of_the_dock_changes_the_setting(session: Any, qtbot: Any, name: str, value: object) -> None:
    from napari_cpam_stroke.widgets.docks.models import ModelsDock

    dock = ModelsDock(session)
    qtbot.addWidget(dock)
    native = {"device": dock.device, "blinded": dock.blinded, "run_on_open": dock.on_open}[name]
    if name == "device":
        native.setCurrentText(str(value))
    else:
        native.click()
    assert getattr(session.settings.values, name) == value
