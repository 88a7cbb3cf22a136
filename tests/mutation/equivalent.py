"""Mutants that behave like the module itself, each with the reason; they are neither tried nor counted."""

from __future__ import annotations

EQUIVALENT: dict[str, dict[str, str]] = {}
"""By module: name of the mutant, and why no test can tell it apart."""
