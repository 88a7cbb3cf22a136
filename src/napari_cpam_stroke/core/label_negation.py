"""Which lesions of a label a negation, or "around", reaches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from napari_cpam_stroke.core.label_words import Word
from napari_cpam_stroke.core.lesion_terms import Sign


def turned_down(words: Sequence[Word]) -> list[Word]:
    """Return the words with every lesion marked that a negation, or "around", reaches."""
    marked = list(words)
    for at, word in enumerate(words):
        match word.sign:
            case Sign.AROUND:
                reached = [i for i in (at + 1,) if _lesion_at(words, i)]
            case Sign.NOT_NEXT:
                reached = list(_reach(words, range(at + 1, len(words)))) if _lesion_at(words, at + 1) else []
            case Sign.NOT_AFTER:
                reached = list(_reach(words, range(at + 1, len(words))))
            case Sign.NOT_BEFORE:
                reached = list(_reach(words, range(at - 1, -1, -1)))
            case Sign.NOT_BESIDE:
                reached = list(_reach(words, range(at + 1, len(words)))) or list(_reach(words, range(at - 1, -1, -1)))
            case _:
                continue
        for i in reached:
            around = word.sign is Sign.AROUND
            marked[i] = replace(marked[i], around=around or marked[i].around, negated=not around or marked[i].negated)
    return marked


def _lesion_at(words: Sequence[Word], at: int) -> bool:
    return at < len(words) and words[at].lesion


def _reach(words: Sequence[Word], way: range) -> Iterator[int]:
    """Yield the lesions that a negation reaches: the nearest one, and those that "or" joins to it."""
    joined = True
    for i in way:
        word = words[i]
        if word.sign is Sign.BREAK and word.text not in ("(", ")", ":"):
            return
        if word.sign is Sign.OR:
            joined = True
        elif word.lesion:
            if not joined:
                return
            yield i
            joined = False
