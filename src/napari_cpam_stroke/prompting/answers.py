"""Answers an engine has given: the start of the next one, and ready where a prompt is taken back."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from napari_cpam_stroke.core.arrays import Region
from napari_cpam_stroke.core.volume import CTVolume
from napari_cpam_stroke.prompting.engine import PromptRequest

ANSWERS_KEPT = 64
"""About 16 MB at 512 x 512."""

Key = tuple[object, ...]


class Answers:
    """Answers about one series, the latest ones; another series takes their place."""

    def __init__(self) -> None:
        self._volume: CTVolume | None = None
        self._kept: OrderedDict[Key, Region] = OrderedDict()

    def answer(self, request: PromptRequest, compute: Callable[[PromptRequest], Region]) -> Region:
        """Return the answer to a request, bool (Y, X), computed where it is not known; the caller may write to it."""
        if self._volume is not request.volume:
            self._volume = request.volume
            self._kept.clear()
        key = _key(request)
        if (known := self._kept.get(key)) is None:
            known = self._kept[key] = compute(request)
            while len(self._kept) > ANSWERS_KEPT:
                self._kept.popitem(last=False)
        return known.copy()


def _key(request: PromptRequest) -> Key:
    ai = None if request.probabilities is None else request.probabilities.tobytes()
    return request.slice_index, request.lesion_class, request.before.tobytes(), ai, request.prompts
