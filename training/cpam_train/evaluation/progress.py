"""How far a long job is: what it calls, and what shows it to a person."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

Progress = Callable[[int, int], None]
"""Called with the number of steps done and the number of all."""

ProgressBar = Callable[[str], AbstractContextManager[Progress]]
"""Shows a bar under a name, and gives what moves it."""
