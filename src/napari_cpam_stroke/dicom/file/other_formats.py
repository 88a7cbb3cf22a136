"""Files that are not DICOM, known by their first bytes, so that a sentence can say what to do with them."""

from __future__ import annotations

import tarfile
import zlib

from napari_cpam_stroke.core.notice import NoticeCode
from napari_cpam_stroke.dicom.file.sources import ByteSource, UnreadableError

HEAD_BYTES = 1024
"""Beginning of a file that is looked at; of a gzip file so much is unpacked too."""

_PACKERS = {
    b"\x1f\x8b": "gzip",
    b"\x1f\x9d": "compress",
    b"BZh": "bzip2",
    b"\xfd7zXZ\0": "xz",
    b"]\0\0\x80\0": "lzma",
    b"]\0\0\0\x01": "lzma",
    b"]\0\0\0\x04": "lzma",
    b"LZIP": "lzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\x04\x22\x4d\x18": "lz4",
    b"7z\xbc\xaf\x27\x1c": "7-Zip",
    b"Rar!\x1a\x07": "RAR",
    b"MSCF": "cabinet",
    b"PK\x03\x04": "zip",
    b"PK\x07\x08": "zip, in several parts",
}
_PICTURES = {
    b"\x89PNG\r\n\x1a\n": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"GIF8": "a GIF picture",
    b"II*\0": "a TIFF picture",
    b"MM\0*": "a TIFF picture",
    b"\0\0\0\x0cjP  \r\n\x87\n": "a JPEG 2000 picture",
    b"%PDF-": "a PDF document",
    b"NRRD000": "an NRRD volume",
    b"\x89HDF\r\n\x1a\n": "an HDF5 file (MINC, MATLAB and others)",
    b"MATLAB 5.0": "a MATLAB file",
    b"\x93NUMPY": "a NumPy array",
    b"ObjectType": "a MetaImage volume",
}
_MAGIC_AT = {b"n+1\0": 344, b"ni1\0": 344, b"n+2\0": 4, b"ni2\0": 4}
_HEADER_SIZES = {n.to_bytes(4, order) for n in (348, 540) for order in ("little", "big")}
_ANALYZE_SIZES = {n.to_bytes(4, order) for n in (348,) for order in ("little", "big")}
_TAR_BLOCK, _ISO_AT = 512, 32_769
_DICOM_AT, _DICOM = 128, b"DICM"


def explain(source: ByteSource, error: UnreadableError) -> UnreadableError:
    """Return a better reason than `error` where the file is of another, known format; else `error` itself."""
    try:
        head = source.read(0, HEAD_BYTES)
        if head[_DICOM_AT : _DICOM_AT + len(_DICOM)] == _DICOM:
            return error
        disc = source.has(_ISO_AT + 5) and source.read(_ISO_AT, 5) == b"CD001"
    except UnreadableError:
        return error
    if disc:
        return _packed("the image of a disc (ISO 9660); open it with the system and name its folder")
    return _known(head) or error


def _known(head: bytes) -> UnreadableError | None:
    for start, packer in _PACKERS.items():
        if head.startswith(start):
            inner = _volume(_unpacked(head)) if packer == "gzip" else None
            if inner is not None:
                return _other(f"{inner}, packed with gzip")
            return _packed(f"packed with {packer}; unpack it first")
    if _is_tar(head):
        return _packed("packed with tar; unpack it first")
    if volume := _volume(head):
        return _other(volume)
    for start, name in _PICTURES.items():
        if head.startswith(start):
            return _other(name)
    return None


def _volume(head: bytes) -> str | None:
    """Return the name of a volume of the NIfTI family."""
    if head[:4] not in _HEADER_SIZES:
        return None
    if any(head[at : at + 4] == magic for magic, at in _MAGIC_AT.items()):
        return "a NIfTI volume"
    return "an Analyze volume" if head[:4] in _ANALYZE_SIZES and len(head) >= 348 else None


def _unpacked(head: bytes) -> bytes:
    """Return the beginning of what a gzip file holds, at most `HEAD_BYTES`; empty if it is damaged."""
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(head, HEAD_BYTES)
    except zlib.error:
        return b""


def _is_tar(head: bytes) -> bool:
    """Whether a block is the header of a tar archive, by its checksum."""
    try:
        tarfile.TarInfo.frombuf(head[:_TAR_BLOCK], "utf-8", "replace")
    except (tarfile.HeaderError, ValueError):
        return False
    return True


def _packed(sentence: str) -> UnreadableError:
    return UnreadableError(sentence, NoticeCode.PACKED)


def _other(name: str) -> UnreadableError:
    return UnreadableError(f"{name}, not DICOM; only DICOM is read here", NoticeCode.OTHER_FORMAT)
