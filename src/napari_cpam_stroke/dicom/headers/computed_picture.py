"""Pictures computed from CT and not CT: material maps, virtual energies, subtractions, projections, perfusion maps.

Told from words inside the values of ImageType, in the descriptions and codes of the header; never from the kernel.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from napari_cpam_stroke.core.label_words import fold
from napari_cpam_stroke.dicom.file.frame_header import ComputedPicture

_KINDS: tuple[tuple[str, str], ...] = (
    ("material map", r"[A-Z]*IODINE(MAPS?)?|IODE|YODO|IYOT|JOD[A-Z]*|PBV|BONE MARROW"),
    ("material map", r"BRAIN ?HEM|PURE ?(CALCIUM|LUMEN)|PHOTOELECTRIC|COMPTON( SCATTER)?"),
    ("material map", r"VN[CIE]|VNC[A-Z]+|VUE|VIRTU[A-Z]* ?(NON ?|UN|NATI[FV])[A-Z]*"),
    ("material map", r"((SANS )?CONTRASTE?|NATIF) VIRTU[A-Z]*|SANAL KONTRAST[A-Z]*"),
    ("material map", r"CA ?SUPP?[A-Z]*|CALCIUM (SUPP|REMOV|MAP)[A-Z]*"),
    ("material map", r"Z ?EFF(ECTIVE)?|EFFECTIVE (Z|ATOMIC)|EFF ATOMIC|ELECTRON DENS[A-Z]*|RHO ?Z?|URIC"),
    ("material map", r"MD (IODINE|WATER|CALCIUM|HAP|FAT|BLOOD)|(WATER|CALCIUM|FAT|HAP) (IODINE|WATER|CALCIUM|FAT|HAP)"),
    ("material map", r"MAT (SPECIFIC|REMOVED|FRACTIONAL|MODIFIED|VALUE BASED)|MATERIAL"),
    ("dual energy", r"DUAL ?ENERGY|MULTI ?ENERGY|DECT|SPECTRAL"),
    ("virtual energy", r"S?MONO(E[A-Z]*|CHROMATIC[A-Z]*|PLUS)?\d*(KEV)?|MONO ENERG[A-Z]*"),
    ("virtual energy", r"VM[ICE]\d*(KEV)?|\d{2,3} ?KEV|KEV"),
    ("subtraction", r"(SURE ?)?SUBTR[A-Z]*|SOUSTRACTION|SUSTRACCION|SUB ?CTA|CTA SUB|DSA"),
    ("subtraction", r"DIFFERENCE|BONE ?(REMOV[A-Z]*|SUBTR[A-Z]*|LESS|FREE)"),
    ("projection", r"[A-Z]*MIPS?\d*|M[AI][XN] ?IP|MINIP|(MAX|MIN)IMUM INTENSITY|PROJECTION|RAY ?SUM"),
    ("projection", r"VRT?|SSD|CINEMATIC|VOLUME RENDER[A-Z]*|SURFACE RENDER[A-Z]*|CURVED MPR"),
    ("temporal average", r"TAVG|TEMPORAL (AVERAGE|MEAN)|TIME AVERAGED?"),
    ("perfusion map", r"PERFUSION[A-Z]*|R?CB[FV][A-Z]*|MTT|TTP|TTD|T ?MAX|TIME TO (PEAK|DRAIN)"),
    ("perfusion map", r"PERMEABILITY|MISMATCH|PENUMBRA"),
    ("map", r"MAPS?|COLOU?RMAP|HEATMAP|PARAMETRIC|PROBABILITY|STD DEV[A-Z]*|QUANTITY"),
    ("synthetic CT", r"SYNTH[A-Z]*|PSEUDO ?CT|MRCAT"),
    ("overlay", r"OVERLAY[A-Z]*|FUSED|BURNED IN|SUMMARY|ISCHEMAVIEW|BRAINOMIX"),
)
"""Kind, and the words for it; words are upper-case, parted by single blanks."""

_ONLY_IN_TYPE = r"SUB|FUSION|MAXIMUM|MINIMUM|DIVISION|MULTIPLICATION|MASKED|DISTORTED"
"""Words that mean a computed picture in ImageType and codes, but not in a free description."""

_PATTERNS = tuple((kind, re.compile(rf"(?<![A-Z0-9])(?:{words})(?![A-Z0-9])")) for kind, words in _KINDS)
_TYPE_PATTERN = re.compile(rf"(?<![A-Z0-9])(?:{_ONLY_IN_TYPE})(?![A-Z0-9])")
_NEGATED = re.compile(
    r"(?<![A-Z])(?:NON|NO|NOT|UN|WITHOUT|OHNE|SANS|SIN|KEINE?) $|(?<![A-Z])(?:PRE|BEFORE|FOR)(?: [A-Z]+)? $"
)
_MIXED = re.compile(r"CONVENTIONAL|MIX[A-Z]*|BLEND[A-Z]*|AVERAGE|WEIGHTED|LINEAR|[MF] 0 \d+")
_PLAIN_SCAN = re.compile(r"(?<![A-Z])(?:NCCT|NATI[FV]E?|PLAIN|(?:NON|WITHOUT|OHNE|SANS|SIN|NO) ?CON[A-Z]*)(?![A-Z])")
"""The plain scan of a perfusion protocol is not its map."""

_ENERGY = re.compile(r"(\d{2,3}) ?KEV|(?:MONO[A-Z]*|VMI) ?(?:PLUS |\+ ?)?(\d{2,3})(?![A-Z0-9])")
_NOT_WORDS = re.compile(r"[^A-Z0-9]+")


def find_computed(
    types: Iterable[str], descriptions: Iterable[str], energy_kev: float | None = None
) -> ComputedPicture | None:
    """Return what the texts of a header say, the first kind that is no plain CT; None where they say nothing.

    Parameters
    ----------
    types
        Values of ImageType and of codes.
    descriptions
        Free texts.
    energy_kev
        As coded; else it is looked for in the texts.
    """
    texts = [(_words(text), True) for text in types] + [(_words(text), False) for text in descriptions]
    energy = energy_kev if energy_kev is not None else _energy(words for words, _ in texts)
    mixed = any(_MIXED.search(words) for words, _ in texts)
    found = [_picture(kind, word, energy, mixed=mixed) for kind, word in _hits(texts)]
    if energy_kev is not None and not any(picture.kind == "virtual energy" for picture in found):
        found.append(ComputedPicture("virtual energy", f"{energy_kev:g} keV", energy_kev))
    return min(found, key=lambda picture: picture.plain, default=None)


def _picture(kind: str, word: str, energy: float | None, *, mixed: bool) -> ComputedPicture:
    if kind == "dual energy":
        return ComputedPicture("mixed energies" if mixed or energy is not None else kind, word)
    return ComputedPicture(kind, word, energy if kind == "virtual energy" else None)


def _words(text: str) -> str:
    """Return upper-case words parted by single blanks; "w/o" is one word."""
    text = re.sub(r"\bW\s*/?\s*O\b", "WITHOUT", fold(text).upper())
    return _NOT_WORDS.sub(" ", text).strip()


def _hits(texts: Iterable[tuple[str, bool]]) -> Iterator[tuple[str, str]]:
    for words, is_type in texts:
        for kind, pattern in _PATTERNS:
            for match in pattern.finditer(words):
                if not _NEGATED.search(words[: match.start()]) and not _false_friend(words, match):
                    yield kind, match[0]
        if is_type and (derived := _TYPE_PATTERN.search(words)):
            yield "derived values", derived[0]


def _false_friend(words: str, match: re.Match[str]) -> bool:
    """Whether a word stands for something else beside its neighbours: an injection, or the protocol of a plain scan."""
    after = words[match.end() :].strip()
    if match[0].startswith("PERFUSION"):
        return bool(_PLAIN_SCAN.search(words))
    return match[0] == "IODINE" and after.startswith(("CONTRAST", "ALLERG"))


def _energy(texts: Iterable[str]) -> float | None:
    for words in texts:
        if match := _ENERGY.search(words):
            return float(match[1] or match[2])
    return None
