"""Single DICOM files of research releases: also those in lossless JPEG."""

from __future__ import annotations

import imagecodecs
import numpy as np
import pydicom
import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import JPEG2000Lossless, JPEGLossless, JPEGLosslessSV1

from cpam_train.importers.dicom_slice import read_dicom_slice
from napari_cpam_stroke.errors import InputError


def compressed(path, code, syntax, *, signed=True, stored=16):
    """Put a plain file's values into a codestream."""
    file = pydicom.dcmread(path)
    values = np.frombuffer(file.PixelData, dtype="<i2").reshape(file.Rows, file.Columns)
    file.PixelRepresentation, file.BitsStored, file.HighBit = int(signed), stored, stored - 1
    patterns = values.view(np.uint16) & np.uint16((1 << stored) - 1)
    file.PixelData = encapsulate([bytes(code(patterns))])
    file["PixelData"].VR = "OB"
    file.file_meta.TransferSyntaxUID = syntax
    file.save_as(path)
    return path


def lossless_jpeg(values):
    return imagecodecs.ljpeg_encode(values, bitspersample=16)


@pytest.mark.parametrize("syntax", [JPEGLossless, JPEGLosslessSV1])
@pytest.mark.parametrize(
    ("intercept", "signed", "stored"), [(-1024, False, 16), (0, True, 16), (0, True, 12), (-1024, False, 12)]
)
def test_lossless_jpeg_gives_the_values_that_were_stored(
    tmp_path, head, dicom_writer, syntax, intercept, signed, stored
):
    hu = head(3)[0][0]
    path = dicom_writer(tmp_path / "1.dcm", hu, intercept=intercept)
    compressed(path, lossless_jpeg, syntax, signed=signed, stored=stored)
    assert np.array_equal(read_dicom_slice(path).hu, np.maximum(hu, -1024))


@pytest.mark.parametrize("syntax", [JPEGLosslessSV1, JPEG2000Lossless])
def test_a_damaged_codestream_is_refused_by_name(tmp_path, head, dicom_writer, syntax):
    path = dicom_writer(tmp_path / "1.dcm", head(3)[0][0])
    compressed(path, lambda values: lossless_jpeg(values)[:200], syntax)
    with pytest.raises(InputError, match=r"cannot be decoded.*1\.dcm"):
        read_dicom_slice(path)


@pytest.mark.parametrize(
    ("name", "value"),
    [("RescaleSlope", b"nan "), ("RescaleIntercept", b"inf "), ("RescaleSlope", b"x "), ("WindowCenter", b"a\\b ")],
)
def test_a_header_whose_numbers_are_none_is_refused_by_name(tmp_path, head, dicom_writer, name, value):
    path = dicom_writer(tmp_path / "1.dcm", head(3)[0][0])
    header = pydicom.dcmread(path)
    header.WindowCenter, header.WindowWidth = "40", "80"
    header[name]._value = "@" * len(value)
    header.save_as(path)
    path.write_bytes(path.read_bytes().replace(b"@" * len(value), value))
    with pytest.raises(InputError, match=r"cannot be decoded.*1\.dcm"):
        read_dicom_slice(path)
