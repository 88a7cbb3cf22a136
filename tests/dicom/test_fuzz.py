"""Bounded fuzzing of headers, pixels, archives and directories; CPAM_FUZZ=1000 runs that many of each.

Every outcome must be one of: read, refused in words, set aside. Any other exception fails, and the main process lives.
"""

import os
import zipfile
from collections import Counter

import imagecodecs
import numpy as np
import pytest
from hazard_suite import files
from hazard_suite.base import datasets, save_all, truth_of
from hazard_suite.pixels import compress
from pydicom.uid import HTJ2KLossless, JPEG2000Lossless, JPEGExtended12Bit, JPEGLosslessSV1, JPEGLSLossless, RLELossless

from napari_cpam_stroke.dicom import read_series, scan_folder
from napari_cpam_stroke.dicom.pixels.decode import DecodeWorkers
from napari_cpam_stroke.errors import CpamError
from napari_cpam_stroke.samples import save_dataset

COUNT = int(os.environ.get("CPAM_FUZZ", "12"))
SLICES = slice(11, 15)


def mutate(data: bytes, random: np.random.Generator, *, low: int = 0, high: int | None = None) -> bytes:
    """Flip, overwrite, cut out, repeat or cut off some bytes."""
    high = len(data) if high is None else high
    changed = bytearray(data)
    for _ in range(random.integers(1, 6)):
        at = int(random.integers(low, high))
        length = int(random.choice([1, 2, 4, 16, 200]))
        match random.integers(0, 6):
            case 0:
                changed[at] ^= 1 << int(random.integers(0, 8))
            case 1:
                changed[at : at + length] = random.integers(0, 256, length, dtype=np.uint8).tobytes()
            case 2:
                changed[at : at + length] = b"\xff" * length
            case 3:
                del changed[at : at + length]
            case 4:
                changed[at:at] = changed[at : at + length]
            case _:
                if random.random() < 0.3:
                    del changed[at:]
        high = max(low + 1, min(high, len(changed)))
        if not changed:
            break
    return bytes(changed)


def flip(data: bytes, random: np.random.Generator) -> bytes:
    """Change some bytes, not the length, so that a decoder gets to see them."""
    changed = np.frombuffer(data, np.uint8).copy()
    at = random.integers(2, len(changed) - 2, random.integers(1, 12))
    changed[at] = random.integers(0, 256, len(at), dtype=np.uint8)
    return changed.tobytes()


def outcome(path, workers=None) -> str:
    """Scan and read; return what came out in a word."""
    try:
        report = scan_folder(path)
        readable = [entry for entry in report.series if entry.verdict != "refused"]
        for entry in readable:
            read_series(entry, workers=workers)
    except CpamError:
        return "refused when read"
    if not readable:
        return "refused" if report.series else "set aside"
    return "read in part" if report.rejected or len(report.series) > 1 else "read"


def plain(folder):
    save_all(folder, datasets(truth_of())[SLICES])


def enhanced(folder):
    save_dataset(folder / "enhanced", files.enhanced_dataset(truth_of()))


def implicit(folder):
    save_all(folder, datasets(truth_of())[SLICES], transfer_syntax="1.2.840.10008.1.2")


def deflated(folder):
    save_all(folder, datasets(truth_of())[SLICES], transfer_syntax="1.2.840.10008.1.2.1.99")


def compressed(syntax, encode):
    def build(folder):
        items = datasets(truth_of())[SLICES]
        for item in items:
            compress(item, encode)
        save_all(folder, items, transfer_syntax=syntax)

    return build


def rle(folder):
    for number, item in enumerate(datasets(truth_of())[SLICES]):
        path = save_dataset(folder / f"IM{number}", item)
        item.compress(RLELossless, encoding_plugin="pydicom")
        item.save_as(path, enforce_file_format=True)


def header_end(data: bytes) -> int:
    return data.rfind(b"\xe0\x7f\x10\x00") + 12 or len(data)


HEADERS = {"explicit": plain, "implicit": implicit, "deflated": deflated, "enhanced": enhanced}
PIXELS = {
    "RLE": rle,
    "JPEG lossless": compressed(JPEGLosslessSV1, imagecodecs.ljpeg_encode),
    "JPEG": compressed(JPEGExtended12Bit, lambda v: imagecodecs.jpeg8_encode(v, bitspersample=12)),
    "JPEG-LS": compressed(JPEGLSLossless, imagecodecs.jpegls_encode),
    "JPEG 2000": compressed(
        JPEG2000Lossless, lambda v: imagecodecs.jpeg2k_encode(v, codecformat="j2k", reversible=True, level=0)
    ),
    "HTJ2K": compressed(HTJ2KLossless, imagecodecs.htj2k_encode),
}


@pytest.fixture
def counts(request, capsys):
    found = Counter()
    yield found
    with capsys.disabled():
        if request.config.get_verbosity() >= 1:
            print(f"\n{request.node.name}: {dict(found)}", end=" ")  # noqa: T201
    assert sum(found.values()) == COUNT


@pytest.mark.parametrize("kind", HEADERS)
def test_headers(kind, tmp_path, counts):
    HEADERS[kind](tmp_path)
    path = min(tmp_path.iterdir())
    original, random = path.read_bytes(), np.random.default_rng(1)
    end = header_end(original)
    for number in range(COUNT):
        same_length = flip(original[:end], random) + original[end:]
        path.write_bytes(same_length if number % 2 else mutate(original, random, high=end))
        counts[outcome(tmp_path)] += 1


@pytest.mark.parametrize("kind", PIXELS)
def test_compressed_pixels(kind, tmp_path, counts):
    PIXELS[kind](tmp_path)
    path = min(tmp_path.iterdir())
    original, random = path.read_bytes(), np.random.default_rng(2)
    at = header_end(original)
    with DecodeWorkers() as workers:
        for number in range(COUNT):
            spoilt = mutate(original, random, low=at) if number % 4 == 0 else None
            path.write_bytes(spoilt or original[: at + 20] + flip(original[at + 20 : -10], random) + original[-10:])
            counts[outcome(path, workers)] += 1


def test_archives(tmp_path, counts):
    plain(tmp_path / "series")
    path = tmp_path / "series.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for each in sorted((tmp_path / "series").iterdir()):
            archive.write(each, each.name)
    original, random = path.read_bytes(), np.random.default_rng(3)
    for number in range(COUNT):
        path.write_bytes(flip(original, random) if number % 2 else mutate(original, random))
        counts[outcome(path)] += 1


def test_directories(tmp_path, counts):
    files._dicomdir(tmp_path / "cd")
    path = tmp_path / "cd" / "DICOMDIR"
    original, random = path.read_bytes(), np.random.default_rng(4)
    for number in range(COUNT):
        path.write_bytes(flip(original, random) if number % 2 else mutate(original, random))
        counts[outcome(path)] += 1
