"""Keyed pseudonyms: the same patient gets the same name on this machine, and nobody can compute it without the key."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.files import read_regular, write_whole
from napari_cpam_stroke.user_folder import application_home

KEY_FILE = "pseudonym.key"
"""Name of the key in the program's own folder."""

KEY_BYTES = 32
"""Length of the key."""

PSEUDONYM_DIGITS = 12
"""Hexadecimal digits of a pseudonym: 48 bits."""


@dataclass(frozen=True, repr=False)
class Pseudonyms:
    """Makes pseudonyms with one key."""

    key: bytes

    @classmethod
    def from_home(cls, home: Path | None = None) -> Pseudonyms:
        """Return the maker that uses the key in the program's own folder; the key is made on first use.

        Raises
        ------
        InputError
            If the key cannot be read or written, or is damaged.
        """
        path = (home or application_home()) / KEY_FILE
        try:
            key = read_regular(path, KEY_BYTES + 1, follow=True) if path.exists() else _create(path)
        except OSError as error:
            raise InputError(
                "The pseudonym key cannot be read or made",
                got=error.strerror,
                remedy="make the program's folder writable or set CPAM_STROKE_HOME to one that is",
            ) from error
        if len(key) != KEY_BYTES:
            raise InputError(
                "The pseudonym key is damaged",
                got=f"{len(key)} bytes",
                expected=f"{KEY_BYTES}",
                remedy=f"restore {KEY_FILE} from a backup, or delete it to start with new pseudonyms",
            )
        return cls(key)

    @cached_property
    def fingerprint(self) -> str:
        """A name for the key itself, safe to keep."""
        return self.of("key")

    def of(self, *identifiers: str) -> str:
        """Return the pseudonym of some identifiers, in order: 12 hexadecimal digits."""
        message = b"".join(len(part).to_bytes(4, "big") + part for part in (i.encode() for i in identifiers))
        return hmac.digest(self.key, message, "sha256").hex()[:PSEUDONYM_DIGITS]

    def case(self, *identifiers: str) -> str:
        """Return the pseudonym of a series."""
        return self.of("case", *identifiers)

    def patient(self, *identifiers: str) -> str:
        """Return the pseudonym of a patient, or an empty string when nothing identifies one."""
        return self.of("patient", *identifiers) if any(identifiers) else ""


def case_pseudonym(*identifiers: str) -> str:
    """Return the pseudonym of a series with this machine's key."""
    return Pseudonyms.from_home().case(*identifiers)


def patient_pseudonym(*identifiers: str) -> str:
    """Return the pseudonym of a patient with this machine's key."""
    return Pseudonyms.from_home().patient(*identifiers)


def _create(path: Path) -> bytes:
    """Write a new key that only this user may read; of two programs starting at once, both use the first key."""
    write_whole(path, secrets.token_bytes(KEY_BYTES), durable=True, existing="keep", mode=0o600)
    return path.read_bytes()
