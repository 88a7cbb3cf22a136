"""Frames in several fragments, without an offset table or a closing delimiter: bit-identical, or refused as before."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from hazard_suite.base import datasets, save_all, truth_of
from hazard_suite.files import enhanced_dataset
from pydicom.encaps import generate_frames
from pydicom.uid import (
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)  # fmt: skip

from napari_cpam_stroke.core import NoticeCode
from napari_cpam_stroke.dicom import read_series, scan_folder
from napari_cpam_stroke.samples import save_dataset

SYNTAXES = [RLELossless, JPEGLSLossless, JPEG2000Lossless, JPEGLosslessSV1]
END = b"\xfe\xff\xdd\xe0" + bytes(4)


def coded(values: np.ndarray, syntax: str) -> bytes:
    """Return one compressed frame."""
    values = np.ascontiguousarray(values)
    if syntax == JPEGLSLossless:
        return bytes(imagecodecs.jpegls_encode(values))
    if syntax == JPEG2000Lossless:
        return bytes(imagecodecs.jpeg2k_encode(values, codecformat="j2k", reversible=True, level=0))
    if syntax == JPEGLosslessSV1:
        return bytes(imagecodecs.ljpeg_encode(values, bitspersample=16))
    return rle(values)


def rle(values: np.ndarray) -> bytes:
    from pydicom.dataset import Dataset, FileMetaDataset

    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.Rows, made.Columns = values.shape
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    made.BitsAllocated = made.BitsStored = 16
    made.HighBit, made.PixelRepresentation, made.SOPInstanceUID = 15, 0, "1.2"
    made.PixelData = values.astype("<u2").tobytes()
    made.compress(RLELossless, generate_instance_uid=False)
    return next(generate_frames(made.PixelData, number_of_frames=1))


def item(content: bytes) -> bytes:
    content += b"\0" * (len(content) % 2)
    return struct.pack("<HHI", 0xFFFE, 0xE000, len(content)) + content


def cut(frame: bytes, parts: int) -> list[bytes]:
    """Return a frame in fragments of even length."""
    size = max(2, len(frame) // parts // 2 * 2)
    return [frame[i : i + size] for i in range(0, size * (parts - 1), size)] + [frame[size * (parts - 1) :]]


def enhanced(folder: Path, syntax: str, *, parts, table: bytes = b"", end: bytes = END) -> np.ndarray:
    """Write one Enhanced file whose frame n has `parts(n)` fragments; return the HU."""
    truth = truth_of()
    dataset = enhanced_dataset(truth, seed=None)
    frames = np.frombuffer(dataset.PixelData, "<u2").reshape(-1, dataset.Rows, dataset.Columns)
    fragments = [piece for n, frame in enumerate(frames) for piece in cut(coded(frame, syntax), parts(n))]
    save_encapsulated(folder / "enhanced", dataset, item(table) + b"".join(map(item, fragments)) + end, syntax)
    return truth.hu


def save_encapsulated(path: Path, dataset, data: bytes, syntax: str) -> None:
    """Write a dataset whose encapsulated pixels end as `data` does."""
    marker = item(b"") + item(b"PIXELS") + END
    dataset.PixelData = marker
    dataset["PixelData"].VR, dataset["PixelData"].is_undefined_length = "OB", True
    save_dataset(path, dataset, transfer_syntax=syntax)
    head = path.read_bytes()
    path.write_bytes(head[: head.rindex(marker)] + data)


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("parts", [lambda n: 2, lambda n: 1 + n % 3], ids=["two each", "uneven"])
def test_fragments_without_an_offset_table_are_read(syntax, parts, tmp_path):
    hu = enhanced(tmp_path, syntax, parts=parts)

    (entry,) = scan_folder(tmp_path).series

    assert entry.verdict == "ready"
    assert np.array_equal(read_series(entry).hu, hu)


def test_a_wrong_offset_table_is_not_followed(tmp_path):
    hu = enhanced(tmp_path, JPEGLSLossless, parts=lambda n: 2, table=struct.pack("<26I", *range(0, 260, 10)))

    (entry,) = scan_folder(tmp_path).series

    assert np.array_equal(read_series(entry).hu, hu)


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("end", [b"", b"\xfe\xff\xdd"], ids=["no delimiter", "half a delimiter"])
def test_a_missing_delimiter_is_said_and_the_frames_read(syntax, end, tmp_path):
    truth = truth_of()
    for number, dataset in enumerate(datasets(truth)):
        values = np.frombuffer(dataset.PixelData, "<u2").reshape(dataset.Rows, dataset.Columns)
        save_encapsulated(tmp_path / str(number), dataset, item(b"") + item(coded(values, syntax)) + end, syntax)

    (entry,) = scan_folder(tmp_path).series

    assert NoticeCode.NOT_DELIMITED in {n.code for n in entry.notices if n.severity == "warning"}
    assert np.array_equal(read_series(entry).hu, truth.hu)


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_a_missing_delimiter_with_a_fragment_lost_is_damage(syntax, tmp_path):
    dataset = datasets(truth_of())[0]
    values = np.frombuffer(dataset.PixelData, "<u2").reshape(dataset.Rows, dataset.Columns)
    first = cut(coded(values, syntax), 2)[0]
    more = item(first[:20]) if syntax == RLELossless else b""
    save_encapsulated(tmp_path / "one", dataset, item(b"") + item(first) + more, syntax)

    report = scan_folder(tmp_path)

    assert not report.series
    assert "cut short" in report.rejected[0].reason


def test_in_an_archive_a_missing_delimiter_is_said_when_it_is_read(tmp_path):
    hu = enhanced(tmp_path, JPEGLSLossless, parts=lambda n: 2, end=b"")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(tmp_path / "enhanced", "enhanced")

    (entry,) = scan_folder(tmp_path / "a.zip").series
    volume = read_series(entry)

    assert NoticeCode.NOT_DELIMITED in {notice.code for notice in volume.notices}
    assert np.array_equal(volume.hu, hu)


def test_fragments_that_no_marker_tells_apart_are_refused(tmp_path):
    truth = truth_of()
    dataset = enhanced_dataset(truth, seed=None)
    frames = np.frombuffer(dataset.PixelData, "<u2").reshape(-1, dataset.Rows, dataset.Columns)
    fragments = [piece for frame in frames[:-1] for piece in cut(coded(frame, JPEGLSLossless), 2)]
    save_encapsulated(tmp_path / "e", dataset, item(b"") + b"".join(map(item, fragments)) + END, JPEGLSLossless)

    report = scan_folder(tmp_path)

    assert not report.series
    assert "cannot be shared among 26 frames" in report.rejected[0].reason


def test_plain_neighbours_stay_without_a_warning(tmp_path):
    save_all(tmp_path, datasets(truth_of())[:3])

    (entry,) = scan_folder(tmp_path).series

    assert NoticeCode.NOT_DELIMITED not in {notice.code for notice in entry.notices}
