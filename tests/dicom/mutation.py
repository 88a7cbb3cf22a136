"""Small damage to masks: to the elements of a data set, and to the bytes of a file."""

from __future__ import annotations

import copy

import numpy as np
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items

NIFTI_HEADER_BYTES = 348


def datasets_in(dataset):
    """Return a dataset and all that are nested in it."""
    nested = [item for element in dataset if element.VR == "SQ" for item in element.value or []]
    return [dataset, *(inner for item in nested for inner in datasets_in(item))]


ODD = ("", "x", "-1", "0", "1e999", "nan", "1\\2\\3", "65536", "9" * 16, "ISO 2022 IR 87", "\udcff")


def mutate(dataset: Dataset, random: np.random.Generator) -> None:
    """Take out, empty, overwrite, repeat or swap one element anywhere."""
    target = datasets_in(dataset)
    target = target[int(random.integers(len(target)))]
    tags = [tag for tag in target if tag.tag.group > 2]
    if not tags:
        return
    element = tags[int(random.integers(len(tags)))]
    what = int(random.integers(5))
    if what == 0:
        del target[element.tag]
    elif what == 1:
        element.value = Items() if element.VR == "SQ" else None
    elif element.VR == "SQ":
        items = list(element.value or [])
        element.value = Items(items + copy.deepcopy(items[:1]) if what == 2 else items[1:])
    elif element.VR in ("US", "UL", "SS", "SL", "FD", "FL"):
        element.value = int(random.choice([0, 1, 2, 7, 255, 4097, 65535]))
    elif element.VR in ("OB", "OW"):
        element.value = element.value[: int(random.integers(len(element.value)))]
    else:
        element.value = str(random.choice(ODD))


def spoil(data: bytes, random: np.random.Generator, high: int) -> bytes:
    """Change some bytes of the first `high`; now and then take out, repeat or cut off some."""
    changed = bytearray(data)
    for _ in range(int(random.integers(1, 6))):
        at, length = int(random.integers(0, high)), int(random.choice([1, 2, 4, 8, 40]))
        match int(random.integers(0, 6)):
            case 0:
                changed[at] ^= 1 << int(random.integers(0, 8))
            case 1 | 2:
                changed[at : at + length] = random.integers(0, 256, length, dtype=np.uint8).tobytes()
            case 3:
                changed[at : at + length] = bytes([int(random.choice([0, 255, 127, 128]))]) * length
            case 4 if random.random() < 0.2:
                del changed[at : at + length]
            case 5 if random.random() < 0.1:
                del changed[at + length :]
        high = max(1, min(high, len(changed)))
    return bytes(changed)
