"""Volumes with a mask of the same name beside them: INSTANCE, BHSD, nnU-Net, and any folder laid out alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import NoReturn

import numpy as np

from cpam_train.importers.formats.dataset_json import read_dataset_json
from cpam_train.importers.knowledge import Knowledge, annotate, knowledge_of
from cpam_train.importers.layout import by_stem, require_folder
from cpam_train.importers.nifti_volume import read_pair
from cpam_train.importers.options import ImportOptions
from cpam_train.importers.record import Candidate, ImportedCase
from napari_cpam_stroke.core import CTVolume, LesionClass, NoticeCode
from napari_cpam_stroke.core.label_values import OWN_VALUES, ValueMeanings, labels_from_values
from napari_cpam_stroke.core.mask_reading import most_automatic, untouched_mask
from napari_cpam_stroke.core.notice import Notice, info
from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.nifti.file import NiftiFile
from napari_cpam_stroke.nifti.reader import default_values_notice, makers_of

SUFFIXES = (".nii", ".nii.gz")
CHANNEL = "_0000"
"""End of an nnU-Net image's name: the number of its only channel."""


MASK_ENDS = ("", "_seg", "_mask")
"""What may follow the image's name in its mask's."""


@dataclass(frozen=True)
class PairRules:
    """How the masks of one source are to be read.

    Attributes
    ----------
    values
        Mask value -> class.
    knowledge
        Class name -> what the source says of it.
    subtypes
        Mask value -> name kept as a notice of the case.
    public
        Names of a public set are kept; others may name patients and are replaced by pseudonyms.
    named
        Whether something says what the values are; else the reader is told how they were taken.
    notices
        How the source's names were understood.
    take_automatic
        Whether the untouched mask of a model counts as drawn.
    """

    source: str
    author: str
    values: ValueMeanings
    knowledge: Mapping[str, Knowledge]
    subtypes: Mapping[int, str]
    public: bool = True
    named: bool = True
    notices: tuple[Notice, ...] = ()
    take_automatic: bool = True

    def with_notices(self, notices: tuple[Notice, ...]) -> PairRules:
        """Return the rules with more to be said of how they came about."""
        return replace(self, notices=(*self.notices, *notices))


def find_instance(src: Path, options: ImportOptions) -> list[Candidate]:
    """INSTANCE 2022, `train_2/{data,label}/*.nii.gz`; label 1 is hemorrhage, ischemia by `options.ischemia_absent`."""
    root = src / "train_2" if (src / "train_2").is_dir() else src
    rules = PairRules(
        "instance",
        "INSTANCE 2022 radiologists",
        {1: LesionClass.HEMORRHAGE},
        {"ischemia": "absent" if options.ischemia_absent else "unknown", "hemorrhage": "drawn"},
        {},
    )
    return _find(root / "data", root / "label", rules, "train_2/data/<case>.nii.gz and train_2/label/<case>.nii.gz")


def find_bhsd(src: Path, options: ImportOptions) -> list[Candidate]:
    """BHSD, `label_192/{images,ground truths}/*.nii.gz`; every value is a bleed type (`options.subtypes` in order)."""
    root = src / "label_192" if (src / "label_192").is_dir() else src
    types = dict(enumerate(options.subtypes, start=1))
    rules = PairRules(
        "bhsd",
        "BHSD radiologists",
        dict.fromkeys(types, LesionClass.HEMORRHAGE),
        {"ischemia": "unknown", "hemorrhage": "drawn"},
        types,
    )
    expected = "label_192/images/<case>.nii.gz and label_192/ground truths/<case>.nii.gz"
    return _find(root / "images", root / "ground truths", rules, expected)


def find_nifti(src: Path, options: ImportOptions) -> list[Candidate]:
    """`images/<case>.nii.gz` and `masks/<case>.nii.gz`, values as the user says, else 1 ischemia and 2 hemorrhage.

    Names become pseudonyms.
    """
    named = options.label_values is not None or options.value_meanings is not OWN_VALUES
    rules = own_rules("nifti", options.value_meanings, options, named=named)
    return _find(src / "images", src / "masks", rules, "images/<case>.nii.gz and masks/<case>.nii.gz")


def find_nnunet(src: Path, options: ImportOptions) -> list[Candidate]:
    """nnU-Net raw data: `imagesTr/<case>_0000.nii.gz`, `labelsTr/<case>.nii.gz`, values named in `dataset.json`."""
    require_folder(src)
    values, notices = read_dataset_json(src / "dataset.json", options)
    rules = own_rules("nnunet", values, options, notices)
    return _find(src / "imagesTr", src / "labelsTr", rules, "imagesTr/<case>_0000.nii.gz and labelsTr/<case>.nii.gz")


def own_rules(
    source: str, values: ValueMeanings, options: ImportOptions, notices: tuple[Notice, ...] = (), *, named: bool = True
) -> PairRules:
    """Return the rules for a user's own masks, whose names may be patients'."""
    return PairRules(
        source,
        "imported masks",
        values,
        knowledge_of(values.values(), options.unknown_classes),
        {},
        public=False,
        named=named,
        notices=notices,
        take_automatic=options.automatic == "truth",
    )


def _find(images: Path, masks: Path, rules: PairRules, expected: str) -> list[Candidate]:
    scans = by_stem(images, *SUFFIXES)
    if not scans:
        raise InputError("Folder does not have the expected layout", got=images.parent, expected=expected)
    outlines = by_stem(masks, *SUFFIXES)
    names = {name.removesuffix(CHANNEL): path for name, path in scans.items()}
    drawn = {name: [f"{name}{end}" for end in MASK_ENDS if f"{name}{end}" in outlines] for name in names}
    lonely = sorted(outlines.keys() - {mask for found in drawn.values() for mask in found})
    return [_candidate(rules, path, name, [outlines[mask] for mask in drawn[name]]) for name, path in names.items()] + [
        _without_image(rules, name) for name in lonely
    ]


def _candidate(rules: PairRules, image: Path, name: str, masks: Sequence[Path]) -> Candidate:
    case_id = case_id_of(rules, name)
    return Candidate(case_id, partial(_read, rules, case_id, image, masks), (name,))


def _without_image(rules: PairRules, name: str) -> Candidate:
    """Return a candidate that says that a mask has no image."""

    def load() -> NoReturn:
        raise InputError(f"Mask {case_id} has no image", expected="a file of the same name in the folder of images")

    case_id = case_id_of(rules, name)
    return Candidate(case_id, load, (name,), astray=True)


def case_id_of(rules: PairRules, name: str) -> str:
    """Return the case id of a source's name: the name itself in a public set, else a pseudonym."""
    return f"{rules.source}-{name if rules.public else _pseudonym(rules.source, name)}"


def _pseudonym(source: str, name: str) -> str:
    from napari_cpam_stroke.dicom.headers.pseudonym import case_pseudonym

    return case_pseudonym(source, name)


def _read(rules: PairRules, case_id: str, image: Path, masks: Sequence[Path]) -> ImportedCase:
    if len(masks) != 1:
        raise InputError(
            f"Volume {case_id} has {'several masks' if masks else 'no mask'}",
            got=len(masks),
            expected="one file of the same name in the folder of masks",
        )
    return read_case(rules, case_id, image, masks[0])


def read_case(rules: PairRules, case_id: str, image: Path, mask: Path) -> ImportedCase:
    """Read an image and the mask drawn on it.

    Raises
    ------
    InputError
        If either cannot be read, or the mask holds what the rules do not know.
    GeometryMismatchError
        If the mask lies on another grid.
    """
    volume, drawn, file = read_pair(image, mask, case_id)
    _require_drawn(file, rules)
    labels = labels_from_values(drawn, rules.values, f"Mask of {case_id}")
    types = sorted(rules.subtypes[v] for v in np.unique(np.rint(drawn)).astype(int).tolist() if v in rules.subtypes)
    named = ", ".join(types)
    notices = (info(NoticeCode.HEMORRHAGE_TYPES, f"hemorrhage types: {named}", types=named),) if types else ()
    return ImportedCase(
        CTVolume(volume.hu, volume.geometry, case_id, patient_id=case_id, notices=notices),
        annotate(labels, ischemia=rules.knowledge["ischemia"], hemorrhage=rules.knowledge["hemorrhage"]),
        rules.author,
        makers=makers_of(file),
        notices=rules.notices if rules.named else default_values_notice(labels),
    )


def _require_drawn(mask: NiftiFile, rules: PairRules) -> None:
    """Refuse a mask that says of itself that a model made it and nobody touched it."""
    if not rules.take_automatic and most_automatic(makers_of(mask)) == "AUTOMATIC":
        raise untouched_mask("The mask", makers_of(mask)[0].words)
