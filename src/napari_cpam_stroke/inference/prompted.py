"""A network that listens to prompts, behind the interface every engine has."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import Self

import numpy as np
import torch

from napari_cpam_stroke.bundles import Bundle, Registry
from napari_cpam_stroke.config import SegmenterConfig
from napari_cpam_stroke.core.arrays import Floats32, Region
from napari_cpam_stroke.core.volume import CTVolume
from napari_cpam_stroke.errors import BundleError
from napari_cpam_stroke.inference.device import pick_device, reduced_precision
from napari_cpam_stroke.inference.pixel_calibration import PixelCalibration
from napari_cpam_stroke.models import fold_batch_norm, restore_model
from napari_cpam_stroke.models.output import probabilities
from napari_cpam_stroke.prompting import PromptRequest
from napari_cpam_stroke.prompting.answers import Answers
from napari_cpam_stroke.prompting.network_input import network_channels, seen_hu, zoomed_hu, zoomed_maps
from napari_cpam_stroke.prompting.settlement import settle
from napari_cpam_stroke.prompting.zoom import Zoom

SLICES_KEPT = 64
"""Slices whose HU stay as the network sees them: 1 MB each at 512 x 512."""


class PromptedEngine:
    """A bundled network that answers prompts.

    With each prompt the network is shown its own answer to the prompts before it, as in training.

    Raises
    ------
    BundleError
        If the model takes no prompts, its weights are damaged, or its card does not fit itself.
    InputError
        For a device that does not exist.
    """

    def __init__(self, bundle: Bundle, device: str = "auto") -> None:
        card = bundle.card
        if card.prompts is None or not isinstance(card.architecture, SegmenterConfig) or len(card.classes) != 1:
            raise BundleError(
                f"The model {card.reference} takes no prompts", remedy="choose one whose card has an entry prompts"
            )
        self.card, self._prompts, self._architecture = card, card.prompts, card.architecture
        self._threshold = next(iter(card.thresholds.values()))
        self.device = pick_device(device)
        model = fold_batch_norm(restore_model(card.architecture, bundle.state_dict()))
        self._model = model.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._calibrate = PixelCalibration(card.classes, card.pixel_calibration)
        self._volume: CTVolume | None = None
        self._hu: OrderedDict[int, Floats32] = OrderedDict()
        self._answers = Answers()

    @classmethod
    def load(cls, ref: str | Path, device: str = "auto", registry: Registry | None = None) -> Self:
        """Return the engine of a model reference: name, name@version or a bundle folder.

        Raises
        ------
        BundleError
            If there is no such model, it is damaged or takes no prompts.
        """
        return cls((registry or Registry()).resolve(ref), device)

    @property
    def name(self) -> str:
        """Name and version of the model."""
        return self.card.reference

    def prepare(self, volume: CTVolume, slice_index: int) -> None:
        """Bring the HU of a slice to what the network sees of them."""
        self._hu_of(volume, slice_index)

    def answer(self, request: PromptRequest) -> Region:
        """Return the lesion meant, bool (Y, X) of the slice.

        Raises
        ------
        InputError
            As `admission.admit`.
        """
        return self._answers.answer(request, self._settled)

    def _settled(self, request: PromptRequest) -> Region:
        smallest, size = self._prompts.smallest_mm, self.card.preprocess.size
        return settle(request, self._draw, earlier=self.answer, smallest_mm=smallest, size=size)

    def _draw(self, request: PromptRequest, so_far: Region, zoom: Zoom) -> Region:
        hu = zoomed_hu(self._hu_of(request.volume, request.slice_index), zoom, self.card.preprocess)
        before = zoom.take(so_far.astype(np.float32)) >= 0.5
        maps = zoomed_maps(request.prompts, zoom)
        shown = network_channels(hu, maps, before, request.lesion_class, self.card.preprocess)
        return np.asarray(zoom.put_back(self._probability(shown), so_far.shape) >= self._threshold)

    @torch.inference_mode()
    def _probability(self, channels: Floats32) -> Floats32:
        """Return how likely each pixel of the grid is meant, float32 (size, size)."""
        batch = torch.from_numpy(channels)[None].to(self.device).contiguous(memory_format=torch.channels_last)
        dtype = reduced_precision(self.device)
        with torch.autocast(self.device.type, dtype=dtype or torch.bfloat16, enabled=dtype is not None):
            output = self._model(batch)
        masks = probabilities(output, self._architecture).masks
        assert masks is not None  # noqa: S101 - a segmenter gives masks
        return np.asarray(self._calibrate(masks)[0, 0].float().cpu().numpy())

    def _hu_of(self, volume: CTVolume, slice_index: int) -> Floats32:
        if self._volume is not volume:
            self._volume = volume
            self._hu.clear()
        if (known := self._hu.get(slice_index)) is None:
            known = self._hu[slice_index] = seen_hu(volume.hu[slice_index], self.card.preprocess)
            while len(self._hu) > SLICES_KEPT:
                self._hu.popitem(last=False)
        return known
