"""What a reader points at: a point, a box, a scribble or a lasso on one slice, for or against a lesion."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from napari_cpam_stroke.errors import InputError


class PromptKind(Enum):
    """How a reader points; the value is the word shown and stored."""

    POINT = "point"
    BOX = "box"
    SCRIBBLE = "scribble"
    LASSO = "lasso"

    @property
    def places(self) -> int:
        """Fewest places (row, column) that make one."""
        return {PromptKind.POINT: 1, PromptKind.BOX: 2, PromptKind.SCRIBBLE: 2, PromptKind.LASSO: 3}[self]


@dataclass(frozen=True)
class Prompt:
    """One gesture of a reader on one slice.

    Attributes
    ----------
    kind
        A box has two opposite corners, a scribble its line, a lasso its outline, closed from last to first.
    slice_index
        Index on the slice axis of the volume, from 0.
    path
        Places (row, column) in voxels of that slice; a voxel's centre is at whole numbers.
    adds
        True: what is pointed at belongs to the lesion; False: it does not.

    Raises
    ------
    InputError
        For fewer places than the kind needs.
    """

    kind: PromptKind
    slice_index: int
    path: tuple[tuple[float, float], ...]
    adds: bool = True

    def __post_init__(self) -> None:
        if len(self.path) < self.kind.places:
            raise InputError(
                f"A {self.kind.value} has too few places", got=len(self.path), expected=f"{self.kind.places} or more"
            )
