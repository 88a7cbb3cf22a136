"""A NIfTI file opened under limits: its values, where it says it lies, and what else its header tells."""

from __future__ import annotations

import gzip
import struct
import warnings
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from nibabel.filebasedimages import ImageFileError
from nibabel.imageglobals import LoggingOutputSuppressor
from nibabel.spatialimages import HeaderDataError
from numpy.typing import NDArray

from napari_cpam_stroke.core.arrays import Floats
from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.files import require_regular

MAX_VOXELS = 2**30
"""Voxels of a file that is read."""

MM_PER_UNIT = {"meter": 1000.0, "micron": 0.001}
"""Units of length a header may state; all else is mm."""

MIN_STEP_MM, MAX_STEP_MM = 0.01, 100.0
"""Voxels are neither smaller nor larger; a header in other units than it says, or none."""

MAX_FILE_BYTES = 16 * MAX_VOXELS
"""Of a file once it is unpacked."""

_PIECE_BYTES = 2**20

_FAULTS = (
    ArithmeticError,
    AttributeError,
    EOFError,
    ImageFileError,
    LookupError,
    MemoryError,
    OSError,
    TypeError,
    ValueError,
    HeaderDataError,
    np.linalg.LinAlgError,
    struct.error,
    zlib.error,
)
"""What nibabel and numpy raise over a damaged header or stream."""


@dataclass(frozen=True, eq=False)
class NiftiFile:
    """One volume as its file holds it.

    Attributes
    ----------
    values
        (I, J, K) in the axes of the file, scaled.
    affine
        Index to RAS mm, as nibabel chooses it: sform, else qform.
    qform
        The other one where a file states both, else the same.
    placed
        Whether the header states a place at all.
    """

    name: str
    values: NDArray[Any]
    affine: Floats
    qform: Floats
    placed: bool
    description: str
    intent: str

    @property
    def shape(self) -> tuple[int, int, int]:
        """(I, J, K)."""
        i, j, k = self.values.shape
        return (i, j, k)


def open_nifti(path: Path, *, kind: str = "volume") -> NiftiFile:
    """Read a file of one volume.

    Parameters
    ----------
    kind
        What it should have been, for sentences.

    Raises
    ------
    InputError
        When the file is damaged, is no NIfTI, or has no three axes.
    """
    name = path.name
    try:
        with warnings.catch_warnings(), LoggingOutputSuppressor():
            warnings.simplefilter("ignore")
            return _read(path, name, kind)
    except _FAULTS as error:
        raise InputError(
            f"{name} cannot be read as NIfTI", got=_first_line(error, path), remedy="copy the file again"
        ) from error


def _read(path: Path, name: str, kind: str) -> NiftiFile:
    require_regular(path)
    image = nib.load(path, mmap=False)
    if not isinstance(image, nib.Nifti1Pair):
        raise InputError(f"{name} is no NIfTI file", got=type(image).__name__)
    shape = tuple(int(n) for n in image.shape)
    if len(shape) < 3 or min(shape) < 1 or any(n != 1 for n in shape[3:]):
        raise InputError(f"{name} is no {kind}", got=f"shape {shape}", expected="three axes")
    if np.prod(shape, dtype=np.float64) > MAX_VOXELS:
        raise InputError(f"{name} is too large", got=f"{shape} voxels", expected=f"at most {MAX_VOXELS}")
    values = np.asanyarray(image.dataobj).reshape(shape[:3])
    if path.suffix.lower() == ".gz":
        _require_sound_stream(path)
    if values.dtype.kind not in "iufb":
        raise InputError(f"{name} holds no numbers", got=values.dtype, expected="one number per voxel")
    affine, qform = _affines(image)
    for one in (affine, qform):
        _require_grid(one, name)
    return NiftiFile(
        name=name,
        values=values,
        affine=affine,
        qform=qform,
        placed=bool(image.header["sform_code"]) or bool(image.header["qform_code"]),
        description=_text(image, "descrip"),
        intent=_text(image, "intent_name"),
    )


def _require_sound_stream(path: Path) -> None:
    """Read a packed file to its end, where its checksum is compared: nibabel stops before it."""
    read = 0
    with gzip.open(path) as stream:
        while piece := stream.read(_PIECE_BYTES):
            read += len(piece)
            if read > MAX_FILE_BYTES:
                raise InputError(f"{path.name} is too large", got=f"more than {read} bytes", expected="a single volume")


def _require_grid(affine: Floats, name: str) -> None:
    """Refuse an affine that cannot be inverted, or whose voxels have a size that no CT has."""
    if not np.isfinite(affine).all() or abs(np.linalg.det(affine[:3, :3])) < np.finfo(np.float32).tiny:
        raise InputError(f"{name} gives no grid: its header's affine cannot be inverted")
    steps = np.linalg.norm(affine[:3, :3], axis=0)
    if steps.min() < MIN_STEP_MM or steps.max() > MAX_STEP_MM:
        raise InputError(
            f"{name} has voxels of a size that no CT has",
            got=f"{' x '.join(f'{step:.4g}' for step in steps)} mm",
            expected=f"{MIN_STEP_MM:g} to {MAX_STEP_MM:g} mm",
            remedy="write it with its place in mm",
        )


def _affines(image: nib.Nifti1Pair) -> tuple[Floats, Floats]:
    """Return the affine that counts, and the qform where both are stated, in mm."""
    scale = np.diag([*[MM_PER_UNIT.get(image.header.get_xyzt_units()[0], 1.0)] * 3, 1.0])
    affine = np.asarray(scale @ image.affine, dtype=np.float64)
    both = int(image.header["sform_code"]) > 0 and int(image.header["qform_code"]) > 0
    return affine, np.asarray(scale @ image.get_qform(), dtype=np.float64) if both else affine


def _text(image: nib.Nifti1Pair, field: str) -> str:
    return bytes(image.header[field]).split(b"\0")[0].decode("latin-1").strip()


def _first_line(error: BaseException, path: Path) -> str:
    """Return what went wrong, without the folders that a path may name a patient in."""
    text = str(error).replace(str(path), path.name)
    return next(iter(text.splitlines()), "") or type(error).__name__
