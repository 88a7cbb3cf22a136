"""Label images of others, whose values mean something else than ours."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from napari_cpam_stroke.core import LesionClass
from napari_cpam_stroke.errors import InputError


def labels_from_values(values: NDArray[np.generic], meaning: Mapping[int, LesionClass], name: str) -> NDArray[np.uint8]:
    """Return uint8 labels of an image of any shape in which `meaning` tells what each value above 0 stands for.

    Raises
    ------
    InputError
        For a value without meaning, naming it.
    """
    whole = np.rint(np.asarray(values, dtype=np.float64)).astype(np.int64)
    strange = sorted(set(np.unique(whole).tolist()) - {0, *meaning})
    if strange:
        raise InputError(
            f"Mask of {name} holds values without a meaning",
            got=", ".join(map(str, strange)),
            expected=", ".join(f"{value} for {kind.label}" for value, kind in meaning.items()),
            remedy="say what they are with --set label_values",
        )
    table = np.zeros(max([0, *meaning]) + 1, dtype=np.uint8)
    for value, kind in meaning.items():
        table[value] = kind
    return np.asarray(table[whole])
