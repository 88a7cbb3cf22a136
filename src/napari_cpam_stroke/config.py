"""The one configuration tree shared by viewer and trainer: frozen, typed, stored with the weights.

Unknown keys are refused, so that a misspelt setting is an error and not a default in silence.
"""

from __future__ import annotations

from dataclasses import field
from typing import Annotated, Any, Literal, TypeVar

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, model_validator
from pydantic.dataclasses import dataclass

from napari_cpam_stroke.errors import ConfigError, nearest

STRICT = ConfigDict(extra="forbid", validate_default=True, allow_inf_nan=False)
"""Settings of every config dataclass: unknown keys are an error, and so are infinite numbers."""

ConfigT = TypeVar("ConfigT")

Output = Literal["sigmoid", "softmax", "sparsemax"]
Similarity = Literal["scaled_dot", "cosine", "additive", "linear"]
Placement = Literal["none", "bottleneck", "skips", "encoder"]
Architecture = Literal["unet", "cpam_unet", "attention_unet", "dynunet", "litemedsam"]


@dataclass(frozen=True, config=STRICT)
class Window:
    """A display or input window in Hounsfield units."""

    centre: float
    width: float = Field(gt=0)

    @property
    def low(self) -> float:
        """Lower edge in HU, shown black."""
        return self.centre - self.width / 2

    @property
    def high(self) -> float:
        """Upper edge in HU, shown white."""
        return self.centre + self.width / 2


BRAIN, STROKE, SUBDURAL, BONE = Window(40, 80), Window(40, 40), Window(80, 200), Window(600, 2800)
WINDOW_PRESETS: dict[str, Window] = {"brain": BRAIN, "stroke": STROKE, "subdural": SUBDURAL, "bone": BONE}
"""Presets of the reading room, centre / width in HU."""


@dataclass(frozen=True, config=STRICT)
class PreprocessConfig:
    """How HU become network input; the same for training and inference.

    `clip_hu` comes first, so that sources which only kept a window look like sources which kept all of HU.
    """

    clip_hu: tuple[float, float] = (-20.0, 100.0)
    windows: tuple[Window, ...] = (BRAIN, STROKE, Window(50, 100))
    size: int = Field(default=256, ge=32, le=1024)
    """Edge of the square network input in pixels."""
    crop_to_head: bool = True
    """Cut a square around the head (per series) and blank what is outside it; off: the whole field of view."""
    align_midline: bool = True
    """Turn that square so that the midline of the head is its vertical middle line: left and right can be compared."""
    margin: float = Field(default=0.05, ge=0, le=0.5)
    """Border left around the head, as a share of its longer side."""
    context_slices: int = Field(default=1, ge=1, le=9)
    """Neighbouring slices given as channels (1: a single slice; 3, 5, ...: 2.5D)."""
    context_mm: float | None = Field(default=None, ge=0)
    """How far apart those slices lie, where the series has positions: the nearest one there is, so that thin slices
    show as much of the neighbourhood as thick ones; across a gap the slice itself. None: the next slices, however near
    or far; 0: the slice itself, repeated, whatever the series."""
    context_windows: tuple[Window, ...] | None = None
    """Windows of the neighbours, where fewer than the slice's own will do; None: the same ones."""

    @model_validator(mode="after")
    def _low_before_high(self) -> PreprocessConfig:
        low, high = self.clip_hu
        if low >= high:
            raise ValueError(f"clip_hu must be two HU, the lower one first, not {low:g} and {high:g}")
        return self

    @model_validator(mode="after")
    def _odd_context(self) -> PreprocessConfig:
        if self.context_slices % 2 == 0:
            raise ValueError(f"context_slices must be odd, not {self.context_slices}")
        return self

    @model_validator(mode="after")
    def _windows_to_show(self) -> PreprocessConfig:
        if not self.windows or self.context_windows == ():
            raise ValueError("windows and context_windows must name at least one window")
        return self

    @property
    def slice_windows(self) -> tuple[tuple[Window, ...], ...]:
        """The windows each of the context slices is shown in, the first slice first."""
        half = self.context_slices // 2
        beside = (self.windows if self.context_windows is None else self.context_windows,) * half
        return (*beside, self.windows, *beside)

    @property
    def channel_windows(self) -> tuple[Window, ...]:
        """The window of each network input channel: those of the first slice, then of the next one, and so on."""
        return tuple(window for windows in self.slice_windows for window in windows)

    @property
    def channels(self) -> int:
        """Number of network input channels."""
        return len(self.channel_windows)


@dataclass(frozen=True, config=STRICT)
class AttentionConfig:
    """Cross patch attention (CPAM): where it stands and how patches are compared."""

    placement: tuple[Placement, ...] = ("skips", "bottleneck")
    similarity: Similarity = "scaled_dot"
    token_grid: int = Field(default=32, ge=1, le=64)
    """Tokens along the longer side at every level; a level coarser than this uses one token per pixel."""
    heads: int = Field(default=2, ge=1)
    width: int = Field(default=64, ge=8)
    """Token width d; d / heads must be a multiple of 8."""
    dropout: float = Field(default=0.0, ge=0, lt=1)
    """Dropout on the attention map."""
    symmetry: bool = True
    """Values also see the difference to the mirrored token: left-right asymmetry."""

    @model_validator(mode="after")
    def _head_width(self) -> AttentionConfig:
        if self.width % self.heads or (self.width // self.heads) % 8:
            raise ValueError(f"width / heads must be a multiple of 8, not {self.width} / {self.heads}")
        return self


@dataclass(frozen=True, config=STRICT)
class WeightsOrigin:
    """Where the weights came from that a network's training started from."""

    backbone: str
    source: str
    """Package and version, or the name of a file."""
    trained_on: str = ""
    licence: str = ""
    sha256: str = ""
    """Of the file that held them."""


@dataclass(frozen=True, config=STRICT)
class EncoderConfig:
    """A timm backbone in the place of a U-Net's own encoder, and the light decoder that goes with it."""

    backbone: str | None = None
    """Its name in timm, such as `tf_efficientnet_lite0`, or `lite_medsam`; None: the U-Net's own encoder, and nothing
    below counts."""
    pretrained: bool = False
    """Start from the weights in an installed package (`models.pretrained.PACKAGES`). Nothing is downloaded."""
    weights_file: str | None = None
    """Start from a local file (safetensors, or torch's own with weights only) instead."""
    input_range: tuple[float, float] = (-1.0, 1.0)
    """What the input, 0..1, is scaled to: the range the backbone was trained on."""
    decoder_widths: tuple[Annotated[int, Field(ge=4)], ...] = (128, 64, 48, 32)
    """Channels of the decoder from coarse to fine, one for each skip; the bottleneck has as many as the first. A
    backbone with fewer levels takes the first of them."""

    @model_validator(mode="after")
    def _ascending(self) -> EncoderConfig:
        low, high = self.input_range
        if low >= high:
            raise ValueError(f"input_range must be (low, high), not {self.input_range}")
        return self


@dataclass(frozen=True, config=STRICT)
class PromptInput:
    """What a network that listens to prompts looks at; windows and pixels are those of its `PreprocessConfig`."""

    smallest_mm: float = Field(default=96.0, ge=20, le=400)
    """Edge of the square of tissue around a point; what is larger gets a larger square."""


@dataclass(frozen=True, config=STRICT)
class SegmenterConfig:
    """A segmentation network. `unet` is `cpam_unet` with attention off, everything else the same.

    With `encoder.backbone` the widths and depth are the backbone's, and `base_width`, `depth` and `max_width` do not
    count. `litemedsam` is a network of others that answers prompts, for `cpam-train` alone: of what follows only
    `classes` and `output` count.
    """

    kind: Literal["segmenter"] = "segmenter"
    architecture: Architecture = "cpam_unet"
    in_channels: int = Field(default=3, ge=1)
    input_size: int = Field(default=256, ge=32, le=1024)
    """Edge in pixels of the input the token patches are cut for (`PreprocessConfig.size`); other sizes work too, with
    another number of tokens."""
    classes: tuple[str, ...] = ("ischemia", "hemorrhage")
    output: Literal["sigmoid", "softmax"] = "sigmoid"
    """sigmoid: one channel per class. softmax: background comes first as one more channel."""
    base_width: int = Field(default=32, ge=4)
    depth: int = Field(default=5, ge=2, le=7)
    """Number of resolution levels, bottleneck included."""
    max_width: int = Field(default=512, ge=8)
    dropout: float = Field(default=0.3, ge=0, lt=1)
    """Spatial dropout (Dropout2d)."""
    residual: bool = True
    mirror_input: bool = False
    """Give the network its input and the same input mirrored about the midline, so that every layer can compare the
    hemispheres. Wants `PreprocessConfig.align_midline`."""
    fusion: bool = True
    """Multi-scale fusion head over the decoder levels."""
    deep_supervision: bool = True
    image_head: bool = True
    """Image-level probability of each class from the bottleneck."""
    gate: bool = False
    """Multiply the masks by the image-level probability."""
    attention: AttentionConfig = field(default_factory=AttentionConfig)
    encoder: EncoderConfig = field(default_factory=EncoderConfig)
    members: int = Field(default=1, ge=1, le=16)
    """Networks of this kind, trained apart, whose logits are averaged."""

    @property
    def first_channels(self) -> int:
        """Channels the first layer sees."""
        return self.in_channels * (1 + self.mirror_input)

    @property
    def out_channels(self) -> int:
        """Channels of the mask logits."""
        return len(self.classes) + (self.output == "softmax")


@dataclass(frozen=True, config=STRICT)
class ClassifierConfig:
    """A slice classifier on a timm backbone."""

    kind: Literal["classifier"] = "classifier"
    backbone: str = "vgg16_bn"
    in_channels: int = Field(default=3, ge=1)
    classes: tuple[str, ...] = ("ischemia", "hemorrhage")
    output: Output = "sigmoid"
    """sigmoid: one independent output per class; softmax, sparsemax: 'no stroke' comes first as one more output."""
    dropout: float = Field(default=0.3, ge=0, lt=1)
    freeze_backbone: bool = False
    """True: feature extraction (only the head learns). False: fine-tuning."""
    pretrained: bool = False
    """Start from trained weights: of an installed package that has the backbone's, else from timm's hub."""
    weights_file: str | None = None
    """A local file with the backbone's weights (safetensors, or torch's own with weights only), for machines without a
    network."""
    input_range: tuple[float, float] = (0.0, 1.0)
    """What the input, 0..1, is scaled to: the range the backbone was trained on; -1 to 1 for EfficientNet-Lite."""

    @property
    def out_channels(self) -> int:
        """Number of outputs."""
        return len(self.classes) + (self.output != "sigmoid")


ModelConfig = SegmenterConfig | ClassifierConfig


def build_config(kind: type[ConfigT], values: dict[str, Any], *, where: str = "config") -> ConfigT:
    """Return a `kind` from plain values.

    Raises
    ------
    ConfigError
        For an unknown key (naming the nearest right one) or a value out of range.
    """
    try:
        return TypeAdapter(kind).validate_python(values)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        if first["type"] in {"unexpected_keyword_argument", "extra_forbidden"}:
            known = sorted(_keys(kind))
            leaf = key.rpartition(".")[2]
            raise ConfigError(
                f"{where} has no setting {key!r}{nearest(leaf, known)}", remedy=f"known settings: {', '.join(known)}"
            ) from error
        what = f"{where} setting {key or '(whole)'!r} is not valid"
        if first["type"] == "value_error":
            raise ConfigError(f"{what}: {first['ctx']['error']}") from error
        wanted = first["msg"].removeprefix("Input should be ")
        raise ConfigError(what, got=repr(first["input"]), expected=wanted) from error


def plain(config: object) -> dict[str, Any]:
    """Return a config as JSON-ready values; `build_config` rebuilds it."""
    values: dict[str, Any] = TypeAdapter(type(config)).dump_python(config, mode="json")
    return values


def _keys(kind: Any) -> set[str]:
    """Names of all settings of a config class and of the config classes inside it."""
    names: set[str] = set()
    for name, info in getattr(kind, "__pydantic_fields__", {}).items():
        names.add(name)
        names |= _keys(info.annotation)
    return names
