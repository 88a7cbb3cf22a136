"""What a caller may choose about an import; every format reads the fields that concern it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from napari_cpam_stroke.config import BRAIN, STRICT, Window, build_config
from napari_cpam_stroke.core.label_map import LabelMap
from napari_cpam_stroke.core.label_values import ValueMeanings, meanings_of_values
from napari_cpam_stroke.core.labels import LesionClass
from napari_cpam_stroke.errors import ConfigError


@dataclass(frozen=True, config=STRICT)
class ImportOptions:
    """Settings of one import."""

    limit: int | None = Field(default=None, ge=1)
    """Import at most this many new cases; the rest can follow with a second run."""
    groups: Path | None = None
    """CSV with columns `slice,group` that says which slices belong to one patient (teknofest)."""
    patients: Path | None = None
    """CSV with columns `case,patient` that says which cases are one patient's, for every format: --patients."""
    patient_pattern: str | None = None
    """Regular expression whose one group is the patient in a case's name, for every format: --patient-pattern."""
    masks: Path | None = None
    """ct-ich: folder of masks `<patient>_<slice>.png` that lie apart from the slices: --masks."""
    ischemia_absent: bool = True
    """CT-ICH and INSTANCE: patients came for trauma or bleeding, so ischemia counts as absent; off: as unknown."""
    subtypes: tuple[str, ...] = ("EDH", "IPH", "IVH", "SAH", "SDH")
    """BHSD: bleed types in the order of mask values 1, 2, ...; one copy of the set orders them otherwise."""
    label_values: dict[int, LesionClass] | None = None
    """Mask value -> class (nifti, nnunet, TEKNOFEST competition masks); other values above 0 are refused.

    By default the names in nnU-Net's `dataset.json` say it, and where nothing does 1 is ischemia, 2 hemorrhage."""
    meanings: tuple[str, ...] = ()
    """What labels stand for, as `label=meaning`: the option --map."""
    automatic: Literal["refuse", "truth"] = "refuse"
    """nifti, nnunet, dicom-seg: whether the untouched mask of a model may count as drawn truth."""
    grey_window: Window = BRAIN
    """aisd: window that the 8-bit slices were saved with; the release does not say, so look at a slice first."""
    unknown_classes: tuple[str, ...] = ()
    """nifti, nnunet, dicom-seg: classes the masks say nothing about, by name."""

    @property
    def labels(self) -> LabelMap:
        """The user's word on labels."""
        return LabelMap.parse(self.meanings)

    @property
    def value_meanings(self) -> ValueMeanings:
        """What values without names stand for."""
        return meanings_of_values(self.labels) if self.label_values is None else self.label_values


def import_options(settings: Sequence[str] = (), **chosen: object) -> ImportOptions:
    """Return the options of strings `name=value`; a value is JSON, or else a plain word.

    Parameters
    ----------
    chosen
        Options by name that go before the strings; None: not chosen.

    Raises
    ------
    ConfigError
        For a setting or a meaning that does not exist (naming the nearest one) or a value out of range.
    """
    values: dict[str, object] = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals or not name:
            raise ConfigError("--set needs a setting and a value", got=repr(setting), expected="name=value")
        try:
            values[name] = json.loads(value)
        except ValueError:
            values[name] = value
    values |= {name: value for name, value in chosen.items() if value is not None}
    options = build_config(ImportOptions, values, where="import")
    LabelMap.parse(options.meanings)
    return options
