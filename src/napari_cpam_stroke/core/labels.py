"""Class names, label values and colours: the one place that fixes them."""

from __future__ import annotations

from enum import IntEnum


class LesionClass(IntEnum):
    """Label values in every mask; 0 is background."""

    ISCHEMIA = 1
    HEMORRHAGE = 2

    @property
    def label(self) -> str:
        """Lower-case name used in reports, columns and keys."""
        return self.name.lower()


CLASS_NAMES: tuple[str, ...] = tuple(c.label for c in LesionClass)
"""Column order of every per-class array: ischemia, hemorrhage."""

CLASS_COLOURS: dict[str, str] = {"ischemia": "#56b4e9", "hemorrhage": "#e69f00"}
"""Sky blue and orange of the Okabe-Ito palette, told apart by colour-blind readers too, and so bright that a line with
a dark one beside it keeps a contrast of 3 to 1 on every grey."""
