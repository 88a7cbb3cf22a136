"""nnInteractive behind the interface every engine has, for those who have its package and its weights.

Neither comes with this program, and nothing is downloaded: its weights have terms of their own (non-commercial).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from scipy import ndimage

from napari_cpam_stroke.core.arrays import Mask, Region
from napari_cpam_stroke.core.labels import LesionClass
from napari_cpam_stroke.core.volume import CTVolume
from napari_cpam_stroke.errors import BundleError, InputError
from napari_cpam_stroke.prompting import Prompt, PromptKind, PromptRequest
from napari_cpam_stroke.prompting.answers import Answers
from napari_cpam_stroke.prompting.maps import draw_prompt
from napari_cpam_stroke.prompting.settlement import settle
from napari_cpam_stroke.prompting.spacing import in_plane_spacing
from napari_cpam_stroke.prompting.zoom import Zoom
from napari_cpam_stroke.user_folder import application_home

NAME = "nnInteractive"

PACKAGE = "nnInteractive"
"""What its distribution is imported as."""

SESSION = "nnInteractive.inference.inference_session"

WEIGHTS_VARIABLE = "CPAM_STROKE_NNINTERACTIVE"
"""Environment variable with the folder of its weights."""

WEIGHTS_FOLDER = "nninteractive"
"""Where they are looked for otherwise, in the program's own folder."""

WEIGHTS_MARK = "plans.json"
"""A file that lies in every folder of its weights."""

WHOLE_SLICE_MM, SIZE = 1000.0, 256
"""Square about any prompt that holds the whole slice: it zooms by itself."""


def weights_folder() -> Path | None:
    """Return the folder of its weights; None where there is none, or its package is not installed. Loads nothing."""
    if find_spec(PACKAGE) is None:
        return None
    chosen = os.environ.get(WEIGHTS_VARIABLE)
    folder = Path(chosen).expanduser() if chosen else application_home() / WEIGHTS_FOLDER
    return folder if (folder / WEIGHTS_MARK).is_file() else None


@dataclass(frozen=True, eq=False)
class _Given:
    """What its session holds: of which slice and class, what was there before, and the prompts since."""

    slice_index: int
    lesion_class: LesionClass
    before: bytes
    prompts: tuple[Prompt, ...]

    @classmethod
    def of(cls, request: PromptRequest) -> _Given:
        """Return what a session that answered a request holds."""
        return cls(request.slice_index, request.lesion_class, request.before.tobytes(), request.prompts)

    def leads_to(self, other: _Given) -> bool:
        """Whether one more prompt is all that is missing."""
        mine, theirs = ((each.slice_index, each.lesion_class, each.before) for each in (self, other))
        return mine == theirs and self.prompts == other.prompts[:-1]


class NnInteractiveEngine:
    """Answers by a 3D network, of whose answer the slice of the prompts is drawn.

    Parameters
    ----------
    device
        As `pick_device` takes it.

    Raises
    ------
    InputError
        If its package or its weights are not there, or the device does not exist.
    BundleError
        If its weights cannot be loaded.
    """

    name = NAME

    def __init__(self, device: str = "auto") -> None:
        folder = weights_folder()
        if folder is None:
            raise InputError(
                f"{NAME} needs its own package and weights",
                remedy=f"pip install nninteractive, and put its weights into {application_home() / WEIGHTS_FOLDER} "
                f"or name their folder in {WEIGHTS_VARIABLE}",
            )
        self._session = _loaded(folder, device)
        self._volume: CTVolume | None = None
        self._target: Any = None
        self._given: _Given | None = None
        self._answers = Answers()

    def prepare(self, volume: CTVolume, slice_index: int) -> None:  # noqa: ARG002 - one signature for all
        """Show it the whole series, as stored."""
        if self._volume is not volume:
            import torch

            self._session.set_image(volume.hu[None].astype(np.float32))
            self._target = torch.zeros(volume.shape, dtype=torch.uint8)
            self._session.set_target_buffer(self._target)
            self._volume, self._given = volume, None

    def answer(self, request: PromptRequest) -> Region:
        """Return the lesion meant, bool (Y, X) of the slice.

        Raises
        ------
        InputError
            As `admission.admit`.
        """
        return self._answers.answer(
            request,
            lambda asked: settle(asked, self._draw, earlier=self.answer, smallest_mm=WHOLE_SLICE_MM, size=SIZE),
        )

    def _draw(self, request: PromptRequest, so_far: Region, zoom: Zoom) -> Region:  # noqa: ARG002 - one signature
        self.prepare(request.volume, request.slice_index)
        now, held = _Given.of(request), self._given
        self._given = None  # where it fails, the session is in no known state
        if held is not None and held.leads_to(now):
            self._give(request.prompts[-1])
        else:
            self._begin(request)
            for prompt in request.prompts:
                self._give(prompt)
        self._given = now
        return np.asarray(self._target[request.slice_index]) > 0

    def _begin(self, request: PromptRequest) -> None:
        self._session.reset_interactions()
        if request.before.any():
            self._session.add_initial_seg_interaction(self._on_slice(request.slice_index, request.before))

    def _give(self, prompt: Prompt) -> None:
        """Give one prompt, after which it answers."""
        shape, z = self._target.shape, prompt.slice_index
        if prompt.kind is PromptKind.POINT:
            (row, _), (column, _) = _extents(prompt, shape[1:])
            self._session.add_point_interaction((z, row, column), include_interaction=prompt.adds)
        elif prompt.kind is PromptKind.BOX:
            box = [[z, z + 1], *_extents(prompt, shape[1:])]
            self._session.add_bbox_interaction(box, include_interaction=prompt.adds)
        else:
            drawn = draw_prompt(prompt, (shape[1], shape[2]), in_plane_spacing(self._shown))
            if prompt.kind is PromptKind.SCRIBBLE:
                self._session.add_scribble_interaction(self._on_slice(z, drawn), include_interaction=prompt.adds)
            else:
                rim = drawn & ~ndimage.binary_erosion(drawn)
                self._session.add_lasso_interaction(self._on_slice(z, rim), include_interaction=prompt.adds)

    @property
    def _shown(self) -> CTVolume:
        assert self._volume is not None  # noqa: S101 - `prepare` came before
        return self._volume

    def _on_slice(self, z: int, region: Region) -> Mask:
        """Return uint8 (Z, Y, X) with a region on one slice."""
        whole = np.zeros(self._shown.shape, dtype=np.uint8)
        whole[z] = region
        return whole


def _extents(prompt: Prompt, shape_yx: tuple[int, ...]) -> list[list[int]]:
    """Return first row and the one after the last, then columns likewise, as far as they lie in the slice."""
    low, high = np.rint(np.min(prompt.path, axis=0)), np.rint(np.max(prompt.path, axis=0))
    limit = np.asarray(shape_yx) - 1
    first, last = np.clip(low, 0, limit).astype(int), np.clip(high, 0, limit).astype(int)
    return [[int(a), int(b) + 1] for a, b in zip(first, last, strict=True)]


def _loaded(folder: Path, device: str) -> Any:
    from napari_cpam_stroke.inference.device import pick_device

    chosen = pick_device(device)
    try:
        session = import_module(SESSION).nnInteractiveInferenceSession(
            device=chosen, torch_n_threads=os.cpu_count() or 1, do_autozoom=True
        )
        session.initialize_from_trained_model_folder(str(folder))
    except Exception as error:
        raise BundleError(
            f"{NAME} cannot be loaded from {folder}",
            got=str(error).partition("\n")[0],
            remedy="choose another engine, or put its weights there again",
        ) from error
    return session
