"""The two functions for anybody's layers as forms, built by magicgui from their signatures."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from magicgui import magicgui
from magicgui.widgets import Container, FunctionGui, PushButton, Table
from qtpy.QtWidgets import QWidget

from napari_cpam_stroke.bundles import DEFAULT, Registry
from napari_cpam_stroke.errors import CpamError
from napari_cpam_stroke.widgets.contributions.layer_functions import measure, segment_stroke
from napari_cpam_stroke.widgets.parts.background import Job, sentence

Form = FunctionGui[..., Any]

INSIST: dict[Any, Any] = {
    "label": "values are HU",
    "tooltip": "Insist, where the values do not look like Hounsfield units of a head",
}
RUNNING = "running..."


def segment_form() -> Form:
    """Return the form of `segment_stroke`; its button runs the model in the background and adds the labels layer."""
    form = magicgui(
        segment_stroke,
        call_button="Segment",
        image={"tooltip": "A head CT in HU, (slices, rows, columns)"},
        model={"choices": _installed_models(), "tooltip": "Installed models"},
        device={"tooltip": "auto: the graphics card where there is one, else the processor"},
        hounsfield=INSIST,
    )
    _on_button(form, _start)  # magicgui itself would run the model while the window stands still
    return form


def measure_form() -> Container[Form | Table]:
    """Return the form of `measure` with the table it fills."""
    form = magicgui(
        measure,
        call_button="Measure",
        image={"tooltip": "The head CT they lie on; its scale is the spacing in mm"},
        hounsfield=INSIST,
    )
    form["labels"].tooltip = "0 nothing, 1 ischemia, 2 hemorrhage"  # magicgui has another use for an option `labels`
    table = Table(name="table")
    table.read_only = True
    form.called.connect(table.set_value)
    _on_button(form, _call)
    return Container(widgets=[form, table], labels=False)


def _button(form: Form) -> PushButton:
    button = form.call_button
    assert button is not None  # noqa: S101 - both forms are made with one
    return button


def _on_button(form: Form, does: Callable[[Form], object]) -> None:
    """Let the form's button do this alone."""
    _button(form).changed.disconnect()
    _button(form).changed.connect(lambda _: does(form))


def _start(form: Form) -> None:
    from napari import current_viewer
    from napari.layers import Layer

    given, viewer = form.asdict(), current_viewer()
    if given["image"] is None or viewer is None:
        _warn("Add the head CT as an image layer first.")
        return
    native: QWidget = form.native
    job = Job(lambda *_: segment_stroke(**given), native)
    job.done.connect(lambda made: viewer.add_layer(Layer.create(*made)))
    job.failed.connect(lambda error: _warn(sentence(error)))
    job.ended.connect(lambda: _show_running(form, on=False))
    _show_running(form, on=True)


def _show_running(form: Form, *, on: bool) -> None:
    _button(form).enabled = not on
    _button(form).text = RUNNING if on else "Segment"


def _call(form: Form) -> None:
    if None in form.asdict().values():
        _warn("Add the head CT as an image layer, and what is to be measured as a labels layer, first.")
        return
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            form()
        except CpamError as error:
            _warn(str(error))
    for each in said:
        _warn(str(each.message))


def _installed_models() -> list[str]:
    others = [entry for entry in Registry().list() if entry.name != DEFAULT and not entry.prompted]
    return [DEFAULT, *(f"{entry.name}@{entry.version}" for entry in others)]


def _warn(text: str) -> None:
    from napari.utils.notifications import show_warning

    show_warning(text)
