"""Whether the trainer can be started here: it needs packages of the extra `train`."""

from __future__ import annotations

from importlib.util import find_spec

from napari_cpam_stroke.errors import InputError, add_extra

NEEDED = ("entmax", "kornia", "lightning", "matplotlib", "monai", "optuna", "sklearn", "tensorboard", "yaml")
"""Packages of that extra, as they are imported."""

EXTRA = "train"


def missing_packages() -> tuple[str, ...]:
    """Return the packages of the extra that are not installed; none of them is imported."""
    return tuple(name for name in NEEDED if find_spec(name) is None)


def require_trainer() -> None:
    """Refuse where the trainer cannot be started.

    Raises
    ------
    InputError
        With what to install.
    """
    missing = missing_packages()
    if missing:
        raise InputError(
            "Training needs packages that are not installed", got=", ".join(missing), remedy=add_extra(EXTRA)
        )
