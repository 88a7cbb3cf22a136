"""Frame headers as the parser makes them, without any file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from napari_cpam_stroke.dicom.file.frame_header import FrameHeader, PixelFormat

PIXELS = PixelFormat(
    rows=16, columns=16, allocated=16, stored=12, high_bit=11, signed=False, slope=1.0, intercept=-1024.0,
    padding=None, transfer_syntax="1.2.840.10008.1.2.1", little_endian=True, offset=0, length=512, frames=1,
)  # fmt: skip


@pytest.fixture
def header() -> Callable[..., FrameHeader]:
    """Make one axial slice of a plain head CT at a height in mm; anything may be said otherwise."""

    def make(z: float = 0.0, **changes: object) -> FrameHeader:
        number = changes.get("instance_number", round(z) + 1)
        plain = {
            "path": Path(f"{number}.dcm"),
            "frame_number": 1,
            "stamp": (0, 0),
            "sop_instance_uid": f"1.2.{number}",
            "sop_class_uid": "1.2.840.10008.5.1.4.1.1.2",
            "study_uid": "1.1",
            "series_uid": "1.2",
            "frame_of_reference_uid": "1.3",
            "patient": "p",
            "patient_key": "p",
            "modality": "CT",
            "image_type": ("ORIGINAL", "PRIMARY", "AXIAL"),
            "scanner": None,
            "kernel": "H31s",
            "contrast": "",
            "body_part": "HEAD",
            "description": "Head 5.0",
            "orientation": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)),
            "position": (0.0, 0.0, float(z)),
            "spacing": (0.5, 0.4),
            "thickness": 5.0,
            "tilt_tag": None,
            "window": None,
            "instance_number": number,
            "moments": (),
            "lossy": False,
            "pixels": PIXELS,
            "problems": (),
            "notes": (),
        }
        return FrameHeader(**{**plain, **changes})

    return make
