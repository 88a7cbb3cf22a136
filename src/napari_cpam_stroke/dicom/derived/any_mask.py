"""One door for masks of others: DICOM SEG or NIfTI, told apart by their bytes, onto the frames of a series."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

from napari_cpam_stroke.core import CTVolume
from napari_cpam_stroke.core.label_map import LabelMap
from napari_cpam_stroke.core.mask_reading import MaskReading
from napari_cpam_stroke.dicom.derived.segmentation_reader import segmentation_reading
from napari_cpam_stroke.dicom.file.elements import read_header
from napari_cpam_stroke.dicom.file.sources import FileSource, UnreadableError
from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.files import open_regular
from napari_cpam_stroke.nifti.reader import nifti_reading

NIFTI_ENDINGS = (".nii", ".nii.gz", ".hdr", ".img")
MODALITY = 0x00080060
_DICOM_MARK_AT, _DICOM_MARK = 128, b"DICM"


def read_mask(path: Path | str, volume: CTVolume, *, labels: LabelMap | None = None) -> MaskReading:
    """Return a mask of another program on the volume's frames, with the classes it speaks of and notices.

    Parameters
    ----------
    labels
        What the user says its labels are: it goes before names, codes and defaults.

    Raises
    ------
    GeometryMismatchError
        If the mask lies on another grid or belongs to another series.
    InputError
        If it cannot be read, or a label is not understood.
    """
    path = Path(path)
    if path.name.lower().endswith(NIFTI_ENDINGS) and not _is_dicom(path):
        return nifti_reading(path, volume, labels=labels)
    return segmentation_reading(path, volume, labels=labels)


def is_mask(path: Path) -> bool:
    """Return whether a file is a NIfTI file by its name, or a DICOM SEG by its header; a damaged file is none."""
    if not path.is_file():
        return False
    if path.name.lower().endswith(NIFTI_ENDINGS):
        return True
    try:
        with closing(FileSource(path)) as source:
            modality = read_header(source, {MODALITY}).elements.get(MODALITY)
    except UnreadableError:
        return False
    return isinstance(modality, bytes) and modality.strip(b" \0") == b"SEG"


def _is_dicom(path: Path) -> bool:
    try:
        with os.fdopen(open_regular(path, follow=True), "rb") as file:
            return file.read(_DICOM_MARK_AT + len(_DICOM_MARK))[_DICOM_MARK_AT:] == _DICOM_MARK
    except OSError as error:
        raise InputError(f"{path.name} cannot be opened", got=error.strerror) from error
