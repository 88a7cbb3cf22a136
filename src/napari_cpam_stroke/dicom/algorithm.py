"""How a mask came about, as DICOM asks for it."""

from __future__ import annotations

from typing import Literal

AlgorithmType = Literal["AUTOMATIC", "SEMIAUTOMATIC", "MANUAL"]
"""AUTOMATIC: untouched model output; SEMIAUTOMATIC: edited by a reader; MANUAL: drawn by a reader."""

MANUFACTURER = "napari-cpam-stroke"
"""Manufacturer and model name in what is written."""

SERIES_NUMBER = 9000
"""Number of the written series; a segmentation and its report follow each other."""
