"""What nnU-Net's `dataset.json` says the values of its label images are."""

from __future__ import annotations

import json
from pathlib import Path

from cpam_train.importers.options import ImportOptions
from napari_cpam_stroke.core.label_values import ValueMeanings, meanings_of_names
from napari_cpam_stroke.core.notice import Notice
from napari_cpam_stroke.errors import InputError

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
        data = json.loads(path.read_text(encoding="utf-8-sig"))
        named = _named(data["labels"])
        channels = data.get("channel_names") or data.get("modality") or {"0": "CT"}
        count = len(channels)
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError) as error:
        raise InputError("dataset.json cannot be read", got=path, expected=EXPECTED) from error
    if count != 1:
        raise InputError("Data set must have one channel, CT", got=count)
    said = options.label_values or {}
    meanings, notices = meanings_of_names([(v, n) for v, n in named if v not in said], options.labels)
    return meanings | said, notices


def _named(labels: dict[str, object]) -> list[tuple[int, str]]:
    """Return value and name of every label above 0, in either order nnU-Net has used."""
    pairs = [(str(key).strip(), value) for key, value in labels.items()]
    by_value = bool(pairs) and all(key.isdecimal() and isinstance(value, str) for key, value in pairs)
    if by_value:
        return [(int(key), str(name)) for key, name in pairs if int(key)]
    found = [(_value(name, value), name) for name, value in pairs]
    return [(value, name) for value, name in found if value]


def _value(name: str, value: object) -> int:
    if isinstance(value, list):
        raise InputError(
            f"dataset.json describes the region {name!r} of several values",
            got=value,
            expected="one value per label",
            remedy='say what the values are with --set label_values, as {"1": 2}: 1 ischemia, 2 hemorrhage',
        )
    if isinstance(value, bool):
        raise TypeError(name)
    return int(str(value))
