"""A file that was set aside."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from napari_cpam_stroke.core.notice import Notice


@dataclass(frozen=True)
class RejectedFile:
    """A file that belongs to no series, and why.

    Attributes
    ----------
    path
        The file; for a member of an archive, the archive's path followed by the member's.
    """

    path: Path
    notice: Notice

    @property
    def reason(self) -> str:
        """Why, in plain words."""
        return self.notice.sentence
