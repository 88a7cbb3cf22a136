"""A run judged on BraTS test cases by the set's own regions: whole tumour, core, enhancing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from cpam_train.brats.dataset import BratsDataset
from cpam_train.brats.folder import BratsCase, BratsFolder
from cpam_train.brats.regions import REGIONS, region_masks
from cpam_train.evaluation.model import draft_of_run
from cpam_train.fitting.precision import autocast
from cpam_train.metrics.bootstrap import Estimate, estimate, mean_of
from cpam_train.metrics.counts import count, dice
from cpam_train.run_folder import RunFolder
from napari_cpam_stroke.annotations.records import Split
from napari_cpam_stroke.bundles import ModelCard
from napari_cpam_stroke.inference.device import pick_device
from napari_cpam_stroke.models import probabilities, restore_model
from napari_cpam_stroke.progress import Progress

BATCH = 8


@dataclass(frozen=True)
class RegionDice:
    """Dice of each region in one case; NaN where the case has none of it."""

    case_id: str
    patient: str
    values: dict[str, float]


def judge_brats(
    run: RunFolder,
    folder: BratsFolder,
    *,
    split: Split = "test",
    device: str = "auto",
    progress: Progress | None = None,
) -> list[RegionDice]:
    """Return the Dice of every region in every case of a split."""
    from safetensors.torch import load_file

    card, config = draft_of_run(run), run.config()
    chosen = pick_device(device)
    model = restore_model(config.model, load_file(run.weights)).to(chosen)
    data = BratsDataset(folder, split=split, size=config.preprocess.size)
    rows = _rows_by_case(data)
    judged = []
    for done, (case, indices) in enumerate(rows.items(), start=1):
        items = [data[i] for i in indices]
        predicted = [
            _labels(model, torch.stack([i["image"] for i in items[at : at + BATCH]]).to(chosen), card, config.precision)
            for at in range(0, len(items), BATCH)
        ]
        truth = np.stack([item["mask"].numpy() for item in items])
        judged.append(RegionDice(case.case_id, case.patient, region_dice(np.concatenate(predicted), truth)))
        if progress is not None:
            progress(done, len(rows))
    return judged


def region_dice(predicted: NDArray[np.uint8], truth: NDArray[np.uint8]) -> dict[str, float]:
    """Return the Dice of each region in two volumes (Z, Y, X) of labels 0..3; NaN where the truth has none of it."""
    marked, true = region_masks(predicted), region_masks(truth)
    return {name: float(dice(count(marked[name], true[name]))) for name in REGIONS}


def region_estimates(judged: Sequence[Sequence[RegionDice]]) -> dict[str, Estimate]:
    """Return the mean Dice of each region with its interval over patients; several seeds are averaged case by case."""
    patients = [case.patient for case in judged[0]]
    estimates = {}
    for name in REGIONS:
        values = np.mean([[case.values[name] for case in seed] for seed in judged], axis=0)
        kept = ~np.isnan(values)
        estimates[name] = estimate(mean_of(values[kept]), [p for p, k in zip(patients, kept, strict=True) if k])
    return estimates


@torch.inference_mode()
def _labels(model: torch.nn.Module, image: torch.Tensor, card: ModelCard, precision: str) -> NDArray[np.uint8]:
    """Return labels (n, S, S): the likeliest class among those above their threshold."""
    with autocast(precision, image.device):  # type: ignore[arg-type]
        output = model(image)
    masks = probabilities(output, card.architecture).masks
    assert masks is not None  # noqa: S101 - the brats preset is for segmenters
    limits = torch.tensor([card.thresholds[name] for name in card.classes], device=masks.device).view(1, -1, 1, 1)
    above = torch.where(masks >= limits, masks, torch.zeros_like(masks))
    best, index = above.max(dim=1)
    return torch.where(best > 0, index + 1, 0).to(torch.uint8).cpu().numpy()


def _rows_by_case(data: BratsDataset) -> dict[BratsCase, list[int]]:
    rows: dict[BratsCase, list[int]] = {}
    for index, (case, _) in enumerate(data.rows):
        rows.setdefault(case, []).append(index)
    return rows
