"""What the manifest names. Imported at plugin discovery: Qt, napari and torch load only when a command is called."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import napari.viewer
    from magicgui.widgets import Widget
    from qtpy.QtWidgets import QWidget


def room() -> QWidget:
    """Open the whole reading room, and bring back every dock that was hidden or closed."""
    from napari_cpam_stroke.widgets.contributions.door import Door
    from napari_cpam_stroke.widgets.room import show_room

    return Door(show_room)


def open_folder(viewer: "napari.viewer.Viewer") -> None:  # noqa: UP037 - napari resolves this very spelling
    """Ask for a folder and open it in the reading room."""
    from napari_cpam_stroke.widgets.room import ask_for_folder

    ask_for_folder(viewer)


def stroke_case() -> list[tuple[Any, ...]]:
    """Write the synthetic stroke case as DICOM files and open it."""
    from napari_cpam_stroke.widgets.room import open_sample

    return open_sample()


def write_mask(path: str, data: Any, attributes: dict[str, Any]) -> list[str]:
    """Write the AI or the Reading layer of an open case, on its native frames."""
    from napari_cpam_stroke.widgets.contributions.writer import write_layer

    return write_layer(path, data, attributes)


def cases() -> QWidget:
    """Show the worklist and the series of an opened folder."""
    return _dock("cases")


def window() -> QWidget:
    """Show window presets, orientation and mask display."""
    return _dock("window")


def findings() -> QWidget:
    """Show probabilities, slice strip and lesion table."""
    return _dock("findings")


def models() -> QWidget:
    """Show what runs models."""
    return _dock("models")


def correct() -> QWidget:
    """Show the editing tools and the saving of revisions."""
    return _dock("correct")


def history() -> QWidget:
    """Show earlier revisions and exports."""
    return _dock("history")


def measurements() -> QWidget:
    """Show rulers, regions and the shift of the midline."""
    return _dock("measurements")


def planes() -> QWidget:
    """Show coronal and sagittal planes beside the slices."""
    return _dock("planes")


def prior() -> QWidget:
    """Show another study of the patient beside the open case."""
    return _dock("prior")


def train() -> QWidget:
    """Show what retrains on corrected cases."""
    return _dock("train")


def segment() -> Widget:
    """Return the form that runs a model on any image layer."""
    from napari_cpam_stroke.widgets.contributions.layer_forms import segment_form
    from napari_cpam_stroke.widgets.room import put_behind

    return put_behind(segment_form(), "models")


def measure() -> Widget:
    """Return the form that measures any labels layer."""
    from napari_cpam_stroke.widgets.contributions.layer_forms import measure_form
    from napari_cpam_stroke.widgets.room import put_behind

    return put_behind(measure_form(), "models")


def _dock(name: str) -> QWidget:
    from napari_cpam_stroke.widgets.contributions.door import Door
    from napari_cpam_stroke.widgets.room import show_dock

    return Door(partial(show_dock, name))
