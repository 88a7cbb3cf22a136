"""Files of other formats are told by their first bytes, in a sentence that is true."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile

import nibabel as nib
import numpy as np
import pytest
from hazard_suite.base import datasets, save_all, truth_of

from napari_cpam_stroke.core import NoticeCode
from napari_cpam_stroke.dicom import scan_folder


def tar(mode: str, style: int = tarfile.PAX_FORMAT) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode=mode, format=style) as archive:
        member = tarfile.TarInfo("IM0001")
        member.size = 4
        archive.addfile(member, io.BytesIO(b"abcd"))
    return target.getvalue()


def before_posix(archive: bytes) -> bytes:
    """Return a tar archive without the mark of POSIX, its checksum right again."""
    head = archive[:257] + bytes(8) + archive[265:512]
    checksum = sum(head[:148] + b" " * 8 + head[156:])
    return head[:148] + b"%06o\0 " % checksum + head[156:] + archive[512:]


def nifti(kind=nib.Nifti1Image) -> bytes:
    return kind(np.zeros((4, 4, 4), np.int16), np.eye(4)).to_bytes()


DICOM = bytes(128) + b"DICM" + bytes(400)
PACKED = {
    "a.dcm.gz": (gzip.compress(DICOM), "packed with gzip; unpack it first"),
    "a.tar": (tar("w"), "packed with tar; unpack it first"),
    "old.tar": (before_posix(tar("w", tarfile.USTAR_FORMAT)), "packed with tar; unpack it first"),
    "gnu.tar": (tar("w", tarfile.GNU_FORMAT), "packed with tar; unpack it first"),
    "a.tgz": (tar("w:gz"), "packed with gzip; unpack it first"),
    "a.bz2": (bz2.compress(DICOM), "packed with bzip2; unpack it first"),
    "a.xz": (lzma.compress(DICOM), "packed with xz; unpack it first"),
    "a.7z": (b"7z\xbc\xaf\x27\x1c" + bytes(600), "packed with 7-Zip; unpack it first"),
    "a.rar": (b"Rar!\x1a\x07\x01\0" + bytes(600), "packed with RAR; unpack it first"),
    "a.zst": (b"\x28\xb5\x2f\xfd" + bytes(600), "packed with zstd; unpack it first"),
    "disc.iso": (bytes(32_769) + b"CD001" + bytes(600), "the image of a disc"),
    "a.nii": (nifti(), "a NIfTI volume, not DICOM"),
    "two.nii": (nifti(nib.Nifti2Image), "a NIfTI volume, not DICOM"),
    "a.nii.gz": (gzip.compress(nifti()), "a NIfTI volume, packed with gzip, not DICOM"),
    "a.png": (b"\x89PNG\r\n\x1a\n" + bytes(500), "a PNG picture, not DICOM"),
    "noise": (np.random.default_rng(3).bytes(4000), "not a DICOM file"),
}


@pytest.mark.parametrize("name", PACKED)
def test_a_file_is_named_for_what_it_is(name, tmp_path):
    data, sentence = PACKED[name]
    (tmp_path / name).write_bytes(data)

    for place in (tmp_path, tmp_path / name):
        (file,) = scan_folder(place).rejected
        assert sentence in file.reason


def test_the_name_tells_nothing(tmp_path):
    (tmp_path / "really.gz").write_bytes(PACKED["a.rar"][0])

    (file,) = scan_folder(tmp_path).rejected
    assert (file.notice.code, "RAR" in file.reason) == (NoticeCode.PACKED, True)


def test_a_preamble_of_another_format_is_no_reason_to_refuse(tmp_path):
    items = datasets(truth_of())[:3]
    save_all(tmp_path, items)
    for path in tmp_path.iterdir():
        path.write_bytes(b"II*\0" + path.read_bytes()[4:])

    report = scan_folder(tmp_path)
    assert [entry.slices for entry in report.series] == [3]
    assert not report.rejected
