"""Fine-tuning of LiteMedSAM in turns with a simulated reader; its image encoder, whose features are kept, stays."""

from __future__ import annotations

import numpy as np
import torch
from numpy.random import Generator

from cpam_train.data.prompted_slices import CLUMSY_SHARE, next_prompt
from cpam_train.data.robot_reader import CLUMSY, EXACT
from cpam_train.fitting.prompted_task import TurnTask
from cpam_train.fitting.task import Batch
from cpam_train.medsam.featured_slices import PROMPT_POINTS
from cpam_train.medsam.input import EDGE, Mark, given
from cpam_train.medsam.network import marks_of
from napari_cpam_stroke.core.arrays import Region
from napari_cpam_stroke.models import SegmenterOutput

NOTHING = np.zeros((EDGE, EDGE), dtype=bool)


class MedSamTask(TurnTask):
    """Prompts are points and a box; the mask so far is not shown, as it is not when the network is judged."""

    def answer(self, batch: Batch) -> SegmenterOutput:
        """Return the network's mask logits."""
        output: SegmenterOutput = self.model(batch["image"], batch["points"], batch["box"])
        return output

    def corrected(self, batch: Batch, drawn: Region) -> Batch:
        """Return the batch with one more point or scribble of the reader, in the largest error of each answer.

        Parameters
        ----------
        drawn
            bool (B, EDGE, EDGE): what the network has answered.
        """
        truths = batch["mask"].cpu().numpy().astype(bool)
        more = [
            marks_of(next_marks(answer, truth, spacing, self.rng), PROMPT_POINTS)
            for answer, truth, spacing in zip(drawn, truths, batch["spacing"].tolist(), strict=True)
        ]
        return {**batch, "points": torch.cat([batch["points"], torch.stack(more).to(batch["points"])], dim=1)}


def next_marks(drawn: Region, truth: Region, spacing: tuple[float, float], rng: Generator) -> list[Mark]:
    """Return the points of a reader's next prompt, none where all is right.

    Parameters
    ----------
    drawn, truth
        bool (EDGE, EDGE).
    spacing
        Of rows and columns, mm.
    """
    reader = CLUMSY if rng.random() < CLUMSY_SHARE else EXACT
    prompt = next_prompt(reader, truth, drawn, spacing, rng)
    return [] if prompt is None else given((prompt,), NOTHING, 1.0)[0]
