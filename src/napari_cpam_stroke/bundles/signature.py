"""Who stands for a model: an Ed25519 signature beside its card, over the card and the pictures it shows.

The card holds the sha256 of the weights, so that the signature covers them too. Name and version may change when a
bundle is installed and are not covered. Keys are those of OpenSSH or PEM files.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from pydantic.dataclasses import dataclass as stored

from napari_cpam_stroke.bundles.bundle import MAX_SIGNATURE_BYTES, SIGNATURE_FILE, Bundle
from napari_cpam_stroke.bundles.card import ModelCard, card_from_plain, card_to_plain
from napari_cpam_stroke.config import STRICT, build_config, plain
from napari_cpam_stroke.errors import BundleError, ConfigError, InputError, add_extra
from napari_cpam_stroke.files import json_values, read_regular, write_whole

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

    SigningKey: TypeAlias = Ed25519PrivateKey

MAX_KEY_BYTES = 2**16

ALGORITHM: Final = "ed25519"


class PassphraseNeededError(InputError):
    """A private key that opens with a passphrase only."""


@dataclass(frozen=True)
class Signature:
    """What signature.json holds.

    Attributes
    ----------
    key
        The signer's public key, 32 bytes.
    signed
        The text that was signed: card and sha256 of each picture, as JSON.
    value
        The signature, 64 bytes.
    """

    key: bytes
    signed: str
    value: bytes


@stored(frozen=True, config=STRICT)
class _Stored:
    """The fields of signature.json; bytes as base64."""

    algorithm: Literal["ed25519"]
    key: str
    signed: str
    signature: str


def open_key(file: Path, passphrase: bytes | None = None) -> SigningKey:
    """Return the private key of an Ed25519 key file (OpenSSH's, or PEM).

    Raises
    ------
    InputError
        If it cannot be used (`PassphraseNeededError` where only its passphrase is missing).
    """
    serialization = _cryptography()
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    content = _key_content(file)
    ssh = b"OPENSSH PRIVATE KEY" in content
    load = serialization.load_ssh_private_key if ssh else serialization.load_pem_private_key
    try:
        key = load(content, passphrase)
    except TypeError as error:
        raise PassphraseNeededError(f"The key {file} opens with a passphrase only") from error
    except Exception as error:  # the library raises kinds of its own
        raise _not_a_key(file, "private") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise _not_a_key(file, "private")
    return key


def sign_bundle(bundle: Bundle, key: SigningKey) -> Signature:
    """Write a signature beside a bundle's card; one that is there already is replaced.

    Raises
    ------
    BundleError
        If the bundle is not whole.
    """
    bundle.verify()
    signed = json.dumps({"card": card_to_plain(bundle.card), "pictures": _digests(bundle)}, sort_keys=True)
    signature = Signature(key.public_key().public_bytes_raw(), signed, key.sign(signed.encode()))
    write_whole(bundle.path / SIGNATURE_FILE, signature_text(signature), durable=True)
    return signature


def signature_text(signature: Signature) -> str:
    """Return the content of signature.json."""
    key, value = (base64.b64encode(content).decode() for content in (signature.key, signature.value))
    return json.dumps(plain(_Stored(ALGORITHM, key, signature.signed, value)), indent=2) + "\n"


def signature_of(bundle: Bundle) -> Signature | None:
    """Return the signature beside a bundle's card, unchecked; None where there is none.

    Raises
    ------
    BundleError
        If there is one that cannot be read.
    """
    file = bundle.path / SIGNATURE_FILE
    try:
        values = build_config(_Stored, json_values(read_regular(file, MAX_SIGNATURE_BYTES)), where=SIGNATURE_FILE)
        key, value = (base64.b64decode(text, validate=True) for text in (values.key, values.signature))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError, ConfigError) as error:
        raise BundleError(
            f"The signature {file} cannot be read", remedy="ask whoever gave you the model for a whole one"
        ) from error
    return Signature(key, values.signed, value)


def check_signature(bundle: Bundle, signature: Signature) -> None:
    """Refuse a signature that is not the signer's, or is of another card or other pictures.

    Raises
    ------
    BundleError
        If it is not.
    InputError
        If the package that checks signatures is missing.
    """
    _cryptography()
    from cryptography.exceptions import InvalidSignature

    try:
        _public_key(signature.key).verify(signature.value, signature.signed.encode())
        values = json_values(signature.signed)
        fits = _unnamed(card_from_plain(values["card"], where=SIGNATURE_FILE)) == _unnamed(bundle.card)
        fits = fits and values["pictures"] == _digests(bundle)
    except (InvalidSignature, ValueError, TypeError, KeyError, RecursionError):
        fits = False
    if not fits:
        raise BundleError(
            f"The signature of {bundle.card.reference} is not one of this model",
            remedy="its card, weights or pictures were changed after they were signed; do not use it",
        )


def read_public_key(file: Path) -> bytes:
    """Return the 32 bytes of an Ed25519 public key file (OpenSSH's .pub, or PEM).

    Raises
    ------
    InputError
        If it cannot be read, or is of another kind.
    """
    serialization = _cryptography()
    content = _key_content(file)
    load = serialization.load_ssh_public_key if content.startswith(b"ssh-") else serialization.load_pem_public_key
    try:
        return bytes(load(content).public_bytes_raw())
    except Exception as error:  # the library raises kinds of its own, and AttributeError for RSA
        raise _not_a_key(file, "public") from error


def fingerprint(key: bytes) -> str:
    """Return a public key in short, to be read out on the telephone: the start of its sha256."""
    return hashlib.sha256(key).hexdigest()[:16]


def _public_key(key: bytes) -> Ed25519PublicKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    return Ed25519PublicKey.from_public_bytes(key)


def _cryptography() -> Any:
    try:
        from cryptography.hazmat.primitives import serialization
    except ImportError as error:
        raise InputError("Signatures need a package", remedy=add_extra("signatures")) from error
    return serialization


def _key_content(file: Path) -> bytes:
    try:
        return read_regular(file, MAX_KEY_BYTES)
    except OSError as error:
        raise InputError(f"The key {file} cannot be read", got=error.strerror or error) from error


def _not_a_key(file: Path, kind: str) -> InputError:
    return InputError(
        f"{file} is no {kind} key that can be used",
        expected="an Ed25519 key, as OpenSSH or PEM",
        remedy="make a pair with: ssh-keygen -t ed25519",
    )


def _digests(bundle: Bundle) -> dict[str, str]:
    return {name: hashlib.sha256(content).hexdigest() for name, content in bundle.pictures().items()}


def _unnamed(card: ModelCard) -> ModelCard:
    return replace(card, name="any", version="1.0")
