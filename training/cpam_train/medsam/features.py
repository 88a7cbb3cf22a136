"""Features of slices on disk: LiteMedSAM's image encoder takes seconds a slice and learns nothing here."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from cpam_train.data.prompted_slices import PromptedRow
from cpam_train.medsam.image import image_of
from cpam_train.medsam.input import BRAIN, EDGE
from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.files import write_whole
from napari_cpam_stroke.inference.device import reduced_precision
from napari_cpam_stroke.progress import Progress

LAYOUT_VERSION = 1
"""Raised when features are computed or kept otherwise, so that older files are not taken for current ones."""


class FeatureCache:
    """A file of features for each slice, float16; safe to share between processes and runs.

    Parameters
    ----------
    folder
        Made on first use; may be deleted at any time between runs.
    weights
        sha256 of those the encoder has.
    device
        What computes them: where it is faster in 16 bits, they are computed so.
    """

    def __init__(self, folder: Path, weights: str, device: torch.device) -> None:
        self._device, self._dtype = device, reduced_precision(device)
        looked_at = (LAYOUT_VERSION, weights, EDGE, BRAIN.centre, BRAIN.width, str(self._dtype))
        self._folder = folder / f"litemedsam-{hashlib.sha256(repr(looked_at).encode()).hexdigest()[:16]}"

    def fill(self, store: AnnotationStore, rows: Iterable[PromptedRow], encoder: nn.Module, progress: Progress) -> None:
        """Compute the features of those slices that have none yet.

        Parameters
        ----------
        encoder
            Takes (1, 3, EDGE, EDGE) and gives (1, C, H, W).
        """
        wanted = {self._path(each): each for each in rows}
        missing = [(path, asked) for path, asked in wanted.items() if not path.is_file()]
        encoder = encoder.to(self._device, memory_format=torch.channels_last).eval()  # type: ignore[call-overload]
        for done, (path, asked) in enumerate(missing):
            progress(done, len(missing))
            hu = store.read_frames(asked.row.case.case_id, [asked.row.z])[0]
            features = self._encoded(encoder, image_of(hu)).cpu().numpy()
            write_whole(path, lambda file, content=features: np.save(file, content))  # type: ignore[misc]

    def features(self, asked: PromptedRow) -> Tensor:
        """Return the features of a slice, float32 (C, H, W).

        Raises
        ------
        InputError
            If they are gone or damaged.
        """
        path = self._path(asked)
        try:
            return torch.from_numpy(np.load(path, allow_pickle=False)).float()
        except (OSError, ValueError, EOFError) as error:
            raise InputError(
                f"The features {path} cannot be read", got=str(error), remedy=f"delete {self._folder} and fit again"
            ) from error

    @torch.inference_mode()
    def _encoded(self, encoder: nn.Module, image: Tensor) -> Tensor:
        image = image.to(self._device).contiguous(memory_format=torch.channels_last)
        with torch.autocast(self._device.type, dtype=self._dtype, enabled=self._dtype is not None):
            features = encoder(image)[0]
        return torch.as_tensor(features).half().contiguous()

    def _path(self, asked: PromptedRow) -> Path:
        content = asked.row.case.content_hash
        return self._folder / content[:2] / f"{content}-{asked.row.z}.npy"
