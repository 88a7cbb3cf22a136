"""The program of a decoding worker: compressed frames in, 16-bit values out, in a process that may die.

Started as a program of its own (not by multiprocessing, which would run the caller's main script again). Requests and
answers go through standard input and output as a fixed head and a payload.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from struct import Struct
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

REQUEST = Struct("<16sIIBBQ")
"""Codec, rows, columns, bits allocated, signed, payload length."""

ANSWER = Struct("<BQ")
"""1 for pixels or 0 for a message, payload length."""

MAX_MESSAGE_BYTES = 500
"""Longest message sent back."""

Pixels = NDArray[Any]


def _rle(data: bytes, rows: int, columns: int, allocated: int) -> Pixels:
    decoders = import_module("pydicom.pixels.decoders")
    encapsulated = import_module("pydicom.encaps").encapsulate([data])
    values, _ = decoders.RLELosslessDecoder.as_array(
        encapsulated,
        raw=True,
        decoding_plugin="pydicom",
        rows=rows,
        columns=columns,
        number_of_frames=1,
        samples_per_pixel=1,
        photometric_interpretation="MONOCHROME2",
        bits_allocated=allocated,
        bits_stored=allocated,
        pixel_representation=0,
        pixel_keyword="PixelData",
    )
    return np.asarray(values)


def _jpeg_lossless(data: bytes, *_: int) -> Pixels:
    return np.asarray(import_module("imagecodecs").ljpeg_decode(data))


def _jpeg(data: bytes, *_: int) -> Pixels:
    return np.asarray(import_module("imagecodecs").jpeg8_decode(data))


def _jpeg_ls(data: bytes, *_: int) -> Pixels:
    return np.asarray(import_module("imagecodecs").jpegls_decode(data))


def _jpeg_2000(data: bytes, *_: int) -> Pixels:
    return np.asarray(import_module("openjpeg").decode(data))


DECODERS: dict[str, Callable[..., Pixels]] = {
    "rle": _rle,
    "jpeg_lossless": _jpeg_lossless,
    "jpeg": _jpeg,
    "jpeg_ls": _jpeg_ls,
    "jpeg_2000": _jpeg_2000,
}


def decode_frame(codec: str, data: bytes, *, rows: int, columns: int, allocated: int, signed: bool) -> Pixels:
    """Return one frame as uint16 (Y, X) bit patterns.

    Raises
    ------
    ValueError
        If what comes out has another size, or a sign although the header says there is none.
    """
    values = DECODERS[codec](data, rows, columns, allocated)
    if values.size != rows * columns or values.dtype.kind not in "iu" or values.dtype.itemsize > 4:
        raise ValueError(f"decoded to {values.dtype} {values.shape}, expected {rows} x {columns}")
    lowest, highest = int(values.min()), int(values.max())
    if lowest < (-32768 if signed else 0) or highest > 65535:
        raise ValueError(f"decoded values {lowest}..{highest} do not fit the header")
    return values.reshape(rows, columns).astype(np.uint16)


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer requests until the input ends."""
    while len(head := requests.read(REQUEST.size)) == REQUEST.size:
        codec, rows, columns, allocated, signed, length = REQUEST.unpack(head)
        data = requests.read(length)
        try:
            name = codec.rstrip(b"\0").decode()
            frame = decode_frame(name, data, rows=rows, columns=columns, allocated=allocated, signed=bool(signed))
            ok, payload = 1, frame.astype("<u2").tobytes()
        except BaseException as error:  # noqa: BLE001  decoders raise anything, even BaseException
            ok, payload = 0, f"{type(error).__name__}: {error}".encode()[:MAX_MESSAGE_BYTES]
        answers.write(ANSWER.pack(ok, len(payload)))
        answers.write(payload)
        answers.flush()


def limit_memory(extra_bytes: int) -> None:
    """Let this process take only so much more memory; no effect where the system has no such limit."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        resource = import_module("resource")
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        limit = pages * resource.getpagesize() + extra_bytes
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def main() -> None:
    """Serve standard input; the libraries' own prints go to standard error."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    limit_memory(int(sys.argv[1]))
    serve(sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
