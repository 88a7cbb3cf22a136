"""A series as the scan found it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from napari_cpam_stroke.core import VolumeGeometry
from napari_cpam_stroke.dicom.file.frame_header import FrameHeader

Verdict = Literal["ready", "view_only", "refused"]


@dataclass(frozen=True, eq=False)
class SeriesEntry:
    """One volume found in a folder, and what may be done with it.

    Attributes
    ----------
    key
        Short id, the keyed pseudonym of the series; becomes `CTVolume.case_id`.
    patient_id
        Keyed pseudonym of the patient; empty where nothing identifies one.
    verdict
        ready: all functions. view_only: may be looked at, the AI stays off. refused: cannot be read as a volume.
    reasons
        Why it is not ready, one sentence each.
    warnings, facts
        What the reader must know, and what is merely so.
    ai_on_request
        A view-only series on which the user may insist (contrast agent): its geometry and HU are sound.
    description
        Series description as plain text.
    matrix
        Rows and columns.
    geometry
        None where the source gives no position.
    frames
        Slices in order along the normal, duplicates dropped.
    """

    key: str
    patient_id: str
    verdict: Verdict
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]
    facts: tuple[str, ...]
    description: str
    modality: str
    kernel: str
    matrix: tuple[int, int]
    slices: int
    thickness_mm: float | None
    lossy: bool
    ai_on_request: bool = False
    series_uid: str = field(default="", repr=False)
    geometry: VolumeGeometry | None = field(default=None, repr=False)
    frames: tuple[FrameHeader, ...] = field(default=(), repr=False)

    @property
    def files(self) -> tuple[Path, ...]:
        """The files of the slices, each once, in slice order."""
        return tuple(dict.fromkeys(frame.path for frame in self.frames))
