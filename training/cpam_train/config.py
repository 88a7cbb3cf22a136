"""Every setting of a training run, frozen and stored with the run."""

from __future__ import annotations

from dataclasses import field
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from cpam_train.data.synthesis.config import SynthesisConfig
from napari_cpam_stroke.annotations.records import REASONS, Reason
from napari_cpam_stroke.config import STRICT, ModelConfig, PreprocessConfig, PromptInput

LossName = Literal["bce", "focal", "bce_focal", "weighted_ce", "dice_ce"]
Schedule = Literal["one_cycle", "cosine", "constant"]
Optimiser = Literal["adamw", "adam", "sgd"]
Precision = Literal["auto", "fp32", "bf16", "fp16"]
Operating = Literal["max_dice", "sensitivity"]
Modality = Literal["ct", "brats"]
Draws = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]


@dataclass(frozen=True, config=STRICT)
class LossConfig:
    """What is minimised. `bce_focal` with its defaults is the paper's 0.25 BCE + 0.75 focal."""

    name: LossName = "dice_ce"
    alpha: float = Field(default=0.25, ge=0, le=1)
    """Focal weight of positive pixels; 0.25 weighs them down 3:1."""
    gamma: float = Field(default=2.0, ge=0)
    bce_weight: float = Field(default=0.25, ge=0)
    focal_weight: float = Field(default=0.75, ge=0)
    positive_weight: float = Field(default=5.0, gt=0)
    """`weighted_ce`: weight of positive pixels against negative ones."""
    dice_over: Literal["batch", "slice", "both"] = "batch"
    """`dice_ce`: one Dice over all pixels of a batch, where large lesions and false marks on lesion-free slices count
    most; the mean Dice of its slices with a lesion, where every slice counts the same; or the mean of the two."""
    deep_supervision: tuple[float, ...] = (1.0, 0.5, 0.25, 0.125)
    """Weights of the full-size output and of each coarser one; they are normalised to sum 1."""
    image_weight: float = Field(default=0.3, ge=0)
    """Weight of the image head's cross-entropy beside the mask loss."""
    label_smoothing: float = Field(default=0.0, ge=0, lt=0.5)
    """Of the image head and of the classifier."""


@dataclass(frozen=True, config=STRICT)
class AugmentConfig:
    """Random changes of training images. Angles in degrees, lengths as a share of the image edge.

    Each `*_p` is the probability that a sample gets that change.
    """

    enabled: bool = True
    rotate_p: float = Field(default=0.7, ge=0, le=1)
    rotate_degrees: float = Field(default=20.0, ge=0, le=180)
    scale_p: float = Field(default=0.7, ge=0, le=1)
    scale_range: tuple[float, float] = (0.85, 1.2)
    translate_p: float = Field(default=0.5, ge=0, le=1)
    translate_share: float = Field(default=0.06, ge=0, le=1)
    shear_p: float = Field(default=0.3, ge=0, le=1)
    shear_degrees: float = Field(default=8.0, ge=0, le=60)
    mirror_p: float = Field(default=0.5, ge=0, le=1)
    """Left-right."""
    flip_p: float = Field(default=0.0, ge=0, le=1)
    """Up-down: a head is never read upside down, so this is off unless asked for."""
    crop_p: float = Field(default=0.0, ge=0, le=1)
    """Zoom into a region of interest that is put back to full size."""
    crop_range: tuple[float, float] = (0.5, 0.9)
    """Edge of that region as a share of the image."""
    crop_size: int | None = Field(default=None, ge=16)
    """Edge in pixels of what the network is trained on; None: the whole input. The paper's 128."""
    crop_lesion_share: float = Field(default=0.5, ge=0, le=1)
    """Share of crops placed on a lesion where there is one."""
    elastic_p: float = Field(default=0.2, ge=0, le=1)
    elastic_share: float = Field(default=0.02, ge=0, le=0.2)
    """Largest smooth displacement."""
    brightness_p: float = Field(default=0.5, ge=0, le=1)
    brightness_hu: float = Field(default=4.0, ge=0)
    contrast_p: float = Field(default=0.5, ge=0, le=1)
    contrast_range: tuple[float, float] = (0.8, 1.25)
    """Factor about 35 HU, the middle of brain tissue."""
    noise_p: float = Field(default=0.4, ge=0, le=1)
    noise_hu: float = Field(default=4.0, ge=0)
    """Largest standard deviation."""
    blur_p: float = Field(default=0.2, ge=0, le=1)
    blur_pixels: float = Field(default=1.2, ge=0)
    """Largest sigma: reconstruction kernels and JPEG differ between sources."""
    bone_end_p: float = Field(default=0.3, ge=0, le=1)
    bone_end_hu: tuple[float, float] = (78.0, 98.0)
    """From a HU drawn here on everything is shown as bone, as a picture of a narrow window does."""
    equalize_p: float = Field(default=0.0, ge=0, le=1)
    """Histogram equalisation."""

    @model_validator(mode="after")
    def _low_before_high(self) -> AugmentConfig:
        for name in ("scale_range", "crop_range", "contrast_range", "bone_end_hu"):
            low, high = getattr(self, name)
            if low > high or (low <= 0 and name != "bone_end_hu"):
                raise ValueError(f"{name} must be two numbers, the lower one first, not {low:g} and {high:g}")
        if self.crop_range[1] > 1:
            raise ValueError(f"crop_range is a share of the image: at most 1, not {self.crop_range[1]:g}")
        return self


@dataclass(frozen=True, config=STRICT)
class DataConfig:
    """What is drawn for an epoch, and how."""

    modality: Modality = "ct"
    """brats: four MR channels from a folder of prepared BraTS cases; `preprocess` then gives only the size."""
    batch_size: int = Field(default=16, ge=1)
    samples_per_epoch: int | None = Field(default=None, ge=1)
    """Slices drawn per epoch with the class-balanced sampler; None: each as often as `draws` says, on average."""
    draws: tuple[Draws, Draws] = (1, 1)
    """How often an epoch shows a slice with ischemia or hemorrhage and one without, each time augmented anew. The
    source paper made 8,892 of 2,223 slices with stroke and 8,854 of 4,427 without: 4 and 2."""
    balance: float = Field(default=1.0, ge=0, le=1)
    """0: every slice alike; 1: sources and classes drawn evenly."""
    hard_negative_weight: float = Field(default=2.0, ge=0)
    """Extra weight of slices on which a reader rejected a finding..."""
    reason_weights: dict[Reason, Annotated[float, Field(ge=0)]] = field(
        default_factory=lambda: dict.fromkeys(REASONS, 1.0)
    )
    """... times the weight of its reason: `{"old infarct": 0}` keeps old infarcts as common as they are,
    `{"calcification": 3}` shows calcifications more often."""
    prompt_weight: float = Field(default=0.5, ge=0)
    """Extra weight of a slice per prompt that a reader had to send again: what was added beyond one prompt for each
    part drawn, and all that was taken away; four at most count."""
    replay_prompts: Share = 0.5
    """`fit prompted`: how often a slice that was read with prompts is shown those instead of a simulated reader's."""
    per_patient: int | None = Field(default=None, ge=1)
    """`fit litemedsam`: at most so many lesion slices of a patient and class; None: all. Features take seconds each."""
    sources: tuple[str, ...] = ()
    """Only these sources; empty: all."""
    leave_out: tuple[str, ...] = ()
    """Never train or validate on these sources (leave-one-source-out)."""
    only_cases: tuple[str, ...] = ()
    """Train on these cases only; empty: all. Validation is not touched."""
    folds: int | None = Field(default=None, ge=2)
    """Cross-validation: train and validation patients are dealt anew into this many folds; test stays apart."""
    fold: int = Field(default=0, ge=0)
    new_since: datetime | None = None
    """Cases whose newest version is later count as new (UTC where no zone is given), all others as old..."""
    new_sources: tuple[str, ...] = ()
    """... and so do cases of these sources."""
    replay_share: Share = 0.5
    """Share of the slices drawn that are of old cases, so that they are not forgotten; where some are new and some
    old."""
    split_by_slice: bool = False
    """Deal the slices of training and validation patients out anew, whoever they belong to, as the source paper did.
    The same patient then stands on both sides: every report of such a model says so."""
    neighbours: tuple[Share, Share] = (0.2, 0.5)
    """With `preprocess.context_slices` above 1: how often a training slice from a series is shown one of its true
    neighbours, and both; else it stands in for them. Evened out so that their presence tells no class
    (`data.neighbour_odds`). Validation shows every slice as prediction does: with the neighbours it has."""
    assume_absent: tuple[str, ...] = ()
    """Sources most of whose slices are free of the class of which the source says nothing..."""
    assume_absent_share: Share = 0.5
    """... and how often such a slice counts as free of it in training: at 0.5 it weighs half as much as one that is
    known to be."""
    synthetic: bool = True
    """Draw lesions into real training slices, and heal lesions away, as `synthesis` says."""
    synthesis: SynthesisConfig = field(default_factory=SynthesisConfig)
    workers: int | None = Field(default=None, ge=0)
    """Loader processes; None: chosen from the machine."""
    cache: bool = True
    """Keep preprocessed slices on disk, beside the store's other files, so that later epochs only read them."""

    @model_validator(mode="after")
    def _shares(self) -> DataConfig:
        if sum(self.neighbours) > 1:
            raise ValueError(
                f"neighbours are shares of the same slices: at most 1 together, not {sum(self.neighbours)}"
            )
        return self


@dataclass(frozen=True, config=STRICT)
class OptimConfig:
    """The optimiser and its schedule."""

    name: Optimiser = "adamw"
    lr: float = Field(default=1e-3, gt=0)
    """Highest learning rate of the schedule."""
    encoder_lr_share: float = Field(default=1.0, ge=0, le=1)
    """Learning rate of the encoder as a share of the others'; 0: it stays as it is."""
    lr_shares: tuple[tuple[str, Share], ...] = ()
    """The same for any part, by the beginning of its parameters' names: `[["encoder.", 0.1], ["attention.", 0]]`. The
    last that fits counts. A part at 0 is frozen, with its normalisation statistics."""
    weight_decay: float = Field(default=1e-2, ge=0)
    schedule: Schedule = "one_cycle"
    warmup: float = Field(default=0.1, ge=0, lt=1)
    """Share of the run (steps, or time where `max_minutes` ends it first) over which the rate rises."""
    clip: float = Field(default=1.0, ge=0)
    """Largest gradient norm; 0: no clipping."""
    accumulate: int = Field(default=1, ge=1)
    """Batches whose gradients are summed before a step."""
    ema: float = Field(default=0.998, ge=0, lt=1)
    """Decay of the averaged weights that are validated and kept; 0: off."""


@dataclass(frozen=True, config=STRICT)
class StopConfig:
    """When to stop before all epochs are done."""

    patience: int = Field(default=20, ge=1)
    """Epochs without a new best before stopping."""
    patience_multiplier: float = Field(default=2.0, ge=1)
    """A new best at epoch e keeps the run going at least until epoch e times this."""
    min_gain: float = Field(default=1e-4, ge=0)
    """A score must rise by more than this to be a new best."""
    max_minutes: float | None = Field(default=None, gt=0)
    """Wall-clock limit; the learning rate schedule ends with it."""


@dataclass(frozen=True, config=STRICT)
class OperatingConfig:
    """How thresholds are chosen, on validation data only; `cpam_train.operating.calibrate` has the rules."""

    point: Operating = "max_dice"
    """max_dice: highest Dice for masks, highest sensitivity + specificity for series. sensitivity: for both, the
    highest sensitivity within the bounds below."""
    false_positive_bound: float = Field(default=0.2, ge=0, le=1)
    """sensitivity: at most this share of the lesion-free slices may carry a mark, and at most this share of the
    lesion-free series may count as positive."""
    false_positives_per_case: float = Field(default=3.0, ge=0)
    """sensitivity: at most this many slices of a lesion-free case, on average, may carry a mark."""
    marked_cases_bound: float = Field(default=1.0, ge=0, le=1)
    """sensitivity: at most this share of the lesion-free cases may carry any mark. Below a half, the median lesion-free
    case has 0 ml of false lesion, also where a source gives no spacing."""
    smallest_mark: float = Field(default=5e-4, ge=0, lt=1)
    """Share of a slice's pixels from which on marked pixels count as a mark: 18 of 192 x 192, about 0.1 ml of a head at
    5 mm."""
    hit_iou: float = Field(default=0.1, ge=0, le=1)
    """A lesion on a slice counts as found from this IoU of the marked pixels on: a stray pixel finds nothing, and
    neither does a mark over the whole head."""
    min_lesion_ml: float = Field(default=0.1, ge=0)
    """Written into the card: smaller marks are dropped in series with geometry."""
    refer_error: float = Field(default=0.1, gt=0, lt=0.5)
    """Series are referred to a reader unless at most this share of the positives is missed by "absent", and at most
    this share of the negatives is accused by "present"..."""
    refer_confidence: float = Field(default=0.9, gt=0, lt=1)
    """... with this confidence for patients to come."""
    top_slices: int = Field(default=2, ge=1)
    """The series probability is the mean of this many highest slice probabilities."""


@dataclass(frozen=True, config=STRICT)
class StartConfig:
    """The weights that training begins with, in the place of chance."""

    model: str | None = None
    """`default`, an installed model (name or name@version), the folder of a bundle or a run, or a safetensors file."""
    sha256: str = Field(default="", pattern=r"^([0-9a-f]{64})?$")
    """Of its weights; other ones under that name are refused."""
    member: int = Field(default=0, ge=0)
    """Which network of an ensemble, counted round."""


@dataclass(frozen=True, config=STRICT)
class TrainConfig:
    """One training run: all that is needed, with the store, to do it again."""

    model: ModelConfig
    preprocess: PreprocessConfig = field(default_factory=PreprocessConfig)
    data: DataConfig = field(default_factory=DataConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    optim: OptimConfig = field(default_factory=OptimConfig)
    stop: StopConfig = field(default_factory=StopConfig)
    operating: OperatingConfig = field(default_factory=OperatingConfig)
    prompts: PromptInput | None = None
    """What a network that listens to prompts looks at; None: it takes none."""
    start: StartConfig = field(default_factory=StartConfig)
    epochs: int = Field(default=60, ge=1)
    max_steps: int | None = Field(default=None, ge=1)
    """Optimiser steps after which to stop; None: no limit."""
    seed: int = Field(default=0, ge=0, lt=2**32)
    precision: Precision = "auto"
    """auto: bf16 where the device computes in it, else 32 bit."""

    @model_validator(mode="after")
    def _crop_within_input(self) -> TrainConfig:
        crop, size = self.augment.crop_size, self.preprocess.size
        if crop is not None and crop > size:
            raise ValueError(f"augment.crop_size {crop} is wider than the input, preprocess.size {size}")
        return self
