"""From files on a disk to HU: this program, SimpleITK, pydicom, dcm2niix, and the bytes alone."""

from __future__ import annotations

import os
import subprocess
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import imagecodecs
import numpy as np
import pydicom
from benchmarks.row import Row, Wanted
from benchmarks.turns import beside, turns
from pydicom.encaps import encapsulate
from pydicom.uid import JPEG2000Lossless, JPEGLosslessSV1, RLELossless

from napari_cpam_stroke.dicom import SeriesEntry, read_series, scan_folder
from napari_cpam_stroke.samples import HeadPhantom, even_steps, save_dataset, series_datasets, stack_geometry

EDGE = 512
PHANTOM_SLICES = 30
"""Rendered once; longer series repeat them."""

Call = Callable[[Path], object]


def rows(runs: int) -> Iterator[Row]:
    """Yield the rows of opening."""
    with tempfile.TemporaryDirectory() as place:
        for slices in (30, 300, 1000):
            folder = write(Path(place, f"plain-{slices}"), slices)
            yield from plain(folder, slices, runs)
        for name, code in CODES.items():
            folder = write(Path(place, name), PHANTOM_SLICES * 2, code)
            yield against(f"{PHANTOM_SLICES * 2} slices, {name}", folder, runs, "SimpleITK", with_simpleitk, times=1.5)
        archive = zipped(Path(place, "plain-300"))
        yield beside("300 slices in a zip archive, scan and load", "s", runs, lambda: ours(archive))
        for files in (2000, 10_000):
            folder = write(Path(place, f"scan-{files}"), files, edge=64)
            yield beside(f"{files} files, scan alone", "s", runs, lambda folder=folder: scan_folder(folder))


def plain(folder: Path, slices: int, runs: int) -> Iterator[Row]:
    """Yield what an uncompressed series takes, warm and cold, beside each peer."""
    words = f"{slices} slices"
    yield against(f"{words}, scan and load", folder, runs, "SimpleITK", with_simpleitk, times=5)
    yield against(f"{words}, the same, nothing of it in memory", folder, runs, "SimpleITK", with_simpleitk, cold=True)
    yield against(f"{words}, scan and load", folder, runs, "pydicom", with_pydicom)
    yield against(f"{words}, scan and load", folder, runs, "dcm2niix", with_dcm2niix)
    entry = only(folder)
    loads, reads = turns(runs, lambda: read_series(entry), lambda: raw(folder))
    yield Row(f"{words}, load after a scan", "s", loads, "the bytes alone", reads, Wanted(times=1 / 1.5))


def against(
    words: str, folder: Path, runs: int, peer: str, call: Call, *, times: float | None = None, cold: bool = False
) -> Row:
    """Return one row: this program and a peer in turns."""
    before = (lambda: forget(folder)) if cold else None
    mine, theirs = turns(runs, lambda: ours(folder), lambda: call(folder), before=before)
    return Row(words, "s", mine, peer, theirs, None if times is None else Wanted(times=times))


def ours(path: Path) -> object:
    """Return the volume of the only series."""
    return read_series(only(path))


def only(path: Path) -> SeriesEntry:
    """Return the only series of a folder or archive."""
    (entry,) = scan_folder(path).series
    return entry


def with_simpleitk(folder: Path) -> object:
    """Return the stored values in HU as SimpleITK's series reader gives them."""
    import SimpleITK

    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    image = reader.Execute()
    return SimpleITK.GetArrayViewFromImage(image).astype(np.int16)


def with_pydicom(folder: Path) -> object:
    """Return HU as a script around pydicom makes them: every file, sorted by place, stacked."""
    read = sorted((pydicom.dcmread(file) for file in folder.iterdir()), key=lambda d: float(d.ImagePositionPatient[2]))
    return np.stack([d.pixel_array * float(d.RescaleSlope) + float(d.RescaleIntercept) for d in read]).astype(np.int16)


def with_dcm2niix(folder: Path) -> object:
    """Let dcm2niix write one NIfTI file, uncompressed."""
    import dcm2niix

    with tempfile.TemporaryDirectory() as out:
        return subprocess.run([dcm2niix.bin, "-z", "n", "-o", out, folder], check=True, capture_output=True)


def raw(folder: Path) -> int:
    """Read every file as bytes; return how many."""
    return sum(len(file.read_bytes()) for file in folder.iterdir())


def forget(folder: Path) -> None:
    """Let Linux drop what it keeps of the files, as after a start."""
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def jpeg_lossless(values: np.ndarray) -> bytes:
    return bytes(imagecodecs.ljpeg_encode(values))


def jpeg_2000(values: np.ndarray) -> bytes:
    return bytes(imagecodecs.jpeg2k_encode(values, codecformat="j2k", reversible=True, level=0))


CODES: dict[str, tuple[str, Callable[[np.ndarray], bytes] | None]] = {
    "JPEG lossless": (JPEGLosslessSV1, jpeg_lossless),
    "JPEG 2000": (JPEG2000Lossless, jpeg_2000),
    "RLE": (RLELossless, None),
}
"""Transfer syntax and what encodes a frame; None: pydicom does."""


def write(
    folder: Path,
    slices: int,
    code: tuple[str, Callable[[np.ndarray], bytes] | None] | None = None,
    *,
    edge: int = EDGE,
) -> Path:
    """Write a head of so many slices, one file each, and return the folder."""
    folder.mkdir()
    shape = (edge, edge)
    geometry = stack_geometry(
        even_steps(slices, 150 / slices), shape_yx=shape, pixel_spacing_mm=(230 / edge, 230 / edge), thickness_mm=5.0
    )
    few = stack_geometry(
        even_steps(PHANTOM_SLICES, 5.0), shape_yx=shape, pixel_spacing_mm=(230 / edge, 230 / edge), thickness_mm=5.0
    )
    rendered = HeadPhantom.measured().render(few, shape)
    noise = np.random.default_rng(0).normal(0, 4, rendered.shape)
    hu = (rendered + noise).astype(np.int16)[np.arange(slices) * PHANTOM_SLICES // slices]
    for number, dataset in enumerate(series_datasets(hu, geometry)):
        path = folder / f"{number:05d}.dcm"
        if code is None:
            save_dataset(path, dataset)
        elif code[1] is None:
            save_dataset(path, dataset)
            dataset.compress(code[0], encoding_plugin="pydicom")
            dataset.save_as(path, enforce_file_format=True)
        else:
            values = np.frombuffer(dataset.PixelData, "<u2").reshape(shape)
            dataset.PixelData = encapsulate([code[1](values.copy())])
            dataset["PixelData"].VR = "OB"
            dataset["PixelData"].is_undefined_length = True
            save_dataset(path, dataset, transfer_syntax=code[0])
    return folder


def zipped(folder: Path) -> Path:
    """Return an archive of a folder, packed as most tools do."""
    archive = folder.with_suffix(".zip")
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for path in folder.iterdir():
            file.write(path, path.name)
    return archive
