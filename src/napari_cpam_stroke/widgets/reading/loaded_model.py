"""The model that was used last, so that the next run need not load it again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_cpam_stroke.bundles import Registry
from napari_cpam_stroke.widgets.reading.torch_loading import keep_triton_out, load_torch_libraries

if TYPE_CHECKING:
    from napari_cpam_stroke.inference import Predictor


class LoadedModel:
    """At most one predictor, known by name, device and weights."""

    def __init__(self) -> None:
        self._key: tuple[str, str, str] | None = None
        self._predictor: Predictor | None = None

    def get(self, ref: str, device: str) -> Predictor:
        """Return a model ready to run; slow the first time (any thread).

        Raises
        ------
        CpamError
            If there is no such model or device, or its files are damaged.
        """
        load_torch_libraries()
        from napari_cpam_stroke.inference import Predictor

        key = (ref, device, Registry().resolve(ref).card.weights_sha256)
        if self._predictor is None or self._key != key:
            keep_triton_out()
            self._predictor = Predictor.load(ref, device=device)
            self._key = key
        return self._predictor
