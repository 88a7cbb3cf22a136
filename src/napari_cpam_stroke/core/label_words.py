"""Free text of a label as folded words, each with what it stands for."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import zip_longest

from napari_cpam_stroke.core.lesion_terms import (
    ABBREVIATIONS,
    AROUND_PREFIXES,
    JOINTS,
    NEGATING_PREFIXES,
    NO_COMPOUNDS,
    SPELLINGS,
    WITHOUT_ENDS,
    WORDS,
    Sign,
)

LESIONS = (Sign.HEMORRHAGE, Sign.BLEEDING, Sign.ISCHEMIA, Sign.STROKE)
"""Signs of a word that names a lesion."""

BLEEDS = (Sign.HEMORRHAGE, Sign.BLEEDING)
"""Those of one that bleeds."""

_LETTERS = str.maketrans({"\u0131": "i", "\u0130": "I", "œ": "oe", "Œ": "OE", "æ": "ae", "Æ": "AE", "ø": "o", "Ø": "O"})
_PIECES = re.compile(r"[A-Za-z]+|\d+|[,;:()&+/?]")
_CAMEL = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_PHRASES = tuple(
    (re.compile(phrase, re.IGNORECASE), word)
    for phrase, word in (
        (r"\bw/o\b", "without"),
        (r"\bw/(?=\s)", "with"),
        (r"\br/o\b|\brule[ -]out\b|\bv\.\s?a\.", " suspicion "),
        (r"\bfree (?:of|from)\b|\b(?:all|everything|anything) but\b", " without "),
        (r"\bcontrast\s*(?:/|\bor\b|\band\b)|(?:/|\bor\b|\band\b)\s*contrast\b", " versus "),
        (r"\(-\)", " negative "),
        (r"-\s*$|[=:]\s*0\s*$", " unclear"),
    )
)
"""Words that are written with signs, or in two, and the word of the table they stand for."""
MAX_LETTERS = 64
"""A longer run of letters is no word."""

_NUMBER_WORDS = ("no", "nr")


@dataclass(frozen=True)
class Word:
    """One folded word.

    Attributes
    ----------
    sign
        What it stands for; None where the table does not know it.
    negated, around
        A lesion that the word itself turns down ("kanamasiz") or only lies beside ("perihematomal").
    """

    text: str
    sign: Sign | None
    negated: bool = False
    around: bool = False

    @property
    def lesion(self) -> bool:
        """Whether it names a lesion."""
        return self.sign in LESIONS


def fold(text: str) -> str:
    """Return text without case, accents, and invisible characters; dotless i is i."""
    return _plain(text).casefold()


def words_of(text: str) -> tuple[Word, ...]:
    """Return the words of a label in order; punctuation that joins or parts findings is kept as words."""
    plain = _plain(text)
    for pattern, word in _PHRASES:
        plain = pattern.sub(word, plain)
    pieces = [part for piece in _PIECES.findall(plain) for part in _parts(piece)]
    words = [_numbered(piece, after) for piece, after in zip_longest(pieces, pieces[1:], fillvalue="")]
    known = all(w.sign is not None or w.text.isdigit() or _short(w.text) for w in words)
    return tuple(
        replace(word, sign=_short(word.text)) if word.sign is None and (known or piece.rstrip("s").isupper()) else word
        for piece, word in zip(pieces, words, strict=True)
    )


def _plain(text: str) -> str:
    spread = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    return "".join(c for c in spread if unicodedata.category(c) not in ("Mn", "Cf"))


def _parts(piece: str) -> list[str]:
    """Return the words that capitals begin inside a piece; "SAHs" is one."""
    return [piece] if _short(piece.casefold()) else _CAMEL.findall(piece) or [piece]


def _numbered(piece: str, after: str) -> Word:
    """Return a word; "no." before a number is none of the negations."""
    text = piece.casefold()
    return Word(text, Sign.NEUTRAL) if text in _NUMBER_WORDS and after.isdigit() else _known(text)


@lru_cache(maxsize=4096)
def _known(text: str) -> Word:
    spelt = text
    for pattern, stem in SPELLINGS:
        spelt = re.sub(pattern, stem, spelt)
    for end in WITHOUT_ENDS:
        if spelt.endswith(end) and (word := _looked_up(spelt.removesuffix(end))).lesion:
            return Word(text, word.sign, negated=True)
    return replace(_looked_up(spelt), text=text)


@lru_cache(maxsize=4096)
def _looked_up(text: str) -> Word:
    if len(text) > MAX_LETTERS:
        return Word(text, None)
    for sign, pattern in _PATTERNS.items():
        if match := pattern.fullmatch(text):
            prefix = next((p for p in match.groups() if p), "")
            return _compound(text, prefix, sign) if sign in LESIONS else Word(text, sign)
    return Word(text, None)


def _compound(text: str, prefix: str, sign: Sign) -> Word:
    """Return a lesion by its place ("Thalamusblutung"), by another one ("hemorrhagicinfarct"), or turned down."""
    if prefix.endswith(NO_COMPOUNDS):
        return Word(text, None)
    before = _before_joint(prefix)
    if before.lesion:
        bled = not before.negated and before.sign in BLEEDS
        return Word(text, Sign.SPOILER if before.around else Sign.HEMORRHAGE if bled else sign)
    if before.sign in (Sign.OTHER, Sign.SPOILER):
        return Word(text, Sign.SPOILER)
    if before.sign in (Sign.NEUTRAL, Sign.ANATOMY):
        return Word(text, sign)
    negated = prefix.startswith(NEGATING_PREFIXES) or before.sign is Sign.NOT_AFTER
    return Word(text, sign, negated, prefix.startswith(AROUND_PREFIXES))


def _before_joint(prefix: str) -> Word:
    """Return what the first part of a compound is, with or without the joint that follows it."""
    found = (_looked_up(prefix.removesuffix(joint)) for joint in ("", *JOINTS))
    return next((word for word in found if word.lesion), _looked_up(prefix))


def _short(text: str) -> Sign | None:
    return next((sign for sign, words in ABBREVIATIONS.items() if text in words.split()), None)


def _pattern(words: str) -> re.Pattern[str]:
    return re.compile("|".join(_glob(word) for word in words.split()))


def _glob(word: str) -> str:
    start = "([a-z]*)" if word.startswith("*") else ""
    end = "[a-z]*" if word.endswith("*") else ""
    return start + re.escape(word.strip("*")) + end


_PATTERNS = {sign: _pattern(words) for sign, words in WORDS.items()}
