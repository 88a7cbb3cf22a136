"""napari's question which reader shall open a folder: how to be asked no more."""

from __future__ import annotations

import os
from pathlib import Path

PLUGIN = "napari-cpam-stroke"
FOLDERS = f"*{os.sep}"
"""napari's pattern for folders, which it always compares with a separator at their end."""

PATTERNS = (FOLDERS, "*.dcm")
"""What napari's own reader claims too, and therefore asks about."""

OFFER = (
    "Shall folders and .dcm files open in the reading room from now on, without napari's question? Folders without"
    " DICOM are still asked about. Preferences > Plugins takes it back."
)
YES = "open them here"


def offer_to_remember(path: Path) -> None:
    """Offer to prefer this plugin for folders and DICOM files, where napari had to ask for the reader of a path."""
    from napari.plugins.utils import get_preferred_reader
    from napari.utils.notifications import Notification, notification_manager

    if get_preferred_reader(path) is None and (path.is_dir() or path.suffix.lower() == ".dcm"):
        notification_manager.dispatch(Notification(OFFER, "info", actions=((YES, lambda *_: remember()),)))


def remember() -> None:
    """Let napari open folders and DICOM files with this plugin from now on."""
    from napari.settings import get_settings

    plugins = get_settings().plugins
    plugins.extension2reader = {**plugins.extension2reader, **dict.fromkeys(PATTERNS, PLUGIN)}
