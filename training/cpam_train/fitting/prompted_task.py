"""Training that takes turns with a simulated reader: the network answers, the reader corrects, the network learns."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor

from cpam_train.config import TrainConfig
from cpam_train.data.prompted_slices import CLUMSY_SHARE, next_prompt
from cpam_train.data.robot_reader import CLUMSY, EXACT
from cpam_train.fitting.task import Batch, SegmenterTask
from napari_cpam_stroke.core.arrays import Floats32, Region
from napari_cpam_stroke.prompting.maps import PromptMaps, draw_maps
from napari_cpam_stroke.prompting.network_input import PROMPT_CHANNELS

ROUNDS = (0.3, 0.25, 0.2, 0.15, 0.1)
"""How often a batch is learned from at once, after one correction, after two and so on."""

WANTED, REFUSED, SURROUNDED, BEFORE = (
    PROMPT_CHANNELS.index(name) - len(PROMPT_CHANNELS) for name in PROMPT_CHANNELS[1:]
)
"""Channels, counted from the last."""


class TurnTask(SegmenterTask):
    """One class, the one that is asked for; the reader corrects the network's own answers before it learns."""

    def __init__(self, config: TrainConfig) -> None:
        super().__init__(config)
        self.rng = np.random.default_rng(config.seed)

    @abstractmethod
    def corrected(self, batch: Batch, drawn: Region) -> Batch:
        """Return the batch of the next round.

        Parameters
        ----------
        drawn
            bool (B, Y, X): what the network has answered.
        """

    def on_train_epoch_start(self) -> None:
        """Draw other corrections in every epoch, the same ones where a run goes on."""
        self.rng = np.random.default_rng((self.config.seed, self.current_epoch, self.global_rank))

    def on_after_batch_transfer(self, batch: Batch, dataloader_idx: int) -> Batch:  # noqa: ARG002
        """Bring images into the fast memory layout; the data set has varied them."""
        return {**batch, "image": batch["image"].contiguous(memory_format=torch.channels_last)}

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Return the scalar loss of one batch, after as many corrections as chance wants."""
        for _ in range(int(self.rng.choice(len(ROUNDS), p=ROUNDS))):
            batch = self.corrected(batch, self._drawn(batch))
        return super().training_step(batch, batch_idx)

    @torch.no_grad()
    def _drawn(self, batch: Batch) -> Region:
        """Return the network's answers as a reader sees them, bool (B, Y, X)."""
        self.model.eval()
        drawn = self.answer(batch).masks[:, 0] > 0
        self.model.train()
        return np.asarray(drawn.cpu().numpy())


class PromptedTask(TurnTask):
    """Prompts and the mask so far are channels of the network's input."""

    def corrected(self, batch: Batch, drawn: Region) -> Batch:
        """Return the input of the next round: the network's answer as the mask so far, and one more prompt.

        Parameters
        ----------
        drawn
            bool (B, S, S): what the network has answered.
        """
        image = batch["image"].clone()
        channels, truths = image.cpu().numpy(), batch["mask"].cpu().numpy().astype(bool)
        for n, (answer, truth) in enumerate(zip(drawn, truths, strict=True)):
            corrected = correct(channels[n], answer, truth, float(batch["pixel_mm"][n]), self.rng)
            image[n] = torch.from_numpy(corrected).to(image)
        return {**batch, "image": image}


def correct(channels: Floats32, answer: Region, truth: Region, pixel_mm: float, rng: Generator) -> Floats32:
    """Return a network's input with its answer as the mask so far and a reader's next prompt drawn.

    Parameters
    ----------
    channels
        float32 (C, S, S) of `network_channels`; not written to.
    answer, truth
        bool (S, S).
    """
    changed = channels.copy()
    wanted, refused = changed[WANTED] > 0, changed[REFUSED] > 0
    drawn = (answer | wanted) & ~refused
    reader = CLUMSY if rng.random() < CLUMSY_SHARE else EXACT
    prompt = next_prompt(reader, truth, drawn, (pixel_mm, pixel_mm), rng)
    changed[BEFORE] = drawn
    if prompt is not None:
        new: PromptMaps = draw_maps([prompt], truth.shape, (pixel_mm, pixel_mm))
        changed[WANTED] = (wanted & ~new.refused) | new.wanted
        changed[REFUSED] = (refused & ~new.wanted) | new.refused
        changed[SURROUNDED] = (changed[SURROUNDED] > 0) & ~new.refused
    return changed
