"""What one step does: augment on the device, run the network, compute the loss, keep what validation needs."""

from __future__ import annotations

from abc import abstractmethod
from collections import defaultdict
from typing import Any, Self

import torch
from lightning.pytorch import LightningModule
from torch import Tensor, nn

from cpam_train.config import OptimConfig, TrainConfig
from cpam_train.fitting.augment import Augment
from cpam_train.fitting.losses import SegmentationLoss, SegmentationTarget, classifier_loss, one_hot
from cpam_train.fitting.network import build_network
from cpam_train.fitting.parts import freeze, hold_statistics, lr_share
from cpam_train.fitting.schedule import LR_SHARE
from cpam_train.metrics.curve import BINS, histograms
from cpam_train.operating.validation_record import Record
from napari_cpam_stroke.config import ClassifierConfig, SegmenterConfig
from napari_cpam_stroke.inference.calibration import PROBABILITY_MARGIN
from napari_cpam_stroke.models import probabilities

Batch = dict[str, Tensor]


class Task(LightningModule):
    """Common to segmentation and classification: batches, optimiser, logging, the validation record.

    Batches hold `image` float32 (B, C, S, S), `mask` uint8 (B, S, S), `mask_known` bool (B, K), `slice_label` int8
    (B, K) and `index` (B,).
    """

    def __init__(self, config: TrainConfig) -> None:
        super().__init__()
        self.config = config
        self.model = build_network(config.model).to(memory_format=torch.channels_last)
        freeze(self.model, config.optim)
        self.augment = Augment(config.augment, config.preprocess, grey=config.data.modality == "ct")
        self.records: list[Record] = []

    def on_fit_start(self) -> None:
        """Begin to learn."""
        self.train()

    def train(self, mode: bool = True) -> Self:
        """Learn or not; what is frozen does not, its normalisation statistics included."""
        super().train(mode)
        if mode:
            hold_statistics(self.model, self.config.optim)
        return self

    @abstractmethod
    def losses(self, output: Any, batch: Batch) -> dict[str, Tensor]:
        """Return the scalar `loss` and its parts, scalars too."""

    @abstractmethod
    def observe(self, output: Any, batch: Batch) -> Record:
        """Return what validation keeps of a batch."""

    def answer(self, batch: Batch) -> Any:
        """Return what the network gives for a batch."""
        return self.model(batch["image"])

    def on_after_batch_transfer(self, batch: Batch, dataloader_idx: int) -> Batch:  # noqa: ARG002
        """Augment training batches where they are computed; bring images into the fast memory layout."""
        image, mask = batch["image"], batch["mask"]
        if self.training:
            image, mask = self.augment(image, mask)
        return {**batch, "image": image.contiguous(memory_format=torch.channels_last), "mask": mask}

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:  # noqa: ARG002
        """Return the scalar loss of one batch."""
        parts = self.losses(self.answer(batch), batch)
        self._log("train", parts, len(batch["image"]))
        return parts["loss"]

    def validation_step(self, batch: Batch, batch_idx: int) -> None:  # noqa: ARG002
        """Log the loss and keep the record of one batch."""
        output = self.answer(batch)
        self._log("validation", self.losses(output, batch), len(batch["image"]))
        self.records.append(self.observe(output, batch))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return the optimiser; its learning rate is set by the schedule callback."""
        return build_optimiser(self.model, self.config.optim)

    def _log(self, stage: str, parts: dict[str, Tensor], size: int) -> None:
        # A fraction: whole numbers are rounded down where Lightning takes their mean over processes.
        weight: Any = float(size)
        for name, value in parts.items():
            self.log(f"{stage}/{name}", value.detach(), on_step=False, on_epoch=True, batch_size=weight, sync_dist=True)


class SegmenterTask(Task):
    """Masks, with deep supervision and an image head where the network has them."""

    def __init__(self, config: TrainConfig) -> None:
        super().__init__(config)
        assert isinstance(config.model, SegmenterConfig)  # noqa: S101 - `build_task` chooses by this very type
        self.output = config.model.output
        self.loss = SegmentationLoss(config.loss, self.output)

    def losses(self, output: Any, batch: Batch) -> dict[str, Tensor]:
        """Return mask loss, image loss and their sum, all scalars."""
        target = SegmentationTarget(self._truth(batch), batch["mask_known"], batch["slice_label"])
        return self.loss(output.masks, output.side, output.image, target)

    def observe(self, output: Any, batch: Batch) -> Record:
        """Return pixel histograms and image logits of a batch."""
        predicted = probabilities(output, self.config.model)
        assert predicted.masks is not None  # noqa: S101 - a segmenter gives masks
        return _record(histograms(predicted.masks, self._truth(batch)), predicted.image, batch)

    def _truth(self, batch: Batch) -> Tensor:
        return one_hot(batch["mask"], batch["mask_known"].shape[1])


class ClassifierTask(Task):
    """Slice classes, with the loss that belongs to the output layer."""

    def __init__(self, config: TrainConfig) -> None:
        super().__init__(config)
        assert isinstance(config.model, ClassifierConfig)  # noqa: S101 - `build_task` chooses by this very type
        self.output = config.model.output

    def losses(self, output: Any, batch: Batch) -> dict[str, Tensor]:
        """Return the scalar classification loss."""
        smoothing = self.config.loss.label_smoothing
        return {"loss": classifier_loss(output, batch["slice_label"], output=self.output, smoothing=smoothing)}

    def observe(self, output: Any, batch: Batch) -> Record:
        """Return the logits of a batch, each class against the rest."""
        image = probabilities(output, self.config.model).image
        return _record(torch.zeros((len(image), 0, 2, BINS), dtype=torch.long), image, batch)


def build_task(config: TrainConfig) -> Task:
    """Return the task for the kind of network that is configured."""
    return SegmenterTask(config) if isinstance(config.model, SegmenterConfig) else ClassifierTask(config)


def build_optimiser(model: nn.Module, config: OptimConfig) -> torch.optim.Optimizer:
    """Return the optimiser over all parameters that learn; norms, biases and gains are not decayed.

    Parts learn at their own share of the rate (`parts.lr_share`).
    """
    parts: defaultdict[tuple[float, float], list[nn.Parameter]] = defaultdict(list)
    for name, parameter in model.named_parameters():
        share = lr_share(name, config)
        if parameter.requires_grad:
            parts[share, config.weight_decay if parameter.ndim > 1 else 0.0].append(parameter)
    groups = [
        {"params": parameters, "weight_decay": decay, LR_SHARE: share, "lr": config.lr * share}
        for (share, decay), parameters in parts.items()
    ]
    if config.name == "sgd":
        return torch.optim.SGD(groups, lr=config.lr, momentum=0.99, nesterov=True)
    kind = torch.optim.AdamW if config.name == "adamw" else torch.optim.Adam
    return kind(groups, lr=config.lr)


def _record(histogram: Tensor, image: Tensor, batch: Batch) -> Record:
    logits = torch.logit(image.float(), eps=PROBABILITY_MARGIN)
    return Record(
        histogram=histogram.cpu().numpy(),
        known=batch["mask_known"].bool().cpu().numpy(),
        labels=batch["slice_label"].to(torch.int8).cpu().numpy(),
        logits=logits.cpu().numpy(),
        index=batch["index"].long().cpu().numpy(),
    )
