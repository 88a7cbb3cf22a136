"""What the user says labels stand for: `Segment_1=hemorrhage`, `3=ischemia`, `Brain=ignore`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from napari_cpam_stroke.core.label_names import Meaning, meaning_of_name
from napari_cpam_stroke.core.label_words import fold
from napari_cpam_stroke.errors import ConfigError, nearest

MAP_WORDS = tuple(meaning.value for meaning in Meaning if meaning is not Meaning.UNKNOWN)
"""What a label can be said to be."""

HOW_TO_MAP = 'say what it is with --map "{name}=hemorrhage" (or =ischemia, =ignore), or in the window under meanings'
"""Remedy of every sentence about a label that is not understood."""


@dataclass(frozen=True)
class LabelMap:
    """The user's word on labels; it goes before every name and code.

    Attributes
    ----------
    entries
        Folded name, or number as text, to meaning.
    """

    entries: dict[str, Meaning] = field(default_factory=dict)

    @classmethod
    def parse(cls, entries: Iterable[str]) -> LabelMap:
        """Return the map of strings `label=meaning`.

        Raises
        ------
        ConfigError
            For an entry without a label or with a meaning that does not exist, and for two that contradict each other.
        """
        found: dict[str, Meaning] = {}
        for entry in entries:
            label, equals, word = entry.rpartition("=")
            key = _key(label)
            if not equals or not key:
                raise ConfigError(
                    "--map needs a label and what it is", got=repr(entry), expected='"Segment_1=hemorrhage"'
                )
            meaning = _meaning(word)
            if found.setdefault(key, meaning) is not meaning:
                raise ConfigError(
                    f"--map says two things of {label.strip()!r}", got=f"{found[key].value}, {meaning.value}"
                )
        return cls(found)

    def of(self, *names: object) -> Meaning | None:
        """Return what the user said of the first of these names (label, number) that the map holds."""
        return next((self.entries[key] for key in map(_key, names) if key in self.entries), None)

    @property
    def numbers(self) -> dict[int, Meaning]:
        """The entries whose label is a number: values of a label image."""
        return {int(key): meaning for key, meaning in self.entries.items() if key.isdecimal()}


def _key(name: object) -> str:
    return fold(str(name)).strip()


def _meaning(word: str) -> Meaning:
    """Return the meaning of a word of `MAP_WORDS`, or of a usual name of a class."""
    text = fold(word).strip()
    if text in MAP_WORDS:
        return Meaning(text)
    usual = meaning_of_name(word)
    if usual.lesion_class is None:
        got = f"{word.strip()!r}{nearest(text, MAP_WORDS)}"
        raise ConfigError("--map names no class", got=got, expected=", ".join(MAP_WORDS))
    return usual
