"""What is told of the pixels of single slices, asked of every slice: their units, and how they were computed."""

from __future__ import annotations

from collections.abc import Sequence

from napari_cpam_stroke.core.hounsfield_units import counted_notice, told_of_slices
from napari_cpam_stroke.core.notice import Notice, NoticeCode, limitation, notice_of, warning
from napari_cpam_stroke.dicom.file.frame_header import FrameHeader

_UNITS = (NoticeCode.NOT_HOUNSFIELD, NoticeCode.RESCALE_MISSING)


def share_of(slices: int, frames: Sequence[FrameHeader]) -> str:
    """Return "of 3 of 28 slices ", or nothing where it holds for all."""
    return "" if slices == len(frames) else f"of {slices} of {len(frames)} slices "


def slice_notes(frames: Sequence[FrameHeader]) -> list[Notice]:
    """Return what the frames' own headers told, each once, with the number of slices where it is not all."""
    return told_of_slices((frame.notes for frame in frames), len(frames))


def unit_limitations(frames: Sequence[FrameHeader]) -> list[Notice]:
    """Return why the values of some or all slices may be no Hounsfield units."""
    found = []
    for code in _UNITS:
        notes = [note for frame in frames if (note := notice_of(frame.notes, code))]
        if notes:
            said = counted_notice(notes[0], len(notes), len(frames))
            sentence = f"{said.sentence.rstrip('.')}; the AI stays off."
            found.append(limitation(code, sentence, **said.data))
    return found


def computed_limitations(frames: Sequence[FrameHeader]) -> list[Notice]:
    """Return why the AI must stay off pictures that were computed, or that marks were written into."""
    found = []
    picture = next((f.computed for f in frames if f.computed is not None and not f.computed.plain), None)
    if picture is not None:
        energy = "" if picture.energy_kev is None else f" of {picture.energy_kev:g} keV"
        sentence = (
            f"A computed picture ({picture.word}: {picture.kind}{energy}), not plain CT slices: the AI stays off."
        )
        found.append(limitation(NoticeCode.COMPUTED_PICTURE, sentence, image_type=picture.word))
    if marked := sum(frame.burned_in for frame in frames):
        sentence = f"Marks or text were written into the pixels {share_of(marked, frames)}".rstrip()
        found.append(limitation(NoticeCode.BURNED_IN_MARKS, f"{sentence}: the AI stays off.", slices=marked))
    return found


def computed_warnings(frames: Sequence[FrameHeader]) -> list[Notice]:
    """Return what must be known of pictures that come near plain CT without being it."""
    plain = next((f.computed for f in frames if f.computed is not None and f.computed.plain), None)
    if plain is not None and plain.energy_kev is not None:
        sentence = f"A virtual picture of {plain.energy_kev:g} keV, which comes near plain CT of 120 kV."
        return [warning(NoticeCode.VIRTUAL_ENERGY, sentence, energy_kev=plain.energy_kev)]
    if plain is not None or any(frame.multi_energy for frame in frames):
        sentence = "A scan with two energies: is this the mixed series, which looks like plain CT?"
        return [warning(NoticeCode.DUAL_ENERGY, sentence)]
    return []
