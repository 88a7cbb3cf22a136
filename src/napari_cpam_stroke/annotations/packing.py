"""A geometry as one short line of text, without loss."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

import numpy as np

from napari_cpam_stroke.core import VolumeGeometry


def pack_geometry(geometry: VolumeGeometry) -> str:
    """Return JSON, compressed, as base64: tens of bytes per slice."""
    values = {
        "positions_mm": geometry.positions_mm.tolist(),
        "row_direction": geometry.row_direction.tolist(),
        "column_direction": geometry.column_direction.tolist(),
        "pixel_spacing_mm": [float(v) for v in geometry.pixel_spacing_mm],
        "thickness_mm": geometry.thickness_mm.tolist(),
        "frame_of_reference_uid": geometry.frame_of_reference_uid,
    }
    return pack_plain(values)


def pack_plain(values: dict[str, Any]) -> str:
    """Return the line of text for a geometry given as JSON values."""
    return base64.b64encode(zlib.compress(json.dumps(values).encode())).decode()


def unpack_geometry(packed: str) -> VolumeGeometry:
    """Return the geometry that `pack_geometry` was given."""
    values = json.loads(zlib.decompress(base64.b64decode(packed)))
    row_mm, column_mm = values["pixel_spacing_mm"]
    return VolumeGeometry(
        positions_mm=np.asarray(values["positions_mm"]),
        row_direction=np.asarray(values["row_direction"]),
        column_direction=np.asarray(values["column_direction"]),
        pixel_spacing_mm=(row_mm, column_mm),
        thickness_mm=np.asarray(values["thickness_mm"]),
        frame_of_reference_uid=values["frame_of_reference_uid"],
    )
