"""The reader's settings as form fields, built by magicgui from the types they have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast, get_args, get_type_hints

from magicgui.widgets import Container, create_widget
from magicgui.widgets.bases import ValueWidget
from qtpy.QtCore import Qt

from napari_cpam_stroke.retraining import PRESETS
from napari_cpam_stroke.widgets.reading.settings import Device, RoomSettings


@dataclass(frozen=True)
class Field:
    """How a setting is shown.

    Attributes
    ----------
    label, tip
        Its name, and what it does.
    choices
        What it may be, besides what it is; empty: anything of its type.
    keys
        Whether it takes the keys when it is clicked.
    """

    label: str
    tip: str
    choices: tuple[str, ...] = ()
    keys: bool = True


FIELDS: Mapping[str, Field] = {
    "author": Field("reader", "Name kept with each version"),
    "store": Field("store", "Folder or PostgreSQL address of the annotation store"),
    "device": Field(
        "device", "auto: the graphics card where there is one, else the processor", choices=get_args(Device)
    ),
    "blinded": Field("first read blinded", "Hide the AI until you reveal it", keys=False),
    "train_preset": Field(
        "preset",
        "quick: 15 minutes. thorough: until it gets no better, for hours. tune: first search settings, for a day",
        choices=PRESETS,
    ),
    "train_name": Field("name", "What the new model is called; a name that is there gets a new version"),
    "train_settings": Field("settings", "Further settings of cpam-train, as epochs=20 data.workers=0"),
    "run_on_open": Field("run on opening", "Run the model as soon as a case is open", keys=False),
}


def settings_form(values: RoomSettings, *names: str) -> Container[ValueWidget[object]]:
    """Return a form with a field for each of some settings, showing their values."""
    hints = get_type_hints(RoomSettings)
    return Container(widgets=[_field(name, hints[name], getattr(values, name)) for name in names])


def _field(name: str, kind: object, value: object) -> ValueWidget[object]:
    field = FIELDS[name]
    options: dict[str, object] = {"tooltip": field.tip}
    if field.choices:
        options["choices"] = list(dict.fromkeys([*field.choices, value]))
    made = create_widget(value=value, annotation=kind, name=name, label=field.label, options=options)
    native = made.native
    native.setAccessibleName(field.label)
    native.setFocusPolicy(Qt.FocusPolicy.ClickFocus if field.keys else Qt.FocusPolicy.NoFocus)
    if kind is bool:
        native.setText(field.label)
    return cast("ValueWidget[object]", made)
