"""Elements of an unknown VR are passed over, sequences without a delimiter end where tags go on."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from hazard_suite.base import datasets, truth_of

from napari_cpam_stroke.core import NoticeCode
from napari_cpam_stroke.dicom import read_series, scan_folder
from napari_cpam_stroke.samples import save_dataset

BEFORE = b"\x18\x00\x50\x00DS"
"""SliceThickness, before which something is put in."""

SLICES = 3


def short(tag: tuple[int, int], vr: bytes, value: bytes) -> bytes:
    return struct.pack("<HH", *tag) + vr + struct.pack("<H", len(value)) + value


def long(tag: tuple[int, int], vr: bytes, value: bytes) -> bytes:
    return struct.pack("<HH", *tag) + vr + struct.pack("<HI", 0, len(value)) + value


def implicit(tag: tuple[int, int], value: bytes) -> bytes:
    return struct.pack("<HHI", *tag, len(value)) + value


def write(folder: Path, put_in: bytes, before: bytes = BEFORE) -> np.ndarray:
    """Write a series with something put in before an element; return the HU."""
    truth = truth_of()
    for number, item in enumerate(datasets(truth)[:SLICES]):
        path = save_dataset(folder / str(number), item)
        data = path.read_bytes()
        assert before in data
        path.write_bytes(data.replace(before, put_in + before, 1))
    return truth.hu[:SLICES]


A, B, C = (0x0017, 0x1001), (0x0017, 0x1002), (0x0018, 0x0031)
PUT_IN = {
    "2-byte length": short(A, b"??", b"abcd"),
    "2-byte length, empty": short(A, b"??", b""),
    "4-byte length": long(A, b"??", b"abcd"),
    "4-byte length, long": long(A, b"ZZ", bytes(range(256)) * 300),
    "lower case": long(A, b"ob", b"abcd"),
    "zeros for a VR": short(A, b"\0\0", b"abcd"),
    "blanks for a VR": short(A, b"  ", b"abcd"),
    "implicit in between": implicit(A, b"12345678"),
    "several": short(A, b"??", b"abcd") + long(B, b"QQ", b"12") + short(C, b"??", b"5 "),
    "a value like a header": long(A, b"??", short((0x0018, 0x0050), b"DS", b"99") * 4),
    "a sequence of undefined length": struct.pack("<HH2sHI", *A, b"??", 0, 0xFFFFFFFF)
    + struct.pack("<HHI", 0xFFFE, 0xE000, 0)
    + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0),
}


@pytest.mark.parametrize("name", PUT_IN)
def test_an_unknown_vr_is_passed_over(name, tmp_path):
    hu = write(tmp_path, PUT_IN[name])

    report = scan_folder(tmp_path)

    (entry,) = report.series
    assert not report.rejected
    assert entry.verdict == "ready"
    assert np.array_equal(read_series(entry).hu, hu)


def test_an_unknown_vr_in_the_file_meta_group(tmp_path):
    hu = write(tmp_path, short((0x0002, 0x0011), b"??", b"abcd"), before=b"\x02\x00\x12\x00UI")

    (entry,) = scan_folder(tmp_path).series

    assert np.array_equal(read_series(entry).hu, hu)


def test_an_unknown_vr_at_the_very_beginning(tmp_path):
    hu = write(tmp_path, short((0x0008, 0x0001), b"??", b"abcd"), before=b"\x08\x00\x08\x00CS")

    report = scan_folder(tmp_path)

    (entry,) = report.series
    assert np.array_equal(read_series(entry).hu, hu)


def test_where_no_length_fits_the_sentence_names_the_vr(tmp_path):
    write(tmp_path, struct.pack("<HH2sH", *A, b"??", 0xFFF0) + b"\xff\xff\xff\x7f")

    report = scan_folder(tmp_path)

    assert not report.series
    assert "(0017,1001) has an unknown VR (3F 3F)" in report.rejected[0].reason


def sequence(*, item_end: bool, sequence_end: bool) -> bytes:
    made = struct.pack("<HH2sHI", *A, b"SQ", 0, 0xFFFFFFFF) + struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
    made += short((0x0008, 0x0100), b"SH", b"1 ")
    made += struct.pack("<HHI", 0xFFFE, 0xE00D, 0) if item_end else b""
    return made + (struct.pack("<HHI", 0xFFFE, 0xE0DD, 0) if sequence_end else b"")


@pytest.mark.parametrize(("item_end", "sequence_end", "said"), [(True, False, True), (False, True, False)])
def test_a_sequence_without_a_delimiter_ends_where_tags_go_on(item_end, sequence_end, said, tmp_path):
    hu = write(tmp_path, sequence(item_end=item_end, sequence_end=sequence_end))

    (entry,) = scan_folder(tmp_path).series

    assert (NoticeCode.NOT_DELIMITED in {notice.code for notice in entry.notices}) is said
    assert np.array_equal(read_series(entry).hu, hu)


def test_many_unknown_elements_take_bounded_time(tmp_path):
    """Thousands of elements whose every length has to be tried."""
    many = b"".join(short((0x0017, 0x1000 + n), b"??", b"abcd") for n in range(20_000))
    hu = write(tmp_path, many)

    (entry,) = scan_folder(tmp_path).series

    assert np.array_equal(read_series(entry).hu, hu)


def test_a_dataset_of_nothing_but_noise_after_the_meta_group_is_refused(tmp_path):
    item = datasets(truth_of())[0]
    path = save_dataset(tmp_path / "one", item)
    data = path.read_bytes()
    path.write_bytes(data[:400] + np.random.default_rng(5).bytes(50_000))

    assert not scan_folder(tmp_path).series
