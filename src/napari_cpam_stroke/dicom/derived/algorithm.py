"""How a mask came about, as DICOM asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import NAMESPACE_OID, uuid5

from pydicom.uid import UID, generate_uid

from napari_cpam_stroke import __version__

AlgorithmType = Literal["AUTOMATIC", "SEMIAUTOMATIC", "MANUAL"]
"""AUTOMATIC: untouched model output; SEMIAUTOMATIC: edited by a reader; MANUAL: drawn by a reader."""

MANUFACTURER = "napari-cpam-stroke"
"""Manufacturer and model name in what is written."""

SERIES_NUMBER = 9000
"""Number of the written series; a segmentation and its report follow each other."""

UTF_8 = "ISO_IR 192"
"""Specific Character Set of everything written here."""


HASH_CHARACTERS = 12
"""So many of the sha256 of the weights follow the version: AlgorithmVersion holds 64 characters in all."""

RESEARCH_USE = "research only; not a medical device"
"""Among the parameters of every algorithm."""


@dataclass(frozen=True)
class ModelRun:
    """What is told of the model behind a mask, beyond its name and version.

    Attributes
    ----------
    sha256
        Of the weights, 64 hexadecimal digits.
    training
        The model's training data in short.
    thresholds, min_lesion_ml
        Per class: pixel probability from which the mask was drawn, and the smallest lesion kept.
    series_probabilities, series_thresholds, refer_band
        Per class, 0..1: the series' probability, from where on it is above the threshold, and (low, high) of the band
        in which the model refers the case to a reader.
    """

    sha256: str
    training: str = ""
    thresholds: Mapping[str, float] = field(default_factory=dict)
    min_lesion_ml: Mapping[str, float] = field(default_factory=dict)
    series_probabilities: Mapping[str, float] = field(default_factory=dict)
    series_thresholds: Mapping[str, float] = field(default_factory=dict)
    refer_band: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def parameters(self) -> dict[str, str]:
        """Everything that decided on the mask and its reading, as text by name; no text holds a comma."""
        values = {"use": RESEARCH_USE, "weights_sha256": self.sha256, "training_data": self.training}
        values |= {f"{name}_pixel_threshold": f"{value:.4g}" for name, value in self.thresholds.items()}
        values |= {f"{name}_smallest_lesion_ml": f"{value:.4g}" for name, value in self.min_lesion_ml.items()}
        values |= {f"{name}_series_threshold": f"{value:.4g}" for name, value in self.series_thresholds.items()}
        values |= {f"{name}_refer_band": f"{low:.4g} to {high:.4g}" for name, (low, high) in self.refer_band.items()}
        return {name: value.replace(",", ";") for name, value in values.items() if value}


@dataclass(frozen=True)
class Algorithm:
    """Name, version and run of what drew a mask, as SEG and SR name it."""

    name: str
    version: str
    run: ModelRun | None = None

    @property
    def full_version(self) -> str:
        """Version with the first digits of the weights' sha256, so that other weights are another version."""
        version = self.version or "unknown"
        return version if self.run is None else f"{version}+sha256.{self.run.sha256[:HASH_CHARACTERS]}"

    @property
    def parameters(self) -> dict[str, str] | None:
        """Parameters of the run; None where none is known."""
        return None if self.run is None else self.run.parameters

    @property
    def serial_number(self) -> str:
        """sha256 of the weights; 0 where none is known."""
        return "0" if self.run is None else self.run.sha256

    @property
    def uid(self) -> UID:
        """UID of the device: always the same for the same weights or, without any, for the same name and version."""
        known = f"{self.name} {self.version}" if self.run is None else f"sha256:{self.run.sha256}"
        return UID(f"2.25.{uuid5(NAMESPACE_OID, known).int}")


def written_series(series_number: int, description: str) -> dict[str, Any]:
    """Return what every written object says about its own series: new identifiers, this program as its maker."""
    return {
        "series_instance_uid": generate_uid(prefix=None),
        "series_number": series_number,
        "sop_instance_uid": generate_uid(prefix=None),
        "instance_number": 1,
        "manufacturer": MANUFACTURER,
        "manufacturer_model_name": MANUFACTURER,
        "software_versions": __version__,
        "series_description": description,
        "specific_character_set": UTF_8,
    }
