"""How a series was made: the few values kept of its header."""

from __future__ import annotations

import re
from dataclasses import dataclass

from napari_cpam_stroke.config import Window
from napari_cpam_stroke.core.notice import Notice, NoticeCode, info

SCANNER_LENGTH = 60
"""Characters of manufacturer and model that are kept."""

_WORD = re.compile(r"[A-Za-z0-9][\w.-]*", re.ASCII)


@dataclass(frozen=True)
class Acquisition:
    """What the source says of the scan; None where it says nothing. Nothing in it names a patient.

    Attributes
    ----------
    scanner
        Manufacturer and model, letters and digits.
    pixel_spacing_mm
        Distance between rows (along y), then between columns (along x), mm.
    slice_thickness_mm
        Nominal, in mm; of the middle one where slices differ. `VolumeGeometry.thickness_mm` has each slice's.
    window
        Centre and width in HU that the header proposes for display, the first where it proposes several.
    kernel
        Convolution kernel, as the manufacturer names it.
    slice_places_mm
        Where each slice lies along the stack, ascending, mm from any origin: of slices whose order and distances are
        known, but no position in the patient. Whether the first is next to the feet is not.
    """

    scanner: str | None = None
    pixel_spacing_mm: tuple[float, float] | None = None
    slice_thickness_mm: float | None = None
    window: Window | None = None
    kernel: str | None = None
    slice_places_mm: tuple[float, ...] | None = None

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What is shown to a reader of scanner, pixel spacing and slice thickness."""
        found = []
        if self.scanner is not None:
            found.append(info(NoticeCode.SCANNER, f"Scanner {self.scanner}.", scanner=self.scanner))
        if self.pixel_spacing_mm is not None:
            row, column = self.pixel_spacing_mm
            sentence = f"Pixel spacing {row:.4g} x {column:.4g} mm."
            found.append(info(NoticeCode.PIXEL_SPACING, sentence, row_mm=row, column_mm=column))
        if self.slice_thickness_mm is not None:
            thickness = self.slice_thickness_mm
            found.append(info(NoticeCode.SLICE_THICKNESS, f"Slice thickness {thickness:g} mm.", thickness_mm=thickness))
        return tuple(found)


UNKNOWN = Acquisition()
"""Of a source that says nothing."""


def scanner_name(manufacturer: object, model: object) -> str | None:
    """Return manufacturer and model as one name, None where neither is given."""
    words = _WORD.findall(f"{manufacturer or ''} {model or ''}")
    return " ".join(words)[:SCANNER_LENGTH].strip() or None
