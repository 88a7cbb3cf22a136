"""Whose models are let in: public keys this machine trusts, and whether only what they signed may be used."""

from __future__ import annotations

import base64
import json
from dataclasses import field, replace
from pathlib import Path

from pydantic.dataclasses import dataclass

from napari_cpam_stroke.bundles.bundle import Bundle
from napari_cpam_stroke.bundles.card import check_name
from napari_cpam_stroke.bundles.signature import check_signature, fingerprint, signature_of
from napari_cpam_stroke.config import STRICT, build_config, plain
from napari_cpam_stroke.errors import BundleError, ConfigError
from napari_cpam_stroke.files import read_json, write_whole

TRUST_FILE = "trust.json"


@dataclass(frozen=True, config=STRICT)
class Policy:
    """What trust.json holds.

    Attributes
    ----------
    only_signed
        Whether a model without a signature by one of the keys is refused.
    keys
        Public keys by name, base64.
    """

    only_signed: bool = False
    keys: dict[str, str] = field(default_factory=dict)


class Trust:
    """The keys this machine trusts.

    Parameters
    ----------
    folder
        Where trust.json lies: the folder of the installed models.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / TRUST_FILE

    @property
    def policy(self) -> Policy:
        """What is asked for.

        Raises
        ------
        BundleError
            If the file is damaged: then nothing is let in.
        """
        try:
            values = read_json(self._file)
            policy = build_config(Policy, values, where=TRUST_FILE)
            _ = [base64.b64decode(key, validate=True) for key in policy.keys.values()]
        except FileNotFoundError:
            return Policy()
        except (OSError, ValueError, ConfigError) as error:
            raise BundleError(
                f"{self._file} cannot be read, so nobody can tell which models are trusted",
                remedy="restore it, or delete it and trust your keys again",
            ) from error
        return policy

    def add(self, name: str, key: bytes) -> None:
        """Trust a public key under a name, which nobody has yet.

        Raises
        ------
        BundleError
            If the name cannot be one, or has another key.
        """
        policy, text = self.policy, base64.b64encode(key).decode()
        if policy.keys.get(check_name(name), text) != text:
            raise BundleError(f"Another key is trusted as {name!r}", remedy="choose another name, or forget that one")
        self._write(replace(policy, keys={**policy.keys, name: text}))

    def forget(self, name: str) -> None:
        """Trust a key no longer; what it signed and is installed is refused from now on where only signed is.

        Raises
        ------
        BundleError
            If no key has that name.
        """
        policy = self.policy
        if name not in policy.keys:
            raise BundleError(f"No key is trusted as {name!r}", expected=f"one of {', '.join(policy.keys) or 'none'}")
        self._write(replace(policy, keys={other: key for other, key in policy.keys.items() if other != name}))

    def ask_for_signatures(self, only_signed: bool) -> None:
        """Refuse, or let in again, models that nobody trusted has signed."""
        self._write(replace(self.policy, only_signed=only_signed))

    def signer(self, bundle: Bundle) -> str:
        """Return who signed a bundle: the name of a trusted key, "unknown key ..." or "" where nobody did.

        Raises
        ------
        BundleError
            If there is a signature, and it is not one of this model.
        """
        signature = signature_of(bundle)
        if signature is None:
            return ""
        check_signature(bundle, signature)
        trusted = {base64.b64decode(key): name for name, key in self.policy.keys.items()}
        return trusted.get(signature.key, f"unknown key {fingerprint(signature.key)}")

    def admit(self, bundle: Bundle) -> None:
        """Refuse a bundle that no trusted key has signed, where that is asked for.

        Raises
        ------
        BundleError
            If it is refused, or its signature is not its own.
        """
        policy = self.policy
        if not policy.only_signed:
            return
        signer = self.signer(bundle)
        if not signer or signer not in policy.keys:
            raise BundleError(
                f"The model {bundle.card.reference} is not signed by a key this machine trusts",
                got=signer or "no signature",
                expected=f"a signature by {' or '.join(policy.keys) or 'a trusted key'}",
                remedy="ask whoever made it to sign it: cpam-stroke models sign",
            )

    def _write(self, policy: Policy) -> None:
        write_whole(self._file, json.dumps(plain(policy), indent=2) + "\n", durable=True)
