"""`models`: which models this machine has, and which one a name leads to."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from napari_cpam_stroke.bundles import ModelEntry, Registry, load_bundle
from napari_cpam_stroke.bundles.card import card_to_plain
from napari_cpam_stroke.bundles.readme import render_readme
from napari_cpam_stroke.bundles.signature import fingerprint, read_public_key, sign_bundle
from napari_cpam_stroke.commands.console import OUT, plain_table, print_json, say
from napari_cpam_stroke.commands.signing_key import opened_key

SHORT_SHA = 12


def list_models(*, as_json: bool) -> None:
    """Print every installed version."""
    registry = Registry()
    entries = registry.list()
    if as_json:
        print_json([asdict(entry) | {"path": str(entry.path)} for entry in entries])
        return
    table = plain_table("model", "version", "in use", "answers", "weights sha256", "folder")
    for entry in entries:
        sha256 = entry.sha256[:SHORT_SHA]
        answers = "prompts" if entry.prompted else "series"
        table.add_row(entry.name, entry.version, "yes" if entry.active else "", answers, sha256, str(entry.path))
    OUT.print(table)
    if not entries:
        say("No model is installed; see cpam-stroke models import.")


def show_model(ref: str, *, as_json: bool) -> None:
    """Print a model's card."""
    card = Registry().resolve(ref).card
    if as_json:
        print_json(card_to_plain(card))
    else:
        say(render_readme(card))


def import_model(folder: Path, name: str | None) -> None:
    """Install a bundle as the next version of its name."""
    entry = Registry().install(folder, name)
    say(f"Installed {_line(entry)} in {entry.path}")


def verify_model(ref: str) -> None:
    """Check a model's weights against its card, and its signature where it has one."""
    registry = Registry()
    bundle = registry.verify(ref)
    signer = registry.trust.signer(bundle)
    say(f"{bundle.card.reference}: the weights are those of the card, sha256 {bundle.card.weights_sha256}")
    say(f"Signed by {signer}." if signer else "Nobody signed it.")


def sign_model(folder: Path, key: Path) -> None:
    """Sign a bundle with a private key, asking for its passphrase where it has one."""
    bundle = load_bundle(folder)
    signature = sign_bundle(bundle, opened_key(key))
    say(f"Signed {bundle.card.reference} with key {fingerprint(signature.key)}.")


def trust_key(key: Path, name: str) -> None:
    """Trust a public key under a name."""
    content = read_public_key(key)
    Registry().trust.add(name, content)
    say(f"Trusted from now on as {name}: key {fingerprint(content)}.")


def forget_key(name: str) -> None:
    """Trust a key no longer."""
    Registry().trust.forget(name)
    say(f"No longer trusted: {name}.")


def ask_for_signatures(only_signed: bool) -> None:
    """Let only signed models in, or all."""
    Registry().trust.ask_for_signatures(only_signed)
    say("Only models signed by a trusted key are used from now on." if only_signed else "Every model may be used.")


def use_model(ref: str) -> None:
    """Let a name lead to a version."""
    say(f"In use now: {_line(Registry().use(ref))}")


def roll_back(name: str) -> None:
    """Let a name lead to the version before."""
    say(f"In use again: {_line(Registry().rollback(name))}")


def _line(entry: ModelEntry) -> str:
    return f"{entry.name}@{entry.version} (sha256 {entry.sha256[:SHORT_SHA]})"
