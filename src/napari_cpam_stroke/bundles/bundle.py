"""A model on disk is a folder: card.json, model.safetensors, README.md, and pictures of known failures."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from safetensors import SafetensorError

from napari_cpam_stroke.bundles.card import ModelCard, card_from_plain, card_to_plain
from napari_cpam_stroke.bundles.packed_weights import finite, pack_weights, unpack_weights
from napari_cpam_stroke.bundles.readme import render_readme
from napari_cpam_stroke.errors import BundleError
from napari_cpam_stroke.files import json_values, read_regular, whole_folder

if TYPE_CHECKING:
    from torch import Tensor

CARD_FILE, WEIGHTS_FILE, README_FILE = "card.json", "model.safetensors", "README.md"

SIGNATURE_FILE = "signature.json"
"""Beside them where somebody stands for the model (`bundles.signature`)."""

MAX_CARD_BYTES = 4 * 2**20
"""A card is text of a few kilobytes; more than this is not one."""

MAX_WEIGHTS_BYTES = 2**30
"""Networks here have 1 to 100 MB; they are read into memory as a whole."""

MAX_SIGNATURE_BYTES = 8 * 2**20
"""It repeats the card, which has at most half of this."""

MAX_PICTURE_BYTES = 4 * 2**20
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Bundle:
    """A model card and the folder it came from."""

    card: ModelCard
    path: Path

    def state_dict(self) -> dict[str, Tensor]:
        """Return the weights by name, of any shape; only bytes whose sha256 is the card's are looked at.

        Raises
        ------
        BundleError
            If the file is missing, changed or no safetensors file, or holds values that are no numbers.
        """
        content = self.verified_weights()
        try:
            state = unpack_weights(content)
        except SafetensorError as error:
            raise BundleError(f"{self.path / WEIGHTS_FILE} is not a safetensors file", got=error) from error
        if not finite(state):
            raise BundleError(
                f"The weights of {self.card.reference} hold values that are not finite", remedy="train the model again"
            )
        return state

    def verify(self) -> None:
        """Open the weights as they will be used: those of the card, finite, and of the network it describes.

        Raises
        ------
        BundleError
            If the file is missing or changed, or a tensor is missing, left over, of another shape or kind of number.
        """
        from napari_cpam_stroke.models import restore_model

        restore_model(self.card.architecture, self.state_dict())

    def pictures(self) -> dict[str, bytes]:
        """Return the PNG data of the card's known failures, by file name; a missing file is left out.

        Raises
        ------
        BundleError
            For a link, a device, a file that is too large, or one that is no PNG.
        """
        names = [failure.picture for failure in self.card.failures if failure.picture]
        return {name: _picture(self.path / name) for name in names if os.path.lexists(self.path / name)}

    def verified_weights(self) -> bytes:
        """Return the file of weights, whose sha256 is the card's.

        Raises
        ------
        BundleError
            If it is missing, changed, too large or no regular file.
        """
        path = self.path / WEIGHTS_FILE
        try:
            content = read_regular(path, MAX_WEIGHTS_BYTES)
        except OSError as error:
            raise BundleError(
                f"The model {self.card.reference} has no readable weights",
                got=_reason(error),
                expected=f"a file {path}",
                remedy="install the model again",
            ) from error
        sha256 = hashlib.sha256(content).hexdigest()
        if sha256 != self.card.weights_sha256:
            raise BundleError(
                f"The weights of {self.card.reference} are not those its card describes",
                got=f"sha256 {sha256[:12]}...",
                expected=f"{self.card.weights_sha256[:12]}...",
                remedy="the file is damaged or was changed; install the model again",
            )
        return content


def load_bundle(path: str | Path) -> Bundle:
    """Return the bundle in a folder; weights are read later, by `Bundle.state_dict`.

    Raises
    ------
    BundleError
        If the folder is no bundle, or its card is not valid.
    """
    folder = Path(path)
    file = folder / CARD_FILE
    try:
        values = json_values(read_regular(file, MAX_CARD_BYTES).decode())
    except OSError as error:
        raise BundleError(
            f"{folder} is not a model bundle",
            got=_reason(error),
            expected=f"a folder with {CARD_FILE} and {WEIGHTS_FILE}",
        ) from error
    except ValueError as error:
        raise BundleError(f"{file} is not valid JSON", got=error) from error
    return Bundle(card_from_plain(values, where=str(file)), folder)


def save_bundle(
    folder: str | Path,
    card: ModelCard,
    state_dict: Mapping[str, Tensor],
    *,
    pictures: Mapping[str, bytes] | None = None,
) -> Bundle:
    """Write a bundle: complete or not at all, and never over something that exists.

    Parameters
    ----------
    card
        `weights_dtype` chooses the precision on disk; sha256, and the date where it is empty, are filled in here.
    state_dict
        All tensors of the network by name, of any shape and on any device.
    pictures
        PNG data of every picture the card's known failures name.

    Raises
    ------
    BundleError
        If the folder exists already or cannot be written, or a picture is missing.
    """
    target = Path(folder)
    if target.exists():
        raise BundleError(f"{target} exists already", remedy="choose a new folder; a bundle is never overwritten")
    content = pack_weights(state_dict, card.weights_dtype)
    card = replace(
        card,
        weights_sha256=hashlib.sha256(content).hexdigest(),
        created=card.created or datetime.now(UTC).isoformat(timespec="seconds"),
    )
    try:
        with whole_folder(target, durable=True) as staging:
            (staging / WEIGHTS_FILE).write_bytes(content)
            _write_pictures(staging, card, pictures or {})
            write_card(staging, card)
    except OSError as error:
        raise BundleError(f"The bundle {target} cannot be written", got=_reason(error)) from error
    return Bundle(card, target)


def copy_bundle(source: Bundle, card: ModelCard, target: Path) -> None:
    """Copy a bundle under another card, with its signature: complete or not at all.

    Raises
    ------
    OSError
        If it cannot be written, or the target exists.
    """
    with whole_folder(target, durable=True) as staging:
        (staging / WEIGHTS_FILE).write_bytes(source.verified_weights())
        _write_pictures(staging, card, source.pictures())
        write_card(staging, card)
        if os.path.lexists(source.path / SIGNATURE_FILE):
            (staging / SIGNATURE_FILE).write_bytes(read_regular(source.path / SIGNATURE_FILE, MAX_SIGNATURE_BYTES))


def write_card(folder: Path, card: ModelCard) -> None:
    """Write card.json and the README.md that says the same in words."""
    text = json.dumps(card_to_plain(card), indent=2, ensure_ascii=False, allow_nan=False)
    (folder / CARD_FILE).write_text(text + "\n", encoding="utf-8")
    (folder / README_FILE).write_text(render_readme(card), encoding="utf-8")


def _write_pictures(folder: Path, card: ModelCard, pictures: Mapping[str, bytes]) -> None:
    for name in (failure.picture for failure in card.failures if failure.picture):
        if name not in pictures:
            raise BundleError(f"The card shows a picture that is not there: {name}", remedy="add it, or leave it out")
        if not pictures[name].startswith(PNG_SIGNATURE):
            raise BundleError(f"The picture {name} is no PNG", remedy="save it as one, or leave it out")
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(pictures[name])


def _picture(path: Path) -> bytes:
    try:
        content = read_regular(path, MAX_PICTURE_BYTES)
    except OSError as error:
        raise BundleError(f"The picture {path} cannot be read", got=_reason(error)) from error
    if not content.startswith(PNG_SIGNATURE):
        raise BundleError(f"The picture {path} is no PNG", remedy="ask whoever gave you the model for a whole one")
    return content


def _reason(error: OSError) -> str:
    return error.strerror or str(error)
