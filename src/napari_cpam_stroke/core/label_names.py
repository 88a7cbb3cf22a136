"""What the name of a label, or the name and code of a DICOM segment, says it shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

from napari_cpam_stroke.core.label_negation import turned_down
from napari_cpam_stroke.core.label_words import Word, words_of
from napari_cpam_stroke.core.labels import LesionClass
from napari_cpam_stroke.core.lesion_terms import CODE_STARTS, CODES, HEMORRHAGE_GRADES, OLD_SNOMED_SCHEMES, Sign


class Meaning(Enum):
    """What a label stands for in a mask."""

    ISCHEMIA = "ischemia"
    HEMORRHAGE = "hemorrhage"
    IGNORE = "ignore"
    """No lesion: passed over, and named."""
    UNKNOWN = "unknown"
    """Not understood: stops the import."""

    @property
    def lesion_class(self) -> LesionClass | None:
        """The class, None for what is none."""
        return None if self in (Meaning.IGNORE, Meaning.UNKNOWN) else LesionClass[self.name]


class _Found(Enum):
    """What a text says by itself, before it is weighed against a code."""

    HEMORRHAGE, ISCHEMIA = Meaning.HEMORRHAGE, Meaning.ISCHEMIA
    BLED_INFARCT, STROKE = "hemorrhagic infarct", "stroke"
    ANATOMY, OTHER = "anatomy", "other finding"
    NOTHING = "nothing"
    """Only a place, a number, "Segment"."""
    UNCLEAR = "unclear"
    """Words that are not in the table."""
    CONTRADICTORY = "contradictory"


_CLASSES = {
    _Found.HEMORRHAGE: Meaning.HEMORRHAGE,
    _Found.BLED_INFARCT: Meaning.HEMORRHAGE,
    _Found.ISCHEMIA: Meaning.ISCHEMIA,
    _Found.STROKE: Meaning.ISCHEMIA,
}
_NO_LESION = (_Found.ANATOMY, _Found.OTHER)
_OF_SIGN = {
    Sign.HEMORRHAGE: _Found.HEMORRHAGE,
    Sign.ISCHEMIA: _Found.ISCHEMIA,
    Sign.STROKE: _Found.STROKE,
    Sign.ANATOMY: _Found.ANATOMY,
    Sign.OTHER: _Found.OTHER,
}


@dataclass(frozen=True)
class CodedName:
    """A coded concept as DICOM writes one; empty where nothing is given."""

    value: str = ""
    scheme: str = ""
    meaning: str = ""


def meaning_of_name(name: str) -> Meaning:
    """Return what a label's name says: hemorrhage wins over stroke and infarct, what is turned down does not count."""
    return _weighed(_found(name), _Found.NOTHING)


def meaning_of_segment(label: str, kind: CodedName) -> Meaning:
    """Return what a segment shows by its label and its property type; `UNKNOWN` where the two contradict each other."""
    return _weighed(_found(label), _coded(kind))


def _weighed(label: _Found, kind: _Found) -> Meaning:
    if _Found.CONTRADICTORY in (label, kind):
        return Meaning.UNKNOWN
    if label in _CLASSES and kind in _CLASSES:
        return _agreed(label, kind)
    if label in _CLASSES:
        return Meaning.UNKNOWN if kind is _Found.OTHER else _CLASSES[label]
    if kind in _CLASSES:
        return _CLASSES[kind] if label in (_Found.NOTHING, _Found.UNCLEAR) else Meaning.UNKNOWN
    if label in _NO_LESION or (label is _Found.NOTHING and kind in _NO_LESION):
        return Meaning.IGNORE
    return Meaning.UNKNOWN


def _agreed(label: _Found, kind: _Found) -> Meaning:
    """Return the class of a label and a code that both name a lesion."""
    both = {label, kind}
    if len({_CLASSES[label], _CLASSES[kind]}) == 1:
        return _CLASSES[label]
    if both & {_Found.STROKE, _Found.BLED_INFARCT}:
        return Meaning.HEMORRHAGE
    return Meaning.UNKNOWN


def _coded(kind: CodedName) -> _Found:
    """Return what a code says, and its meaning where the code is not in the table."""
    told = _found(kind.meaning)
    sign = _sign_of_code(kind)
    if sign is None:
        return told
    by_code = _OF_SIGN[sign]
    if by_code in _CLASSES and told in _CLASSES and _agreed(by_code, told) is Meaning.UNKNOWN:
        return _Found.CONTRADICTORY
    return told if told is _Found.BLED_INFARCT else by_code


def _sign_of_code(kind: CodedName) -> Sign | None:
    scheme = kind.scheme.upper()
    scheme = "SRT" if scheme in OLD_SNOMED_SCHEMES else scheme
    starts = (s for name, start, s in CODE_STARTS if scheme.startswith(name) and kind.value.startswith(start))
    return CODES.get((scheme, kind.value)) or next(starts, None)


def _found(text: str) -> _Found:
    words = turned_down(words_of(text))
    if any(word.sign is Sign.SPOILER for word in words) or _ends_in_negation(words):
        return _Found.UNCLEAR
    if any(pair in HEMORRHAGE_GRADES for pair in pairwise(word.text for word in words)):
        return _Found.HEMORRHAGE
    lesions = [word for word in words if word.lesion]
    if any(word.around for word in lesions):
        return _beside(words)
    if any(not word.negated for word in lesions):
        return _named(words)
    return _not_named(words)


def _ends_in_negation(words: Sequence[Word]) -> bool:
    """Whether nothing follows what negates the rest ("hemorrhage: no")."""
    return len(words) > 1 and words[-1].sign is Sign.NOT_AFTER


def _beside(words: Sequence[Word]) -> _Found:
    """Return what lies around a lesion: edema; with a lesion of its own it cannot be told."""
    own = any(word.lesion and not word.around for word in words)
    other = any(word.sign is Sign.OTHER for word in words)
    return _Found.CONTRADICTORY if own else _Found.OTHER if other else _Found.UNCLEAR


def _named(words: Sequence[Word]) -> _Found:
    """Return the class that a text names."""
    said = {word.sign for word in words if word.lesion and not word.negated}
    denied = {word.sign for word in words if word.lesion and word.negated}
    bled, infarct = bool(said & {Sign.HEMORRHAGE, Sign.BLEEDING}), bool(said & {Sign.ISCHEMIA, Sign.STROKE})
    if any(word.sign is Sign.OTHER for word in words) or _both_ways(said, denied):
        return _Found.CONTRADICTORY
    if bled and infarct:
        return _Found.CONTRADICTORY if _two_findings(words) else _Found.BLED_INFARCT
    if bled:
        return _Found.HEMORRHAGE
    return _Found.ISCHEMIA if Sign.ISCHEMIA in said else _Found.STROKE


def _both_ways(said: set[Sign | None], denied: set[Sign | None]) -> bool:
    """Whether a class is said and denied; a stroke that is not ischemic is not known to be anything."""
    bleeds, infarcts = {Sign.HEMORRHAGE, Sign.BLEEDING}, {Sign.ISCHEMIA}
    if said & bleeds:
        return bool(denied & bleeds)
    return bool(denied & infarcts) or (Sign.STROKE in said and Sign.STROKE in denied)


def _two_findings(words: Sequence[Word]) -> bool:
    """Whether hemorrhage and infarct are listed side by side: a label of either, that cannot be told apart."""
    said = [i for i, word in enumerate(words) if word.lesion and not word.negated]
    between = words[said[0] : said[-1]]
    listed = any(word.text in (",", ";") for word in between)
    return any(word.sign is Sign.OR for word in between) or (
        listed and not any(words[i].sign is Sign.BLEEDING for i in said)
    )


def _not_named(words: Sequence[Word]) -> _Found:
    """Return what a text without a lesion says."""
    signs = {word.sign for word in words if not word.text.isdigit()}
    known = None not in signs
    if signs & {Sign.BLOOD, Sign.CORE}:
        alone = signs <= {Sign.BLOOD, Sign.CORE, Sign.NEUTRAL, Sign.BREAK}
        return _Found.UNCLEAR if not alone else _Found.HEMORRHAGE if Sign.BLOOD in signs else _Found.ISCHEMIA
    if not known:
        return _Found.UNCLEAR
    if signs & {Sign.OTHER, Sign.NOT_BESIDE} or any(word.negated for word in words):
        return _Found.OTHER
    return _Found.ANATOMY if Sign.ANATOMY in signs else _Found.NOTHING
