"""The kinds of failure a user can cause or meet; each is one plain sentence that also carries its parts as data."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from napari_cpam_stroke.plain_line import plain_line

MOST_OF_A_VALUE = 400
"""Characters that a sentence shows of a value met."""

MOST_OF_A_SENTENCE = 2000
"""Characters; names and lists in it may come from a file as well."""


class CpamError(Exception):
    """Something the user can act on, in one line: what others wrote into a value met is made fit to be shown.

    Parameters
    ----------
    what
        What is wrong, as the start of a sentence without a full stop.
    got, expected
        The value met and the value wanted; left out of the sentence where empty.
    remedy
        What to do about it, as a clause without a full stop.
    """

    def __init__(self, what: str, *, got: object = None, expected: str = "", remedy: str = "") -> None:
        self.what, self.got, self.expected, self.remedy = what, got, expected, remedy
        parts = [what]
        if got is not None:
            parts.append(f"got {plain_line(str(got), MOST_OF_A_VALUE)}")
        if expected:
            parts.append(f"expected {expected}")
        sentence = ", ".join(parts)
        super().__init__(plain_line(f"{sentence}; {remedy}." if remedy else f"{sentence}.", MOST_OF_A_SENTENCE))


class InputError(CpamError):
    """A path, option or array that cannot be used."""


class UntouchedMaskError(InputError):
    """A mask that a model made and nobody corrected, where drawn truth is asked for."""


class SeriesError(CpamError):
    """A DICOM series that cannot be read, or not as one volume."""


class UnreferableError(SeriesError):
    """A series that no DICOM SEG or SR can refer to; its other results can be written."""


class GeometryMismatchError(CpamError):
    """A mask or annotation that belongs to another series."""


class BundleError(CpamError):
    """A model bundle that is missing, damaged or of another architecture."""


class StoreError(CpamError):
    """An annotation store that cannot be opened, is of another version or is damaged."""


class RevisionConflictError(StoreError):
    """Someone else saved a revision after the one this edit started from."""


class ConfigError(CpamError):
    """A setting that does not exist or is out of range."""


class OutOfMemoryError(CpamError):
    """A model that does not fit the device even with a batch of one slice."""


class CancelledError(CpamError):
    """A long job that the user stopped."""


def add_extra(extra: str) -> str:
    """Return the remedy for a missing optional package: ours is on no index, so its extras come from its folder."""
    return f'in the folder of napari-cpam-stroke run: pip install ".[{extra}]"'


def install_again() -> str:
    """Return the remedy for a missing package that belongs to the installation."""
    return 'in the folder of napari-cpam-stroke run: pip install "."'


def nearest(name: str, known: Sequence[str]) -> str:
    """Return `` (did you mean 'x'?)`` for the closest of `known`, or an empty string."""
    match = get_close_matches(name, known, n=1)
    return f" (did you mean {match[0]!r}?)" if match else ""
