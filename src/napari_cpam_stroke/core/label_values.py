"""Values of label images: what each stands for, and the mask they make."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from napari_cpam_stroke.core.label_map import HOW_TO_MAP, LabelMap
from napari_cpam_stroke.core.label_names import Meaning, meaning_of_name
from napari_cpam_stroke.core.labels import LesionClass
from napari_cpam_stroke.core.mask_reading import label_notice
from napari_cpam_stroke.core.notice import Notice
from napari_cpam_stroke.errors import InputError

ValueMeanings = Mapping[int, LesionClass | None]
"""Value above 0 to its class; None: no lesion, passed over."""

OWN_VALUES: ValueMeanings = {int(kind): kind for kind in LesionClass}
"""What is meant where nothing names the values: 1 ischemia, 2 hemorrhage, as this program writes them."""

WHOLE_TOLERANCE = 1e-3
"""Values nearer to a whole number are that number, scaled and rounded by a header; others are no labels."""


def meanings_of_values(labels: LabelMap) -> ValueMeanings:
    """Return what values without names stand for: the user's word alone where there is one, else `OWN_VALUES`."""
    return {value: meaning.lesion_class for value, meaning in labels.numbers.items()} or OWN_VALUES


def meanings_of_names(
    named: Iterable[tuple[int, str]], labels: LabelMap
) -> tuple[dict[int, LesionClass | None], tuple[Notice, ...]]:
    """Return what named values stand for, and how each name was understood.

    Raises
    ------
    InputError
        For names that are not understood, and for values with two meanings.
    """
    found: dict[int, Meaning] = {}
    strange, notices = [], []
    for value, name in named:
        meaning = labels.of(name, value) or meaning_of_name(name)
        if meaning is Meaning.UNKNOWN:
            strange.append((value, name))
        elif found.setdefault(value, meaning) is not meaning:
            raise InputError(f"Label value {value} has names that contradict each other", got=repr(name))
        else:
            notices.append(label_notice(f"Label {value} '{name}'", meaning))
    if strange:
        raise InputError(
            "Labels have names that are not understood",
            got=", ".join(f"{value} {name!r}" for value, name in strange),
            expected="names of hemorrhage or ischemia, or of what is no lesion",
            remedy=HOW_TO_MAP.format(name=strange[0][1]),
        )
    return {value: meaning.lesion_class for value, meaning in found.items()}, tuple(notices)


def labels_from_values(values: NDArray[np.generic], meaning: ValueMeanings, mask: str) -> NDArray[np.uint8]:
    """Return uint8 labels, same shape as `values`; `meaning` tells what each value above 0 stands for.

    Parameters
    ----------
    mask
        What sentences begin with: "Mask of case 7".

    Raises
    ------
    InputError
        For values that are no labels, for a value without meaning, naming it, and for a lesion drawn as 0.
    """
    if meaning.get(0) is not None:
        raise InputError(
            f"{mask} cannot be read with 0 as a lesion",
            expected="0 for background",
            remedy="write it the other way round",
        )
    whole = _whole(np.asarray(values), mask)
    present = np.unique(whole).tolist()
    strange = sorted(set(present) - {0, *meaning})
    if strange:
        raise InputError(
            f"{mask} holds values without a meaning",
            got=", ".join(map(str, strange[:8])) + (", ..." if len(strange) > 8 else ""),
            expected=", ".join(f"{value} for {kind.label if kind else 'no lesion'}" for value, kind in meaning.items()),
            remedy=HOW_TO_MAP.format(name=strange[0]),
        )
    labels = np.zeros(whole.shape, dtype=np.uint8)
    for value in present:
        if value:
            labels[whole == value] = meaning[value] or 0
    return labels


def _whole(values: NDArray[np.generic], mask: str) -> NDArray[np.int64]:
    """Return whole numbers; a map of probabilities is no mask."""
    if values.dtype.kind in "iub":
        return values.astype(np.int64)
    if values.dtype.kind != "f" or not np.isfinite(values).all():
        raise InputError(f"{mask} holds values that are no numbers", got=values.dtype)
    floats = np.asarray(values, dtype=np.float64)
    whole = np.rint(floats)
    off = np.abs(floats - whole)
    if off.max(initial=0) > WHOLE_TOLERANCE or np.abs(whole).max(initial=0) > np.iinfo(np.int32).max:
        raise InputError(
            f"{mask} holds values between labels",
            got=f"{floats.ravel()[off.argmax()]:.4g}",
            expected="whole numbers",
            remedy="cut probabilities at a threshold first",
        )
    return whole.astype(np.int64)
