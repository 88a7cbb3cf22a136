"""Stored values of one single-frame DICOM file; lossless JPEG goes through the program's own decoder."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames

from napari_cpam_stroke.dicom.file.frame_header import PixelFormat
from napari_cpam_stroke.dicom.file.syntaxes import CODECS
from napari_cpam_stroke.dicom.pixels.decode import DecodeWorkers
from napari_cpam_stroke.dicom.pixels.hounsfield import clean_bits

OWN_CODECS = ("jpeg_lossless",)
"""What pydicom decodes only with a plug-in that is not a dependency."""


def stored_values(header: Dataset) -> NDArray[Any]:
    """Return the (Y, X) integers of a file read by pydicom, before slope and intercept.

    Raises
    ------
    UnreadableError, AttributeError, RuntimeError, ValueError, NotImplementedError
        If they are missing, damaged, or compressed in a way that is not supported.
    """
    syntax = str(header.file_meta.TransferSyntaxUID)
    if CODECS.get(syntax) not in OWN_CODECS:
        return np.asarray(header.pixel_array)
    pixels = _format(header, syntax)
    with DecodeWorkers() as workers:
        data = next(generate_frames(header.PixelData, number_of_frames=1))
        frame = workers.decode(data, pixels).view(np.int16).copy()
    clean_bits(frame, pixels)
    return frame if pixels.signed else frame.view(np.uint16)


def _format(header: Dataset, syntax: str) -> PixelFormat:
    return PixelFormat(
        rows=int(header.Rows),
        columns=int(header.Columns),
        allocated=int(header.BitsAllocated),
        stored=int(header.BitsStored),
        high_bit=int(header.HighBit),
        signed=bool(header.PixelRepresentation),
        slope=1.0,
        intercept=0.0,
        padding=None,
        transfer_syntax=syntax,
        little_endian=True,
        offset=0,
        length=None,
        frames=1,
    )
