"""A CT series as it came from the scanner: HU on the native frames."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_cpam_stroke.core.acquisition import UNKNOWN, Acquisition
from napari_cpam_stroke.core.geometry import VolumeGeometry
from napari_cpam_stroke.core.notice import Notice, sentences
from napari_cpam_stroke.errors import GeometryMismatchError, InputError

AIR_HU = -1024
"""HU stored where the scanner padded outside its field of view."""


@dataclass(frozen=True)
class SourceFrame:
    """The file, and the frame inside it, that one slice was read from. Kept in memory only."""

    path: Path
    sop_instance_uid: str
    frame_number: int = 1


@dataclass(frozen=True, eq=False)
class CTVolume:
    """HU of one series with the position of every slice.

    Attributes
    ----------
    hu
        int16 (Z, Y, X); air (-1024) where the source was padded.
    geometry
        None where the source gives no position: then only 2D use, and no volumes in ml.
    case_id, patient_id
        Keyed pseudonyms of the series and the patient; never an identifier from the header.
    notices
        What is to be said of the series, with codes.
    acquisition
        How it was made, as far as the source says.
    pixels_lossy
        True where the pixels passed through lossy compression.
    source
        One entry per slice in the order of `hu`; empty when the volume came from the store.
    """

    hu: NDArray[np.int16]
    geometry: VolumeGeometry | None
    case_id: str
    patient_id: str = ""
    notices: tuple[Notice, ...] = ()
    acquisition: Acquisition = UNKNOWN
    pixels_lossy: bool = False
    source: tuple[SourceFrame, ...] = ()

    def __post_init__(self) -> None:
        """Refuse an array that is no int16 stack or that does not fit its geometry."""
        if self.hu.ndim != 3 or self.hu.dtype != np.int16:
            raise InputError("A CT volume must be int16 (Z, Y, X)", got=f"{self.hu.dtype} {self.hu.shape}")
        if self.geometry is not None and self.geometry.slices != self.hu.shape[0]:
            raise InputError(
                "A CT volume needs one position per slice",
                got=f"{self.geometry.slices} positions for {self.hu.shape[0]} slices",
            )

    @property
    def shape(self) -> tuple[int, int, int]:
        """(Z, Y, X)."""
        z, y, x = self.hu.shape
        return (z, y, x)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the reader must know, as sentences."""
        return sentences(self.notices, "warning")

    @property
    def facts(self) -> tuple[str, ...]:
        """What is merely so (tilt, slice distance, kernel), as sentences."""
        return sentences(self.notices, "info")

    @cached_property
    def content_hash(self) -> str:
        """sha256 of pixels and positions: a mask belongs to this content and to no other."""
        digest = hashlib.sha256(repr(self.shape).encode())
        digest.update(np.ascontiguousarray(self.hu).data)
        if self.geometry is not None:
            digest.update(np.round(self.geometry.positions_mm, 3).tobytes())
            digest.update(repr(tuple(round(s, 5) for s in self.geometry.pixel_spacing_mm)).encode())
        return digest.hexdigest()


def require_mask_shape(mask: NDArray[np.uint8], volume: CTVolume) -> None:
    """Refuse a (Z, Y, X) mask that is not on the volume's frames.

    Raises
    ------
    GeometryMismatchError
        With both shapes.
    """
    if mask.shape != volume.shape:
        raise GeometryMismatchError(
            "The mask has another shape than the series", got=mask.shape, expected=f"{volume.shape}"
        )
