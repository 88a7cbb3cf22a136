"""What a model says about itself: everything needed to run it, judge it and trace it."""

from __future__ import annotations

import re
from dataclasses import dataclass as plain_dataclass
from dataclasses import field
from typing import Annotated, Any, Final, Literal

from pydantic import ConfigDict, Field, model_validator
from pydantic.dataclasses import dataclass

from napari_cpam_stroke.bundles.training_words import training_in_short
from napari_cpam_stroke.config import ModelConfig, PreprocessConfig, PromptInput, WeightsOrigin, build_config, plain
from napari_cpam_stroke.core.labels import CLASS_NAMES
from napari_cpam_stroke.errors import BundleError, ConfigError

SCHEMA_VERSION: Final = 1
"""Version of card.json this program writes and reads."""

NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
VERSION_PATTERN = r"^[0-9]{1,6}(\.[0-9]{1,6}){1,2}$"
"""Names and versions become folder names: no separators, no leading dot."""

PICTURE_PATTERN = r"^(failures/[A-Za-z0-9][A-Za-z0-9._-]{0,63}\.png)?$"
"""A picture lies in the bundle's folder `failures`; no separators but that one."""

INTENDED_USE = "Research only; not a medical device. Every result is to be checked by a radiologist."

WeightsDtype = Literal["float32", "float16", "int8"]
"""float32, float16: every weight so. int8: matrices and kernels in 256 even steps for each output, all else float16."""

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]


@plain_dataclass(frozen=True)
class ModelIdentity:
    """Name, version and weights of the model that made a result, and its training data in short."""

    name: str
    version: str
    sha256: str
    training: str = field(default="", compare=False)


@dataclass(frozen=True, config=ConfigDict(extra="forbid", validate_default=True))
class KnownFailure:
    """What a model is known to get wrong, in words, and perhaps a picture of a synthetic head in the bundle."""

    title: str = Field(min_length=1, max_length=120)
    text: str = Field(min_length=1, max_length=2000)
    picture: str = Field(default="", pattern=PICTURE_PATTERN)


def per_class(value: float) -> dict[str, float]:
    """Return the same value for every class."""
    return dict.fromkeys(CLASS_NAMES, value)


@dataclass(frozen=True, config=ConfigDict(extra="forbid", validate_default=True))
class ModelCard:
    """Content of card.json.

    Attributes
    ----------
    task
        Equal to the kind of `architecture`.
    thresholds, min_lesion_ml
        Per class: pixel probability from which a pixel belongs to the mask, and the smallest lesion that is kept.
    pixel_calibration
        Per class: slope and offset of the line the logit of a pixel goes through to become its probability (Platt, on
        validation slices); a class left out keeps what the network says.
    temperature
        Per class: image-level logits are divided by it before the sigmoid (calibration on validation data).
    top_slices
        A series is judged by the mean of so many highest slice probabilities.
    series_calibration
        Per class: slope and offset of the line its logit goes through to become the series probability (Platt, on
        validation series); a class left out keeps the mean.
    series_thresholds, refer_band
        Per class: series probability from which the class counts as present, and the band (low, high) in which the
        model refers the case to a reader instead.
    weights_sha256, weights_dtype
        Of model.safetensors; filled in by `save_bundle`.
    pretrained
        Where the weights came from that training started from; None: from chance.
    training, metrics
        Data, terms, split and settings; figures with their intervals. JSON-ready.
    failures
        What the model is known to get wrong.
    prompts
        What a model looks at that answers a reader's points, boxes, scribbles and lassos; None: it takes none.
    """

    name: str = Field(pattern=NAME_PATTERN)
    architecture: ModelConfig = Field(discriminator="kind")
    version: str = Field(default="1.0", pattern=VERSION_PATTERN)
    task: Literal["segmenter", "classifier"] = "segmenter"
    classes: tuple[str, ...] = CLASS_NAMES
    preprocess: PreprocessConfig = field(default_factory=PreprocessConfig)
    thresholds: dict[str, Share] = field(default_factory=lambda: per_class(0.5))
    series_thresholds: dict[str, Share] = field(default_factory=lambda: per_class(0.5))
    min_lesion_ml: dict[str, NotNegative] = field(default_factory=lambda: per_class(0.0))
    temperature: dict[str, Positive] = field(default_factory=lambda: per_class(1.0))
    pixel_calibration: dict[str, tuple[Positive, float]] = field(default_factory=dict)
    refer_band: dict[str, tuple[Share, Share]] = field(default_factory=dict)
    top_slices: int = Field(default=3, ge=1)
    series_calibration: dict[str, tuple[Positive, float]] = field(default_factory=dict)
    pretrained: WeightsOrigin | None = None
    training: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)
    weights_sha256: str = Field(default="", pattern=r"^([0-9a-f]{64})?$")
    weights_dtype: WeightsDtype = "float32"
    created: str = ""
    notes: str = ""
    failures: tuple[KnownFailure, ...] = ()
    prompts: PromptInput | None = None
    intended_use: str = INTENDED_USE
    schema_version: Literal[1] = SCHEMA_VERSION

    @model_validator(mode="after")
    def _parts_agree(self) -> ModelCard:
        if self.task != self.architecture.kind or self.classes != self.architecture.classes:
            raise ValueError("task and classes must be those of the architecture")
        if self.classes == CLASS_NAMES and self.preprocess.channels != self.architecture.in_channels:
            raise ValueError(
                f"preprocessing gives {self.preprocess.channels} input channels, the network takes "
                f"{self.architecture.in_channels}"
            )
        for name in ("thresholds", "series_thresholds", "min_lesion_ml", "temperature"):
            if set(getattr(self, name)) != set(self.classes):
                raise ValueError(f"{name} must name each class of {list(self.classes)} once")
        for name in ("refer_band", "pixel_calibration", "series_calibration"):
            if not set(getattr(self, name)) <= set(self.classes):
                raise ValueError(f"{name} may name only {list(self.classes)}")
        if any(low > high for low, high in self.refer_band.values()):
            raise ValueError("refer_band must be (low, high)")
        return self

    @property
    def identity(self) -> ModelIdentity:
        """Name, version, weights and training data in short."""
        return ModelIdentity(self.name, self.version, self.weights_sha256, training_in_short(self.training))

    @property
    def reference(self) -> str:
        """How the registry is asked for exactly this model: name@version."""
        return f"{self.name}@{self.version}"


def card_from_plain(values: Any, *, where: str) -> ModelCard:
    """Return the card of a parsed card.json.

    Raises
    ------
    BundleError
        If a value is missing, unknown or out of range, or the card is of another schema version.
    """
    if not isinstance(values, dict):
        raise BundleError(f"{where} is not a model card", expected="a JSON object")
    version = values.get("schema_version")
    if version != SCHEMA_VERSION:
        raise BundleError(
            f"{where} has another schema version",
            got=repr(version),
            expected=str(SCHEMA_VERSION),
            remedy="use the version of this program that wrote it",
        )
    try:
        return build_config(ModelCard, values, where=where)
    except ConfigError as error:
        raise BundleError(error.what, got=error.got, expected=error.expected, remedy=error.remedy) from error


def card_to_plain(card: ModelCard) -> dict[str, Any]:
    """Return a card as JSON-ready values; `card_from_plain` rebuilds it."""
    return plain(card)


def check_name(name: str) -> str:
    """Return a model name that may become a folder name.

    Raises
    ------
    BundleError
        For any other.
    """
    return _matching(name, NAME_PATTERN, "model name", "letters, digits, '.', '_' and '-', at most 64")


def check_version(version: str) -> str:
    """Return a version such as 2.0 that may become a folder name.

    Raises
    ------
    BundleError
        For any other.
    """
    return _matching(version, VERSION_PATTERN, "model version", "numbers such as 2.0")


def _matching(value: str, pattern: str, what: str, expected: str) -> str:
    if re.fullmatch(pattern, value) is None:
        raise BundleError(f"This is not a {what}", got=repr(value), expected=expected)
    return value
