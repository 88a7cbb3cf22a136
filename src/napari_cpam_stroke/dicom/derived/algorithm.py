"""How a mask came about, as DICOM asks for it."""

from __future__ import annotations

from typing import Any, Literal

from pydicom.uid import generate_uid

from napari_cpam_stroke import __version__

AlgorithmType = Literal["AUTOMATIC", "SEMIAUTOMATIC", "MANUAL"]
"""AUTOMATIC: untouched model output; SEMIAUTOMATIC: edited by a reader; MANUAL: drawn by a reader."""

MANUFACTURER = "napari-cpam-stroke"
"""Manufacturer and model name in what is written."""

SERIES_NUMBER = 9000
"""Number of the written series; a segmentation and its report follow each other."""

UTF_8 = "ISO_IR 192"
"""Specific Character Set of everything written here."""


def written_series(series_number: int, description: str) -> dict[str, Any]:
    """Return what every written object says about its own series: new identifiers, this program as its maker."""
    return {
        "series_instance_uid": generate_uid(prefix=None),
        "series_number": series_number,
        "sop_instance_uid": generate_uid(prefix=None),
        "instance_number": 1,
        "manufacturer": MANUFACTURER,
        "manufacturer_model_name": MANUFACTURER,
        "software_versions": __version__,
        "series_description": description,
        "specific_character_set": UTF_8,
    }
