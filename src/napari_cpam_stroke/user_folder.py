"""Where this program keeps what is its own: models, settings, the pseudonym key."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

HOME_VARIABLE = "CPAM_STROKE_HOME"
"""Environment variable that moves everything the program keeps to another folder."""


def application_home() -> Path:
    """Return the program's own folder; it is not created here."""
    chosen = os.environ.get(HOME_VARIABLE)
    return Path(chosen).expanduser() if chosen else platformdirs.user_data_path("cpam-stroke", appauthor=False)
