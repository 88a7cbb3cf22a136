"""Hazards of stored values: rescale, bits, sign, padding, byte order and compression."""

from __future__ import annotations

from pathlib import Path

import imagecodecs
import numpy as np
from hazard_suite.base import SHAPE, Hazard, Truth, datasets, save_all, truth_of
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    HTJ2KLossless,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from napari_cpam_stroke.core.volume import AIR_HU
from napari_cpam_stroke.samples import save_dataset

Stored = np.ndarray


def _stored(store, **attributes: object):
    """Return a builder whose slices hold `store(z, hu)` and these attributes."""

    def build(folder: Path) -> Truth:
        truth = truth_of()
        items = datasets(truth)
        for z, item in enumerate(items):
            values = store(z, truth.hu[z].astype(np.int32))
            item.PixelData = values.tobytes()
            for name, value in attributes.items():
                setattr(item, name, value)
        save_all(folder, items)
        return truth

    return build


def _per_slice(folder: Path) -> Truth:
    truth = truth_of()
    items = datasets(truth)
    for z, item in enumerate(items):
        item.RescaleSlope, item.RescaleIntercept = "1", str(-1024 - z)
        item.PixelData = (truth.hu[z].astype(np.int32) + 1024 + z).astype("<u2").tobytes()
    save_all(folder, items)
    return truth


def _fractional(folder: Path) -> Truth:
    """Slope 0.5, intercept -1000.5: the truth is what rounds to the nearest half step."""
    truth = truth_of()
    stored = np.rint((truth.hu + 1000.5) / 0.5).clip(0, 65535)
    hu = np.rint(stored * 0.5 - 1000.5).astype(np.int16)
    items = datasets(truth)
    for z, item in enumerate(items):
        item.RescaleSlope, item.RescaleIntercept = "0.5", "-1000.5"
        item.BitsStored, item.HighBit = 16, 15
        item.PixelData = stored[z].astype("<u2").tobytes()
    save_all(folder, items)
    return Truth(truth.geometry, hu)


def _dirty(z: int, hu: Stored) -> Stored:
    noise = np.random.default_rng(z).integers(0, 16, hu.shape) << 12
    return ((hu + 1024) | noise).astype("<u2")


def _signed_12(z: int, hu: Stored) -> Stored:
    return np.where(hu < 0, hu + 4096, hu).astype("<u2")


def _signed_12_dirty(z: int, hu: Stored) -> Stored:
    noise = np.random.default_rng(z).integers(0, 16, hu.shape) << 12
    return ((hu & 0xFFF) | noise).astype("<u2")


def _shifted(z: int, hu: Stored) -> Stored:
    return ((hu + 1024) << 4).astype("<u2")


def _outside() -> np.ndarray:
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    return np.hypot(y - SHAPE[0] / 2, x - SHAPE[1] / 2) > SHAPE[0] / 2


def _padded(value: int, *, declared: int | None, limit: int | None = None, intercept: int = 0):
    """Return a builder of a signed series with `value` outside a round field; the truth there is air."""

    def build(folder: Path) -> Truth:
        truth = truth_of()
        outside = _outside()
        hu = truth.hu.copy()
        hu[:, outside] = AIR_HU
        items = datasets(truth)
        for z, item in enumerate(items):
            stored = truth.hu[z] - intercept
            stored[outside] = value
            if limit is not None:
                stored[: SHAPE[0] // 2][outside[: SHAPE[0] // 2]] = limit
            item.PixelData = stored.astype("<i2").tobytes()
            item.BitsStored, item.HighBit, item.PixelRepresentation, item.RescaleIntercept = 16, 15, 1, str(intercept)
            for name, padding in (("PixelPaddingValue", declared), ("PixelPaddingRangeLimit", limit)):
                if padding is not None:
                    item.add_new(name, "SS", padding)
        save_all(folder, items)
        return Truth(truth.geometry, hu)

    return build


def _modality_table(folder: Path) -> None:
    items = datasets(truth_of())
    for item in items:
        table = Dataset()
        table.LUTDescriptor, table.ModalityLUTType = [4096, 0, 16], "HU"
        table.add_new("LUTData", "OW", bytes(8192))
        item.ModalityLUTSequence = [table]
    save_all(folder, items)


def _byte_wide(folder: Path) -> Truth:
    truth = truth_of()
    stored = np.clip((truth.hu.astype(int) + 1024) // 16, 0, 255)
    items = datasets(truth)
    for z, item in enumerate(items):
        item.RescaleSlope, item.RescaleIntercept = "16", "-1024"
        item.BitsAllocated, item.BitsStored, item.HighBit = 8, 8, 7
        item.PixelData = stored[z].astype(np.uint8).tobytes()
    save_all(folder, items)
    return Truth(truth.geometry, (stored * 16 - 1024).astype(np.int16))


def _written(syntax: str, *, swap: bool = False):
    def build(folder: Path) -> Truth:
        truth = truth_of()
        items = datasets(truth)
        for item in items:
            if swap:
                item.PixelData = np.frombuffer(item.PixelData, "<u2").astype(">u2").tobytes()
        save_all(folder, items, transfer_syntax=syntax)
        return truth

    return build


def compress(item: Dataset, encode, *, signed: bool = False) -> None:
    """Replace a dataset's pixels by one compressed frame."""
    values = np.frombuffer(item.PixelData, "<i2" if signed else "<u2").reshape(item.Rows, item.Columns)
    item.PixelData = encapsulate([bytes(encode(np.ascontiguousarray(values)))])
    item["PixelData"].VR = "OB"
    item["PixelData"].is_undefined_length = True


def _compressed(syntax: str, encode):
    def build(folder: Path) -> Truth:
        truth = truth_of()
        items = datasets(truth)
        for item in items:
            compress(item, encode)
        save_all(folder, items, transfer_syntax=syntax)
        return truth

    return build


def _compressed_signed(syntax: str, encode):
    def build(folder: Path) -> Truth:
        truth = truth_of()
        items = datasets(truth)
        for z, item in enumerate(items):
            item.PixelRepresentation, item.RescaleIntercept = 1, "0"
            item.BitsStored, item.HighBit = 16, 15
            item.PixelData = truth.hu[z].astype("<i2").tobytes()
            compress(item, encode, signed=True)
        save_all(folder, items, transfer_syntax=syntax)
        return truth

    return build


def _rle(folder: Path) -> Truth:
    truth = truth_of()
    items = datasets(truth)
    folder.mkdir(parents=True, exist_ok=True)
    for number, item in enumerate(items):
        path = save_dataset(folder / f"IM{len(items) - number}", item)
        item.compress(RLELossless, encoding_plugin="pydicom")
        item.save_as(path, enforce_file_format=True)
    return truth


def _as_unsigned(encode):
    return lambda values: encode(values.view(np.uint16))


def _j2k(values: np.ndarray, **how: object) -> bytes:
    return imagecodecs.jpeg2k_encode(values, codecformat="j2k", **how)


HAZARDS = [
    Hazard("rescale different in every slice", _per_slice),
    Hazard("slope 0.5 with half an intercept", _fractional),
    Hazard("dirty bits above the high bit", _stored(_dirty)),
    Hazard(
        "signed 12 bit",
        _stored(_signed_12, PixelRepresentation=1, RescaleIntercept="0"),
    ),
    Hazard("signed 12 bit with dirty bits", _stored(_signed_12_dirty, PixelRepresentation=1, RescaleIntercept="0")),
    Hazard("high bit 15 with 12 stored", _stored(_shifted, HighBit=15)),
    Hazard(
        "signed 16 bit",
        _stored(lambda z, hu: hu.astype("<i2"), BitsStored=16, HighBit=15, PixelRepresentation=1, RescaleIntercept="0"),
    ),
    Hazard(
        "unsigned 16 bit, intercept -32768",
        _stored(lambda z, hu: (hu + 32768).astype("<u2"), BitsStored=16, HighBit=15, RescaleIntercept="-32768"),
    ),
    Hazard("8 bits allocated", _byte_wide),
    Hazard("padding -2000 declared", _padded(-2000, declared=-2000)),
    Hazard("padding -1500 declared", _padded(-1500, declared=-1500)),
    Hazard("padding -3024 not declared", _padded(-3024, declared=None)),
    Hazard("padding -2000 below an intercept", _padded(-2000, declared=-2000, intercept=-1024)),
    Hazard("padding range", _padded(-2000, declared=-2000, limit=-1900)),
    Hazard("padding 0 HU", _padded(0, declared=0)),
    Hazard(
        "no rescale",
        _stored(lambda z, hu: (hu + 1024).astype("<u2"), RescaleSlope=None, RescaleIntercept=None),
        "view_only",
        ("Hounsfield",),
        hu=None,
        measured=False,
    ),
    Hazard("a modality table instead of rescale", _modality_table, "refused", ("ModalityLUTSequence",)),
    Hazard("implicit VR", _written(ImplicitVRLittleEndian)),
    Hazard("big endian", _written(ExplicitVRBigEndian, swap=True)),
    Hazard("deflated", _written(DeflatedExplicitVRLittleEndian)),
    Hazard("RLE", _rle),
    Hazard("JPEG lossless 57", _compressed(JPEGLossless, imagecodecs.ljpeg_encode)),
    Hazard("JPEG lossless 70", _compressed(JPEGLosslessSV1, imagecodecs.ljpeg_encode)),
    Hazard("JPEG lossless 70, signed", _compressed_signed(JPEGLosslessSV1, _as_unsigned(imagecodecs.ljpeg_encode))),
    Hazard("JPEG-LS", _compressed(JPEGLSLossless, imagecodecs.jpegls_encode)),
    Hazard("JPEG 2000 lossless", _compressed(JPEG2000Lossless, lambda v: _j2k(v, reversible=True, level=0))),
    Hazard(
        "JPEG 2000 lossless, signed", _compressed_signed(JPEG2000Lossless, lambda v: _j2k(v, reversible=True, level=0))
    ),
    Hazard("HTJ2K lossless", _compressed(HTJ2KLossless, imagecodecs.htj2k_encode)),
    Hazard(
        "JPEG-LS near-lossless",
        _compressed(JPEGLSNearLossless, lambda v: imagecodecs.jpegls_encode(v, level=3)),
        says=("with loss",),
        lossy=True,
        hu=3,
    ),
    Hazard(
        "JPEG 2000 lossy", _compressed(JPEG2000, lambda v: _j2k(v, level=90)), says=("with loss",), lossy=True, hu=60
    ),
    Hazard("HTJ2K lossy syntax", _compressed(HTJ2K, imagecodecs.htj2k_encode), says=("with loss",), lossy=True),
    Hazard(
        "JPEG extended 51",
        _compressed(JPEGExtended12Bit, lambda v: imagecodecs.jpeg8_encode(v, level=98, bitspersample=12)),
        says=("with loss",),
        lossy=True,
        hu=60,
    ),
]
