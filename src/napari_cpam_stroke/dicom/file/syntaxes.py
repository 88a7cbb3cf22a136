"""Transfer syntaxes: which are plain, which are compressed and how, which lose something."""

from __future__ import annotations

from typing import Literal

Codec = Literal["rle", "jpeg", "jpeg_lossless", "jpeg_ls", "jpeg_2000"]

UNCOMPRESSED: frozenset[str] = frozenset(
    {"1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2"}
)
"""Implicit, explicit, deflated explicit, explicit big endian."""

CODECS: dict[str, Codec] = {
    "1.2.840.10008.1.2.5": "rle",
    "1.2.840.10008.1.2.4.50": "jpeg",
    "1.2.840.10008.1.2.4.51": "jpeg",
    "1.2.840.10008.1.2.4.57": "jpeg_lossless",
    "1.2.840.10008.1.2.4.70": "jpeg_lossless",
    "1.2.840.10008.1.2.4.80": "jpeg_ls",
    "1.2.840.10008.1.2.4.81": "jpeg_ls",
    "1.2.840.10008.1.2.4.90": "jpeg_2000",
    "1.2.840.10008.1.2.4.91": "jpeg_2000",
    "1.2.840.10008.1.2.4.201": "jpeg_2000",
    "1.2.840.10008.1.2.4.202": "jpeg_2000",
    "1.2.840.10008.1.2.4.203": "jpeg_2000",
}
"""Compressed syntaxes that are decoded. HTJ2K (201..203) shares its container and its decoder with JPEG 2000."""

LOSSY: frozenset[str] = frozenset(f"1.2.840.10008.1.2.4.{n}" for n in (50, 51, 81, 91, 203))
"""Syntaxes that may have lost something: JPEG, JPEG-LS near-lossless, JPEG 2000 and HTJ2K (lossy)."""
