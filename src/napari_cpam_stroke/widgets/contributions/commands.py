"""What the manifest names. Imported at plugin discovery: Qt, napari and torch load only when a command is called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import napari.viewer
    from qtpy.QtWidgets import QWidget


def room(viewer: "napari.viewer.Viewer") -> None:  # noqa: UP037 - napari resolves this very spelling
    """Dock the whole reading room."""
    from napari_cpam_stroke.widgets.room import open_room

    open_room(viewer)


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


def cases(napari_viewer: "napari.viewer.Viewer") -> QWidget:  # noqa: UP037
    """Return the dock with the worklist and the series of an opened folder."""
    return _dock("cases", napari_viewer)


def window(napari_viewer: "napari.viewer.Viewer") -> QWidget:  # noqa: UP037
    """Return the dock with window presets, orientation and mask display."""
    return _dock("window", napari_viewer)


def findings(napari_viewer: "napari.viewer.Viewer") -> QWidget:  # noqa: UP037
    """Return the dock with probabilities, slice strip and lesion table."""
    return _dock("findings", napari_viewer)


def models(napari_viewer: "napari.viewer.Viewer") -> QWidget:  # noqa: UP037
    """Return the dock that runs models."""
    return _dock("models", napari_viewer)


def correct(napari_viewer: "napari.viewer.Viewer") -> QWidget:  # noqa: UP037
    """Return the dock with the editing tools and the saving of revisions."""
    return _dock("correct", napari_viewer)


def history(napari_viewer: "napari.viewer.Viewer") -> QWidget:  # noqa: UP037
    """Return the dock with earlier revisions and exports."""
    return _dock("history", napari_viewer)


def _dock(name: str, viewer: Any) -> QWidget:
    from napari_cpam_stroke.widgets.room import make_dock

    return make_dock(name, viewer)
