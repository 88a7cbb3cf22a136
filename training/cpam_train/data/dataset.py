"""Slices of a store as network input: the same functions, and the same values, as inference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from cpam_train.data.assumption import assume_absent
from cpam_train.data.cache import GridCache, GridCase, compute_case
from cpam_train.data.neighbour_odds import shown_slices
from cpam_train.data.slices import CaseRow, SliceRow
from cpam_train.data.synthesis import Sample, SynthesisConfig, synthesise
from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.config import PreprocessConfig
from napari_cpam_stroke.core.arrays import Floats
from napari_cpam_stroke.core.preprocess import context_channels, context_rows
from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.progress import Progress


class SliceDataset(Dataset[dict[str, Tensor]]):
    """One item per slice.

    An item holds `image` float32 (C, S, S), `mask` uint8 (S, S), `mask_known` bool (2,), `slice_label` int8 (2,) with
    -1 for unknown, `source` (its index in `sources`) and `index`.

    Parameters
    ----------
    rows
        Of `collect_slices`, filtered as wanted.
    cache
        Folder of preprocessed cases, shared by runs; None keeps only the case that was read last.
    synthesis
        Lesions drawn into real slices, and mirrored away; for training only.
    neighbours
        (n, 2) how often each slice is shown one of its true neighbours, and both, in either order (`NeighbourOdds`);
        for training only. None: every slice is shown as inference shows it, with all neighbours it has.
    absent
        Per source: how often a slice counts as free of what the source does not tell; for training only.
    seed
        With the epoch and the index it fixes what is drawn.
    """

    def __init__(
        self,
        store: AnnotationStore,
        config: PreprocessConfig,
        rows: Sequence[SliceRow],
        *,
        cache: Path | None = None,
        synthesis: SynthesisConfig | None = None,
        neighbours: Floats | None = None,
        absent: Mapping[str, float] = MappingProxyType({}),
        seed: int = 0,
    ) -> None:
        if not rows:
            raise InputError("Data set has no slice", remedy="import data, assign splits, or choose other sources")
        self.rows = tuple(rows)
        self.sources = tuple(sorted({row.case.source for row in self.rows}))
        self._store, self._config = store, config
        self._cache = None if cache is None else GridCache(cache, config)
        self._last: tuple[str, GridCase] | None = None
        self._synthesis, self._neighbours, self._absent, self._seed = synthesis, neighbours, absent, seed
        self._epoch = torch.zeros(1, dtype=torch.int64)
        self._epoch.share_memory_()  # type: ignore[no-untyped-call]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        row = self.rows[index]
        grid = self._grid(row.case)
        rng = np.random.default_rng((self._seed, int(self._epoch), index))
        codes = np.array(grid.codes[self.shown(index, rng)])
        known = assume_absent(row, self._absent.get(row.case.source, 0.0), rng)
        sample = Sample(codes, np.array(grid.mask[row.place]), known.mask_known, known.labels)
        if self._synthesis is not None:
            sample = synthesise(sample, self._config, self._synthesis, rng)
        return {
            "image": torch.from_numpy(context_channels(sample.codes, self._config)),
            "mask": torch.from_numpy(sample.mask),
            "mask_known": torch.tensor(sample.mask_known),
            "slice_label": torch.tensor(sample.labels, dtype=torch.int8),
            "source": torch.tensor(self.sources.index(row.case.source)),
            "index": torch.tensor(index),
        }

    def shown(self, index: int, rng: np.random.Generator) -> list[int]:
        """Return the slices of its case, feet first, that the network is shown for one row."""
        row = self.rows[index]
        slices = context_rows(row.case.slices, self._config, [row.place], row.case.places_mm)[0]
        return slices if self._neighbours is None else shown_slices(slices, self._neighbours[index], rng)

    def set_epoch(self, epoch: int) -> None:
        """Draw other neighbours and synthetic lesions from here on; loader processes see it too."""
        self._epoch[0] = epoch

    def prepare(self, progress: Progress | None = None) -> None:
        """Fill the cache, so that the first epoch is as fast as the others."""
        cases = list(dict.fromkeys(row.case for row in self.rows))
        for done, case in enumerate(cases, start=1):
            self._grid(case)
            if progress is not None:
                progress(done, len(cases))

    def _grid(self, case: CaseRow) -> GridCase:
        if self._cache is not None:
            return self._cache.case(self._store, case)
        if self._last is None or self._last[0] != case.case_id:
            self._last = (case.case_id, compute_case(self._store, case, self._config))
        return self._last[1]
