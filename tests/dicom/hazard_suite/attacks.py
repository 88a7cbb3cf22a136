"""Hostile input: archives and directories that lead outside, bombs, endless nesting, pipes, names with teeth."""

from __future__ import annotations

import os
import stat
import struct
import zipfile
import zlib
from pathlib import Path

import imagecodecs
import numpy as np
from hazard_suite.base import Hazard, Truth, datasets, save_all, subset, truth_of
from pydicom.encaps import encapsulate
from pydicom.fileset import FileSet
from pydicom.uid import DeflatedExplicitVRLittleEndian, JPEG2000Lossless

from napari_cpam_stroke.samples import save_dataset

MIDDLE = 12


def _archive(folder: Path) -> zipfile.ZipFile:
    truth = truth_of()
    save_all(folder / "series", datasets(truth))
    archive = zipfile.ZipFile(folder / "series.zip", "w", zipfile.ZIP_DEFLATED)
    for path in sorted((folder / "series").iterdir()):
        archive.write(path, path.name)
        path.unlink()
    return archive


def _zip_slip(name: str):
    def build(folder: Path) -> None:
        with _archive(folder) as archive:
            archive.writestr(name, b"out")

    return build


def _zip_link(folder: Path) -> None:
    with _archive(folder) as archive:
        link = zipfile.ZipInfo("link")
        link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")


def _zip_bomb(folder: Path) -> None:
    with _archive(folder) as archive, archive.open("bomb", "w", force_zip64=True) as member:
        block = bytes(2**22)
        for _ in range(32):
            member.write(block)


def _zip_size_lie(folder: Path) -> None:
    """The table of contents promises 16 GB more than `MAX_ARCHIVE_BYTES` in a few bytes."""
    with _archive(folder) as archive:
        archive.writestr("lie", b"x")
    path = folder / "series.zip"
    data = bytearray(path.read_bytes())
    at = data.rfind(b"PK\x01\x02")
    data[at + 24 : at + 28] = struct.pack("<I", 0xFFFFFFF0)
    path.write_bytes(bytes(data))


def _zip_nested(folder: Path) -> None:
    with zipfile.ZipFile(folder / "outer.zip", "w") as archive:
        archive.writestr("inner.zip", b"PK\x05\x06" + bytes(18))


def _dicomdir_outside(folder: Path) -> Truth:
    truth = truth_of()
    media = FileSet()
    for item in datasets(truth):
        media.add(save_dataset(folder.parent / "slice.dcm", item))
    media.write(folder)
    (folder / "DICOMDIR").write_bytes((folder / "DICOMDIR").read_bytes().replace(b"PT000000", b"..\\..\\xx"))
    return truth


def _deflate_bomb(folder: Path) -> None:
    """A header of 128 MB of private text, deflated to 130 kB."""
    item = datasets(truth_of())[0]
    save_dataset(folder / "bomb", item, transfer_syntax=DeflatedExplicitVRLittleEndian)
    data = (folder / "bomb").read_bytes()
    start = data.index(b"1.2.840.10008.1.2.1.99") + 22
    meta_end = 144 + struct.unpack_from("<I", data, 140)[0]
    engine = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = [
        engine.compress(struct.pack("<HH2sHI", 0x0009, 0x1000 + i, b"UN", 0, 2**24) + bytes(2**24)) for i in range(8)
    ]
    assert start < meta_end
    (folder / "bomb").write_bytes(data[:meta_end] + b"".join(packed) + engine.flush())


def _huge_j2k(folder: Path) -> Truth:
    """One slice whose codestream claims 60000 x 60000 pixels."""
    truth = truth_of()
    items = datasets(truth)
    keep = [i for i in range(len(items)) if i != MIDDLE]
    values = np.frombuffer(items[MIDDLE].PixelData, "<u2").reshape(items[0].Rows, -1)
    code = bytearray(imagecodecs.jpeg2k_encode(values.copy(), codecformat="j2k", reversible=True, level=0))
    at = code.index(b"\xff\x51")
    code[at + 6 : at + 14] = struct.pack(">II", 60000, 60000)
    items[MIDDLE].PixelData = encapsulate([bytes(code)])
    items[MIDDLE]["PixelData"].VR, items[MIDDLE]["PixelData"].is_undefined_length = "OB", True
    save_all(folder, [items[i] for i in keep])
    save_dataset(folder / "huge", items[MIDDLE], transfer_syntax=JPEG2000Lossless)
    return subset(truth, keep)


def _huge_matrix(folder: Path) -> None:
    items = datasets(truth_of())
    for item in items:
        item.Rows = item.Columns = 60000
    save_all(folder, items)


def _nested(folder: Path) -> Truth:
    """One file with 100,000 sequences inside each other."""
    truth = truth_of()
    items = datasets(truth)
    keep = [i for i in range(len(items)) if i != MIDDLE]
    save_all(folder, [items[i] for i in keep])
    path = save_dataset(folder / "nested", items[MIDDLE])
    data = path.read_bytes()
    level = struct.pack("<HH2sHI", 0x0008, 0x1140, b"SQ", 0, 0xFFFFFFFF) + struct.pack(
        "<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF
    )
    at = data.index(struct.pack("<HH2s", 0x0010, 0x0010, b"PN"))
    path.write_bytes(data[:at] + level * 100_000 + data[at:])
    return subset(truth, keep)


def _length_lie(value: int):
    """One file whose patient name says it is very long."""

    def build(folder: Path) -> Truth:
        truth = truth_of()
        items = datasets(truth)
        keep = [i for i in range(len(items)) if i != MIDDLE]
        save_all(folder, [items[i] for i in keep])
        path = save_dataset(folder / "lie", items[MIDDLE])
        data = path.read_bytes()
        at = data.index(struct.pack("<HH2s", 0x0010, 0x0010, b"PN"))
        path.write_bytes(data[:at] + struct.pack("<HH2sHI", 0x0010, 0x0010, b"UN", 0, value) + data[at + 8 :])
        return subset(truth, keep)

    return build


def _pixel_length_lie(folder: Path) -> Truth:
    truth = truth_of()
    items = datasets(truth)
    keep = [i for i in range(len(items)) if i != MIDDLE]
    save_all(folder, [items[i] for i in keep])
    path = save_dataset(folder / "lie", items[MIDDLE])
    data = bytearray(path.read_bytes())
    at = data.index(struct.pack("<HH2s", 0x7FE0, 0x0010, b"OW"))
    data[at + 8 : at + 12] = struct.pack("<I", 0x7FFFFFFE)
    path.write_bytes(bytes(data[:-1000]))
    return subset(truth, keep)


def _many_elements(folder: Path) -> Truth:
    """One file with four million empty elements."""
    truth = truth_of()
    items = datasets(truth)
    keep = [i for i in range(len(items)) if i != MIDDLE]
    save_all(folder, [items[i] for i in keep])
    path = save_dataset(folder / "many", items[MIDDLE])
    data = path.read_bytes()
    at = data.index(struct.pack("<HH2s", 0x0010, 0x0010, b"PN"))
    path.write_bytes(data[:at] + struct.pack("<HH2sH", 0x0009, 0x0010, b"LO", 0) * 4_000_000 + data[at:])
    return subset(truth, keep)


def _pipe_and_links(folder: Path) -> Truth:
    truth = truth_of()
    save_all(folder, datasets(truth))
    if hasattr(os, "mkfifo"):
        os.mkfifo(folder / "pipe")
    (folder / "loop").symlink_to(folder, target_is_directory=True)
    (folder / "secret").symlink_to("/etc/passwd")
    (folder / "dangling").symlink_to("/nowhere")
    return truth


def _names(folder: Path) -> Truth:
    truth = truth_of()
    items = datasets(truth)
    for item in items:
        item.PatientName = "../../../etc/passwd"
        item.PatientID = "<script>alert(1)</script>"
        item.SeriesDescription = "<img src=x onerror=1>\x07 ../../x"
        item.ConvolutionKernel = "C:\\WINDOWS"
    save_all(folder, items)
    return truth


def _program_preamble(folder: Path) -> Truth:
    truth = truth_of()
    save_all(folder, datasets(truth))
    for path in folder.iterdir():
        path.write_bytes(b"MZ\x90\x00" + b"\xcc" * 124 + path.read_bytes()[128:])
    return truth


HAZARDS = [
    Hazard("zip slip", _zip_slip("../../outside.dcm"), "rejected", ("leads outside",)),
    Hazard("zip slip, absolute", _zip_slip("/outside.dcm"), "rejected", ("leads outside",)),
    Hazard("zip slip, backslashes", _zip_slip("..\\..\\outside.dcm"), "rejected", ("leads outside",)),
    Hazard("zip symlink", _zip_link, "rejected", ("link",)),
    Hazard("zip bomb", _zip_bomb, "rejected", ("bomb",)),
    Hazard("zip that lies about a size", _zip_size_lie, "rejected", ("bomb",)),
    Hazard("zip inside a zip", _zip_nested, "rejected", ("not a DICOM file",)),
    Hazard("DICOMDIR pointing outside", _dicomdir_outside, says=("outside its folder",)),
    Hazard("deflate bomb", _deflate_bomb, "rejected", ("32 MB",)),
    Hazard("60000 x 60000 JPEG 2000", _huge_j2k, ml=0.1, says=("60000", "missing between")),
    Hazard("60000 x 60000 in the header", _huge_matrix, "refused", ("60000",)),
    Hazard("100,000 nested sequences", _nested, ml=0.1, says=("nested", "missing between")),
    Hazard("value length 4 GB", _length_lie(0xFFFFFFFE), ml=0.1, says=("more than a value may be", "missing")),
    Hazard("value of undefined length", _length_lie(0xFFFFFFFF), ml=0.1, says=("missing between",)),
    Hazard("pixel data length 2 GB", _pixel_length_lie, ml=0.1, says=("truncated", "missing")),
    Hazard("four million elements", _many_elements, ml=0.1, says=("400000 elements", "missing")),
    Hazard("pipe, link loop and links", _pipe_and_links, says=("links are not followed",)),
    Hazard("paths, HTML and controls in names", _names),
    Hazard("executable preamble", _program_preamble),
]
