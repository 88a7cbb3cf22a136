"""A series as the scan found it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from napari_cpam_stroke.core import Acquisition, Notice, NoticeCode, VolumeGeometry
from napari_cpam_stroke.core.notice import sentences
from napari_cpam_stroke.dicom.file.frame_header import FrameHeader

Verdict = Literal["ready", "view_only", "refused"]
"""ready: all functions. view_only: may be looked at, the AI stays off. refused: cannot be read as a volume."""


@dataclass(frozen=True, eq=False)
class SeriesEntry:
    """One volume found in a folder, and what may be done with it.

    Attributes
    ----------
    key
        Short id, the keyed pseudonym of the series; becomes `CTVolume.case_id`.
    patient_id
        Keyed pseudonym of the patient; empty where nothing identifies one.
    notices
        What is to be said of it, with codes; verdict, reasons, warnings and facts are views of them.
    acquisition
        How it was made, as far as the headers say.
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
    notices: tuple[Notice, ...]
    acquisition: Acquisition
    description: str
    modality: str
    matrix: tuple[int, int]
    slices: int
    lossy: bool
    series_uid: str = field(default="", repr=False)
    geometry: VolumeGeometry | None = field(default=None, repr=False)
    frames: tuple[FrameHeader, ...] = field(default=(), repr=False)

    @property
    def verdict(self) -> Verdict:
        """What may be done with it: the gravest notice decides."""
        severities = {notice.severity for notice in self.notices}
        if "refusal" in severities:
            return "refused"
        return "view_only" if "limitation" in severities else "ready"

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it is not ready, one sentence each."""
        return sentences(self.notices, "limitation", "refusal")

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the reader must know, one sentence each."""
        return sentences(self.notices, "warning")

    @property
    def facts(self) -> tuple[str, ...]:
        """What is merely so, one sentence each."""
        return sentences(self.notices, "info")

    @property
    def ai_on_request(self) -> bool:
        """A view-only series on which the user may insist (contrast agent): its geometry and HU are sound."""
        limits = {notice.code for notice in self.notices if notice.severity == "limitation"}
        return self.verdict == "view_only" and limits == {NoticeCode.CONTRAST_AGENT}

    @property
    def kernel(self) -> str:
        """Convolution kernel, empty where the header names none."""
        return self.acquisition.kernel or ""

    @property
    def thickness_mm(self) -> float | None:
        """Slice thickness of the middle one where they differ; None without positions."""
        return None if self.geometry is None else float(sorted(self.geometry.thickness_mm)[self.geometry.slices // 2])

    @property
    def files(self) -> tuple[Path, ...]:
        """The files of the slices, each once, in slice order."""
        return tuple(dict.fromkeys(frame.path for frame in self.frames))
