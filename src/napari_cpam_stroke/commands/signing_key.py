"""A person's private key, opened before long work begins."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from napari_cpam_stroke.bundles.signature import PassphraseNeededError, open_key

if TYPE_CHECKING:
    from napari_cpam_stroke.bundles.signature import SigningKey


def opened_key(file: Path) -> SigningKey:
    """Return the key of a file, asking for its passphrase where it has one.

    Raises
    ------
    InputError
        If it cannot be used.
    """
    try:
        return open_key(file)
    except PassphraseNeededError:
        return open_key(file, typer.prompt(f"Passphrase of {file}", hide_input=True).encode())
