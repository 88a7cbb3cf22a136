"""How long work tells of its progress and asks whether to stop."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Called with steps done and steps in all."""

Cancelled = Callable[[], bool]
"""Asked between steps; True stops the work."""

Stage = Callable[[str, int, int], None]
"""Called with what is being done, steps done and steps in all."""
