"""Showing a person how far a long job is."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

ProgressBar = Callable[[str], AbstractContextManager[Callable[[int, int], None]]]
"""Shows a bar under a name, and gives what moves it: called with the steps done and all steps."""
