"""What a caller may choose about an import; every format reads the fields that concern it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from napari_cpam_stroke.config import STRICT, Window, build_config
from napari_cpam_stroke.core.label_map import LabelMap
from napari_cpam_stroke.core.label_values import ValueMeanings, meanings_of_values
from napari_cpam_stroke.core.labels import LesionClass
from napari_cpam_stroke.errors import ConfigError, InputError


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
    grey_window: Window | None = None
    """coco, png, csv, aisd (there the brain window by default): window 8-bit pictures were saved with: --window."""
    zero_hu: int | None = Field(default=None, ge=0, le=65535)
    """png, coco, csv: stored value of 0 HU in 16-bit pictures, one step a HU; nothing else tells what they hold."""
    unknown_classes: tuple[str, ...] = ()
    """nifti, nnunet, dicom-seg, monai, msd, bids, coco, png: classes the masks say nothing about, by name."""
    root: Path | None = None
    """monai, csv: folder that the paths of a list count from and must stay in; by default the list's own: --root."""
    images: Path | None = None
    """coco: folder of the images, by default `images` beside the annotations, or their own folder: --images."""
    mask_kind: str | None = None
    """bids: which masks count where a data set has several kinds, as `lesion-msk`."""
    unannotated: Literal["skip", "free"] = "skip"
    """coco: an image without an outline is left out, or is free of lesions."""
    exclusive: bool = False
    """csv: a label names all there is, so that `hemorrhage` also says that there is no ischemia."""

    @property
    def declared_values(self) -> ValueMeanings:
        """What the user says values stand for, where a format has no meaning of its own.

        Raises
        ------
        InputError
            Where the user says nothing.
        """
        if self.label_values is None and not self.labels.numbers:
            raise InputError(
                "Nothing says what the values of the masks stand for",
                remedy='say it with --map "1=hemorrhage", once for each value above 0',
            )
        return self.value_meanings

    @property
    def labels(self) -> LabelMap:
        """The user's word on labels."""
        return LabelMap.parse(self.meanings)

    @property
    def value_meanings(self) -> ValueMeanings:
        """What values without names stand for."""
        return meanings_of_values(self.labels) if self.label_values is None else self.label_values


def window_of(text: str) -> Window:
    """Return the window of "centre/width" in HU.

    Raises
    ------
    ConfigError
        If it is something else.
    """
    centre, _, width = text.partition("/")
    try:
        return Window(float(centre), float(width))
    except ValueError as error:
        raise ConfigError(
            "--window needs centre and width in HU", got=repr(text), expected="40/80, width above 0"
        ) from error


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
