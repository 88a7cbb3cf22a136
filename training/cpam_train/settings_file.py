"""Settings in a file: any part of the tree as JSON or YAML, or all of it as a run or a model's card keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from napari_cpam_stroke.errors import ConfigError, InputError, add_extra
from napari_cpam_stroke.files import json_values, read_text

YAML_ENDINGS = (".yaml", ".yml")


def settings_in(file: Path) -> dict[str, Any]:
    """Return the settings of a file, nested as in `TrainConfig`.

    Raises
    ------
    InputError
        If it cannot be read.
    ConfigError
        If it is neither JSON nor, by its ending, YAML, or holds no settings.
    """
    try:
        text = read_text(file)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"The config file {file} cannot be read", remedy="give the path of a JSON or YAML file"
        ) from error
    values = _yaml(text, file) if file.suffix.lower() in YAML_ENDINGS else _json(text, file)
    if not isinstance(values, dict) or not all(isinstance(key, str) for key in values):
        raise ConfigError(f"The config file {file} must hold settings by name", got=type(values).__name__)
    return _unwrapped(values)


def _unwrapped(values: dict[str, Any]) -> dict[str, Any]:
    """Return the settings inside config.json of a run and inside a card; anything else as it is."""
    if "schema_version" not in values:
        return values
    training = values.get("training")
    inside = values.get("config") or (training.get("settings") if isinstance(training, Mapping) else None)
    if not isinstance(inside, dict):
        raise ConfigError(
            "The config file holds no settings of a run",
            remedy="give config.json of a run, or a card with its settings",
        )
    return inside


def _json(text: str, file: Path) -> Any:
    try:
        return json_values(text)
    except ValueError as error:
        raise ConfigError(
            f"The config file {file} is not JSON ({error})", remedy="write JSON, or YAML into a file that ends in .yaml"
        ) from error


def _yaml(text: str, file: Path) -> Any:
    try:
        import yaml
    except ImportError as error:
        raise ConfigError("Settings in YAML need a package", remedy=add_extra("train")) from error
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise ConfigError(f"The config file {file} is not YAML ({reason})") from error
