"""Slices with prompts, simulated or those of their readers, on the zoomed grid a prompted network looks at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar
from zlib import crc32

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor
from torch.utils.data import Dataset

from cpam_train.data.readers_prompts import first_prompts, mirrored, zoom_of
from cpam_train.data.robot_reader import CLUMSY, EXACT, RobotReader, largest_part
from cpam_train.data.slices import SliceRow
from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.config import PreprocessConfig, PromptInput
from napari_cpam_stroke.core import CTVolume, LesionClass
from napari_cpam_stroke.core.annotation import ABSENT, PRESENT
from napari_cpam_stroke.core.arrays import Floats32, Region
from napari_cpam_stroke.core.boxes import smallest_box
from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.prompting import Prompt, PromptKind
from napari_cpam_stroke.prompting.maps import draw_maps
from napari_cpam_stroke.prompting.network_input import network_channels, seen_hu, zoomed_hu
from napari_cpam_stroke.prompting.spacing import in_plane_spacing
from napari_cpam_stroke.prompting.zoom import MARGIN_SHARE, Zoom

KIND_SHARES = {PromptKind.POINT: 0.55, PromptKind.BOX: 0.25, PromptKind.SCRIBBLE: 0.12, PromptKind.LASSO: 0.08}
"""Which first prompts are drawn: points most, boxes next."""

MASK_BEFORE_SHARE = 0.45
"""Samples that start from a wrong mask instead of from none."""

MORE_PROMPTS = 0.35
"""Chance of one more prompt, again and again."""

MOST_PROMPTS = 6

CLUMSY_SHARE = 0.7
"""Samples whose reader is the clumsy one."""

ZOOM_RANGE = (0.85, 1.25)
"""By which the square varies in training."""

TURN_DEGREES = 20.0
"""Heads lie turned by so much at most, and lesions stand at any angle of it."""

SOFT_HU = (10, 70)

BRAIN_HU = 34.0
"""Contrast turns about this."""


@dataclass(frozen=True)
class PromptedRow:
    """One slice and the class that is asked for."""

    row: SliceRow
    lesion_class: LesionClass

    @property
    def present(self) -> bool:
        """Whether the slice has a lesion of it; else a reader turns down what is no lesion."""
        return self.row.labels[self.lesion_class - 1] == PRESENT

    @property
    def given(self) -> tuple[Prompt, ...]:
        """What a reader pointed at, oldest first."""
        return self.row.prompts[self.lesion_class - 1]


def prompted_rows(rows: Sequence[SliceRow]) -> list[PromptedRow]:
    """Return each slice once for every class whose mask is known on it."""
    return [
        PromptedRow(row, lesion_class)
        for row in rows
        for lesion_class in LesionClass
        if row.mask_known[lesion_class - 1] and row.labels[lesion_class - 1] in (PRESENT, ABSENT)
    ]


def few_of_each(rows: Sequence[PromptedRow], most: int) -> list[PromptedRow]:
    """Return at most so many slices of a patient and class, drawn the same every time."""
    groups: dict[tuple[str, LesionClass], list[PromptedRow]] = {}
    for each in rows:
        groups.setdefault((each.row.case.patient_id, each.lesion_class), []).append(each)
    return [
        each
        for _, group in sorted(groups.items())
        for each in sorted(group, key=lambda one: crc32(f"{one.row.case.case_id} {one.row.z}".encode()))[:most]
    ]


def pixels_of(store: AnnotationStore, asked: PromptedRow) -> tuple[CTVolume, Region]:
    """Return one slice as a volume of its own, and the lesion of the class that is asked for, bool (Y, X)."""
    case, z = asked.row.case, asked.row.z
    record = store.case(case.case_id)
    mask = store.read_mask(case.revision, [z])[0]
    acquisition = record.acquisition
    if record.geometry is not None:
        acquisition = replace(acquisition, pixel_spacing_mm=record.geometry.pixel_spacing_mm)
    volume = CTVolume(store.read_frames(case.case_id, [z]), None, case_id=case.case_id, acquisition=acquisition)
    return volume, np.asarray(mask == asked.lesion_class)


@dataclass(frozen=True, eq=False)
class _Scene:
    """A slice on the grid, all (size, size), and the reader's own prompts that are shown; none: a simulated one's."""

    hu: Floats32
    truth: Region
    spacing: tuple[float, float]
    prompts: Sequence[Prompt]


class ReadSlices(Dataset[dict[str, Tensor]]):
    """One item per slice and class, read anew in every epoch.

    Raises
    ------
    InputError
        If there is no slice.
    """

    kind: ClassVar[str] = "slice"
    """Of what there must be one, in words."""

    def __init__(self, rows: Sequence[PromptedRow], *, seed: int) -> None:
        if not rows:
            raise InputError(
                f"Data set has no {self.kind}", remedy="import data, assign splits, or choose other sources"
            )
        self.rows, self._seed = tuple(rows), seed
        self._epoch = torch.zeros(1, dtype=torch.int64)
        self._epoch.share_memory_()  # type: ignore[no-untyped-call]

    def __len__(self) -> int:
        return len(self.rows)

    def set_epoch(self, epoch: int) -> None:
        """Draw other prompts from here on; loader processes see it too."""
        self._epoch[0] = epoch

    def luck(self, index: int) -> np.random.Generator:
        """Return what the reader of an item draws from in this epoch."""
        return np.random.default_rng((self._seed, int(self._epoch), index))


class PromptedDataset(ReadSlices):
    """Slices as maps of the prompts of simulated readers.

    An item holds `image` float32 (C, S, S) of `network_channels`, `mask` uint8 (S, S) 0 and 1, `mask_known` and
    `slice_label` (1,), `pixel_mm` and `index`.

    Parameters
    ----------
    varied
        Training: HU, zoom, side and angle vary. Else every item is the same each time.
    replay
        How often a slice that was read with prompts is shown the first of those, from nothing, as it was then.
    """

    def __init__(
        self,
        store: AnnotationStore,
        config: PreprocessConfig,
        prompts: PromptInput,
        rows: Sequence[PromptedRow],
        *,
        varied: bool,
        replay: float = 0.0,
        seed: int = 0,
    ) -> None:
        super().__init__(rows, seed=seed)
        self._store, self._config, self._prompts = store, config, prompts
        self._varied, self._replay = varied, replay

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        asked, rng = self.rows[index], self.luck(index)
        scene = self._scene(asked, rng)
        before, prompts = np.zeros_like(scene.truth), scene.prompts
        if not prompts:
            before, prompts = simulated_reading(scene.truth, soft_tissue(scene.hu), scene.spacing, rng)
        maps = draw_maps(prompts, scene.truth.shape, scene.spacing)
        channels = network_channels(scene.hu, maps, before, asked.lesion_class, self._config)
        return {
            "image": torch.from_numpy(channels),
            "mask": torch.from_numpy(scene.truth.astype(np.uint8)),
            "mask_known": torch.ones(1, dtype=torch.bool),
            "slice_label": torch.tensor([int(scene.truth.any())], dtype=torch.int8),
            "pixel_mm": torch.tensor(scene.spacing[0], dtype=torch.float32),
            "index": torch.tensor(index),
        }

    def _scene(self, asked: PromptedRow, rng: Generator) -> _Scene:
        volume, truth = pixels_of(self._store, asked)
        given = first_prompts(asked.given, rng) if asked.given and rng.random() < self._replay else ()
        zoom = zoom_of(given, volume, self._prompts.smallest_mm, self._config.size) if given else None
        if zoom is None or not _shows(zoom, truth):
            if self._varied:
                volume, truth = _turned(volume, truth, self._config, rng)
            given, zoom = (), self._zoom(volume, truth, rng)
        hu = zoomed_hu(seen_hu(volume.hu[0], self._config), zoom, self._config)
        seen, prompts = np.asarray(zoom.take(truth.astype(np.float32)) >= 0.5), [zoom.onto(each) for each in given]
        if self._varied:
            hu = _varied_hu(hu, self._config, rng)
            if rng.random() < 0.5:
                hu, seen = np.ascontiguousarray(hu[:, ::-1]), np.ascontiguousarray(seen[:, ::-1])
                prompts = mirrored(prompts, zoom)
        return _Scene(hu, seen, (zoom.pixel_mm, zoom.pixel_mm), prompts)

    def _zoom(self, volume: CTVolume, truth: Region, rng: Generator) -> Zoom:
        """Return a square about a place in the lesion, or about all of it; about any brain where there is none."""
        spacing, smallest = in_plane_spacing(volume), self._prompts.smallest_mm
        meant = truth if truth.any() else _brain(volume)
        rows, columns = smallest_box(truth)
        if truth.any() and rng.random() < 0.5:
            centre = ((rows.start + rows.stop - 1) / 2, (columns.start + columns.stop - 1) / 2)
            extent = max((rows.stop - rows.start) * spacing[0], (columns.stop - columns.start) * spacing[1])
            smallest = max(smallest, extent * (1 + 2 * MARGIN_SHARE))
        else:
            flat = int(rng.choice(np.flatnonzero(meant)))
            centre = divmod(flat, truth.shape[1])
        shift = rng.normal(0, smallest / 20, 2) / spacing
        side = smallest * (rng.uniform(*ZOOM_RANGE) if self._varied else 1.0)
        zoom = Zoom((centre[0] + shift[0], centre[1] + shift[1]), side, spacing, self._config.size)
        if truth.any() and not _shows(zoom, truth):
            middle = ((rows.start + rows.stop - 1) / 2, (columns.start + columns.stop - 1) / 2)
            return Zoom(middle, side, spacing, self._config.size)
        return zoom


def _shows(zoom: Zoom, truth: Region) -> bool:
    return bool((zoom.take(truth.astype(np.float32)) >= 0.5).any())


def simulated_reading(
    truth: Region, soft: Region, spacing: tuple[float, float], rng: Generator
) -> tuple[Region, list[Prompt]]:
    """Return the mask a simulated reader starts from, bool (Y, X), and what the reader says of it, a prompt or more.

    Parameters
    ----------
    truth, soft
        bool (Y, X): the lesion, and where false parts may lie.
    """
    reader = CLUMSY if rng.random() < CLUMSY_SHARE else EXACT
    before = np.zeros(truth.shape, dtype=bool)
    if not truth.any() or rng.random() < MASK_BEFORE_SHARE:
        before = wrong_mask(truth, soft, spacing, rng)
    prompts: list[Prompt] = []
    if not before.any() and truth.any():
        kind = rng.choice(np.array(list(KIND_SHARES), dtype=object), p=list(KIND_SHARES.values()))
        prompts.append(reader.first(truth, kind, spacing, rng))
    while len(prompts) < MOST_PROMPTS and (not prompts or rng.random() < MORE_PROMPTS):
        prompt = next_prompt(reader, truth, before, spacing, rng)
        if prompt is None:
            prompt = reader.first(truth, PromptKind.POINT, spacing, rng)
        prompts.append(prompt)
    return before, prompts


def next_prompt(
    reader: RobotReader, truth: Region, drawn: Region, spacing: tuple[float, float], rng: Generator
) -> Prompt | None:
    """Return a point or scribble that brings `drawn` nearer to `truth`, both bool (Y, X); None where all is right."""
    kind = PromptKind.SCRIBBLE if rng.random() < 0.15 else PromptKind.POINT
    return reader.next(truth, drawn, spacing, rng, kind)


def wrong_mask(truth: Region, soft: Region, spacing: tuple[float, float], rng: Generator) -> Region:
    """Return a mask as a poor model or a quick hand leaves it: moved, too large or small, parts missing or false.

    Parameters
    ----------
    soft
        bool (Y, X): where false parts may lie.
    """
    mask = truth
    if truth.any():
        shift = rng.normal(0, 4, 2) / spacing
        mask = ndimage.shift(truth.astype(np.float32), shift, order=0) > 0.5
        rounds = max(1, round(float(rng.uniform(0, 4)) / spacing[0]))
        change = ndimage.binary_dilation if rng.random() < 0.5 else ndimage.binary_erosion
        mask = np.asarray(change(mask, iterations=rounds))
        if rng.random() < 0.35:
            mask = mask & ~_blob(truth, spacing, rng)
    if not truth.any() or rng.random() < 0.35:
        near = soft & ndimage.binary_dilation(truth, iterations=12) if truth.any() else soft
        mask = mask | _blob(near if near.any() else np.ones_like(truth), spacing, rng)
    return np.asarray(mask)


def _blob(where: Region, spacing: tuple[float, float], rng: Generator) -> Region:
    """Return an ellipse of 4 to 16 mm about a place in a region."""
    row, column = divmod(int(rng.choice(np.flatnonzero(where))), where.shape[1])
    radii = rng.uniform(4, 16, 2) / spacing
    y, x = np.ogrid[: where.shape[0], : where.shape[1]]
    return np.asarray(((y - row) / radii[0]) ** 2 + ((x - column) / radii[1]) ** 2 <= 1)


def soft_tissue(hu: NDArray[np.int16] | Floats32) -> Region:
    """Return what may be brain by its HU alone, bool of the same shape."""
    return np.asarray((hu > SOFT_HU[0]) & (hu < SOFT_HU[1]))


def _brain(volume: CTVolume) -> Region:
    """Return soft tissue to point at, away from the skin; the whole slice where there is none."""
    inner = largest_part(ndimage.binary_opening(soft_tissue(volume.hu[0]), iterations=3))
    return inner if inner.any() else np.ones(volume.shape[1:], dtype=bool)


def _turned(volume: CTVolume, truth: Region, config: PreprocessConfig, rng: Generator) -> tuple[CTVolume, Region]:
    """Return one slice and its lesion turned about the middle; as they are where no lesion would be left."""
    degrees = rng.uniform(-TURN_DEGREES, TURN_DEGREES)
    lesion = ndimage.rotate(truth.astype(np.float32), degrees, reshape=False, order=1) >= 0.5
    if truth.any() and not lesion.any():
        return volume, truth
    hu = ndimage.rotate(volume.hu[0], degrees, reshape=False, order=1, cval=config.clip_hu[0])
    return replace(volume, hu=hu[None]), lesion


def _varied_hu(hu: Floats32, config: PreprocessConfig, rng: Generator) -> Floats32:
    """Return HU of another scanner: contrast, level, noise and sharpness."""
    varied = (hu - BRAIN_HU) * rng.uniform(0.85, 1.18) + BRAIN_HU + rng.uniform(-4, 4)
    if rng.random() < 0.2:
        varied = ndimage.gaussian_filter(varied, rng.uniform(0.3, 1.0))
    if rng.random() < 0.4:
        varied = varied + rng.normal(0, rng.uniform(0, 4), hu.shape)
    return np.clip(varied, *config.clip_hu).astype(np.float32)
