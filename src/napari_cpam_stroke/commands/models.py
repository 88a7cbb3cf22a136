"""`models`: which models this machine has, and which one a name leads to."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from napari_cpam_stroke.bundles import ModelEntry, Registry
from napari_cpam_stroke.bundles.card import card_to_plain
from napari_cpam_stroke.bundles.readme import render_readme
from napari_cpam_stroke.commands.console import OUT, plain_table, print_json, say

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
    """Check a model's weights against its card."""
    bundle = Registry().verify(ref)
    say(f"{bundle.card.reference}: the weights are those of the card, sha256 {bundle.card.weights_sha256}")


def use_model(ref: str) -> None:
    """Let a name lead to a version."""
    say(f"In use now: {_line(Registry().use(ref))}")


def roll_back(name: str) -> None:
    """Let a name lead to the version before."""
    say(f"In use again: {_line(Registry().rollback(name))}")


def _line(entry: ModelEntry) -> str:
    return f"{entry.name}@{entry.version} (sha256 {entry.sha256[:SHORT_SHA]})"
