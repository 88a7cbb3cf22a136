"""What nnU-Net's `dataset.json` says the values of its label images are."""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from pathlib import Path
from typing import Any

from cpam_train.importers.options import ImportOptions
from napari_cpam_stroke.core.label_map import HOW_TO_MAP
from napari_cpam_stroke.core.label_values import ValueMeanings, meanings_of_names
from napari_cpam_stroke.core.notice import Notice
from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.files import read_json

_NOT_CT = re.compile(
    r"(?<![A-Za-z])(?:MRI?|T1|T2|FLAIR|DWI|ADC|SWI|PET|SPECT|CBF|CBV|MTT|T?MAX)(?![a-z])", re.IGNORECASE
)
"""Words of a channel's name that mean another kind of picture than CT."""

EXPECTED = 'an object with labels, {"background": 0, "hemorrhage": 1} or {"0": "background", "1": "hemorrhage"}'


def read_dataset_json(path: Path, options: ImportOptions) -> tuple[ValueMeanings, tuple[Notice, ...]]:
    """Return what each mask value stands for, and how the names were understood.

    The user's word (`options.label_values`, `options.meanings`) goes before the names; names go before any default.

    Raises
    ------
    InputError
        If the file is missing, is no nnU-Net description of one CT channel, or has a name that is not understood.
    """
    if not path.is_file():
        raise InputError("dataset.json is missing", got=path.parent, expected="an nnU-Net raw data folder")
    try:
        data = read_json(path)
    except (OSError, ValueError) as error:
        raise InputError("dataset.json cannot be read", got=path, expected=EXPECTED) from error
    return meanings_of_dataset(data, path, options)


def meanings_of_dataset(data: Any, path: Path, options: ImportOptions) -> tuple[ValueMeanings, tuple[Notice, ...]]:
    """Return the same of a description that was read already, from the file at `path`.

    Raises
    ------
    InputError
        As `read_dataset_json`.
    """
    try:
        named = _named(data["labels"])
        channels = data.get("channel_names") or data.get("modality") or {"0": "CT"}
        count = len(channels)
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError) as error:
        raise InputError(f"{path.name} cannot be read", got=path, expected=EXPECTED) from error
    if count != 1:
        raise InputError("Data set must have one channel, CT", got=count)
    _require_ct(channels)
    said = {value: meaning.lesion_class for value, meaning in options.labels.numbers.items()}
    said |= options.label_values or {}
    single = [(values[0], name) for name, values in named if len(values) == 1]
    for name, values in named:
        _require_named(name, values, {*said, *(value for value, _ in single)})
    meanings, notices = meanings_of_names([(v, n) for v, n in single if v not in said], options.labels)
    return meanings | said, notices


def _require_ct(channels: dict[str, object] | list[object]) -> None:
    """Refuse a channel that its own name calls another kind of picture."""
    names = channels.values() if isinstance(channels, dict) else channels
    other = next((str(name) for name in names if _NOT_CT.search(str(name))), None)
    if other is not None:
        raise InputError("dataset.json names a channel that is not CT", got=other, expected="CT")


def _require_named(name: str, values: Sequence[int], named: Container[int]) -> None:
    """Refuse a region of several values of which not each has a name of its own."""
    nameless = [value for value in values if value not in named]
    if len(values) > 1 and nameless:
        raise InputError(
            f"dataset.json describes the region {name!r} of several values",
            got=list(values),
            expected="a name for each value",
            remedy=HOW_TO_MAP.format(name=nameless[0]),
        )


def _named(labels: dict[str, object]) -> list[tuple[str, tuple[int, ...]]]:
    """Return name and values of every label above 0, in either order nnU-Net has used; a region has several values."""
    pairs = [(str(key).strip(), value) for key, value in labels.items()]
    by_value = bool(pairs) and all(key.isdecimal() and isinstance(value, str) for key, value in pairs)
    if by_value:
        return [(str(name), (int(key),)) for key, name in pairs if int(key)]
    found = [
        (name, tuple(map(_value, value)) if isinstance(value, list) else (_value(value),)) for name, value in pairs
    ]
    return [(name, values) for name, values in found if any(values)]


def _value(value: object) -> int:
    if isinstance(value, bool):
        raise TypeError(value)
    return int(str(value))
