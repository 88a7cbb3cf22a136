"""A file that was set aside."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class RejectedFile:
    """A file that belongs to no series, and why in plain words.

    Attributes
    ----------
    path
        The file; for a member of an archive, the archive's path followed by the member's.
    """

    path: Path
    reason: str
