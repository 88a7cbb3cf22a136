"""The full CPAISD release: one folder per study, one per slice, with the DICOM file and a mask."""

from __future__ import annotations

import zipfile
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cpam_train.importers.dicom_slice import read_dicom_slice
from cpam_train.importers.dicom_stack import geometry_of, order_by_position, stack_hu
from cpam_train.importers.images import require_same_shape
from cpam_train.importers.knowledge import annotate
from cpam_train.importers.layout import numeric
from cpam_train.importers.record import Candidate, ImportedCase
from cpam_train.importers.value_check import unit_notices
from napari_cpam_stroke.core import CTVolume, LesionClass
from napari_cpam_stroke.errors import InputError

PARTS = ("train", "val", "test")
"""Parts of the release; our own split is by patient and does not follow them."""


def find_cpaisd_release(src: Path) -> list[Candidate]:
    """Return one candidate per study of `{train,val,test}/<study>/<slice>/{raw.dcm,mask.npz}`."""
    studies = sorted({path.parents[1] for part in PARTS for path in (src / part).glob("*/*/raw.dcm")})
    return [Candidate(f"cpaisd-{study.name}", partial(_read, study)) for study in studies]


def _read(study: Path) -> ImportedCase:
    folders = sorted((p.parent for p in study.glob("*/raw.dcm")), key=lambda p: numeric(p.name))
    slices = [read_dicom_slice(folder / "raw.dcm") for folder in folders]
    order = order_by_position([one.header for one in slices])
    slices, folders = [slices[i] for i in order], [folders[i] for i in order]
    hu = stack_hu(slices, study.name)
    mask = np.stack([_mask(folder / "mask.npz", hu[0]) for folder in folders])
    name = f"cpaisd-{study.name}"
    geometry, made = geometry_of([one.header for one in slices]), slices[0].acquisition
    volume = CTVolume(
        hu, geometry, name, patient_id=name, notices=(*made.notices, *unit_notices(slices)), acquisition=made
    )
    return ImportedCase(volume, annotate(mask, ischemia="drawn", hemorrhage="absent"), "CPAISD readers")


def _mask(path: Path, frame: NDArray[np.int16]) -> NDArray[np.uint8]:
    """Return labels of one slice: 1 is core, 2 penumbra, both ischemia."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            values = np.squeeze(arrays[arrays.files[0]])
    except (OSError, ValueError, IndexError, zipfile.BadZipFile) as error:
        raise InputError(
            f"Slice {path.parent.name} has no readable mask", expected=f"{path.name} beside raw.dcm"
        ) from error
    require_same_shape(frame, values, str(path.parent.name))
    return np.where(values > 0, np.uint8(LesionClass.ISCHEMIA), np.uint8(0))
