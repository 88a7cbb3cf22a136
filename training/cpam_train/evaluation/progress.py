"""Showing a person how far a long job is."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from napari_cpam_stroke.progress import Progress

ProgressBar = Callable[[str], AbstractContextManager[Progress]]
"""Shows a bar under a name, and gives what moves it."""
