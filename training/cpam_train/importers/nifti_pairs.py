"""Volumes with a mask of the same name beside them: INSTANCE, BHSD, nnU-Net, and any folder laid out alike."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from cpam_train.importers.knowledge import Knowledge, annotate
from cpam_train.importers.layout import by_stem, require_folder
from cpam_train.importers.mask_values import labels_from_values
from cpam_train.importers.nifti_volume import read_nifti, require_same_grid
from cpam_train.importers.options import ImportOptions
from cpam_train.importers.record import Candidate, ImportedCase
from napari_cpam_stroke.core import CLASS_NAMES, CTVolume, LesionClass, NoticeCode
from napari_cpam_stroke.core.notice import info
from napari_cpam_stroke.errors import InputError

SUFFIXES = (".nii", ".nii.gz")
CHANNEL = "_0000"
"""End of an nnU-Net image's name: the number of its only channel."""


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
    """

    source: str
    author: str
    values: Mapping[int, LesionClass]
    knowledge: Mapping[str, Knowledge]
    subtypes: Mapping[int, str]
    public: bool = True


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
    """`images/<case>.nii.gz` and `masks/<case>.nii.gz`, values by `options.label_values`; names become pseudonyms."""
    rules = _own_rules("nifti", options.label_values, options)
    return _find(src / "images", src / "masks", rules, "images/<case>.nii.gz and masks/<case>.nii.gz")


def find_nnunet(src: Path, options: ImportOptions) -> list[Candidate]:
    """nnU-Net raw data: `imagesTr/<case>_0000.nii.gz`, `labelsTr/<case>.nii.gz`, values named in `dataset.json`."""
    require_folder(src)
    rules = _own_rules("nnunet", read_dataset_json(src / "dataset.json", options), options)
    return _find(src / "imagesTr", src / "labelsTr", rules, "imagesTr/<case>_0000.nii.gz and labelsTr/<case>.nii.gz")


def read_dataset_json(path: Path, options: ImportOptions) -> dict[int, LesionClass]:
    """Return mask value -> class from `labels`, in either order nnU-Net has used; else `options.label_values`."""
    if not path.is_file():
        raise InputError("dataset.json is missing", got=path.parent, expected="an nnU-Net raw data folder")
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        pairs = [(str(key), str(value)) for key, value in data["labels"].items()]
        channels = data.get("channel_names") or data.get("modality") or {"0": "CT"}
    except (ValueError, KeyError, AttributeError) as error:
        raise InputError("dataset.json cannot be read", got=path, expected="an object with labels") from error
    if len(channels) != 1:
        raise InputError("Data set must have one channel, CT", got=len(channels))
    named = {int(k): v for k, v in pairs if k.isdigit()} or {int(v): k for k, v in pairs if v.isdigit()}
    known = {kind.label: kind for kind in LesionClass}
    meanings = {value: known[name.lower()] for value, name in named.items() if name.lower() in known}
    return meanings or dict(options.label_values)


def _own_rules(source: str, values: Mapping[int, LesionClass], options: ImportOptions) -> PairRules:
    drawn = {kind.label for kind in values.values()} - set(options.unknown_classes)
    knowledge: dict[str, Knowledge] = {name: "drawn" if name in drawn else "unknown" for name in CLASS_NAMES}
    return PairRules(source, "imported masks", values, knowledge, {}, public=False)


def _find(images: Path, masks: Path, rules: PairRules, expected: str) -> list[Candidate]:
    scans = by_stem(images, *SUFFIXES)
    if not scans:
        raise InputError("Folder does not have the expected layout", got=images.parent, expected=expected)
    outlines = by_stem(masks, *SUFFIXES)
    return [_candidate(rules, path, name.removesuffix(CHANNEL), outlines) for name, path in scans.items()]


def _candidate(rules: PairRules, image: Path, name: str, outlines: Mapping[str, Path]) -> Candidate:
    mask = outlines.get(name) or outlines.get(f"{name}_seg") or outlines.get(f"{name}_mask")
    case_id = f"{rules.source}-{name if rules.public else _pseudonym(rules.source, name)}"
    return Candidate(case_id, partial(_read, rules, case_id, image, mask))


def _pseudonym(source: str, name: str) -> str:
    from napari_cpam_stroke.dicom.headers.pseudonym import case_pseudonym

    return case_pseudonym(source, name)


def _read(rules: PairRules, case_id: str, image: Path, mask: Path | None) -> ImportedCase:
    if mask is None:
        raise InputError(f"Volume {case_id} has no mask", expected="a file of the same name in the folder of masks")
    volume, drawn = read_nifti(image), read_nifti(mask)
    require_same_grid(volume, drawn, case_id)
    labels = labels_from_values(drawn.values, rules.values, case_id)
    types = sorted(
        rules.subtypes[v] for v in np.unique(np.rint(drawn.values)).astype(int).tolist() if v in rules.subtypes
    )
    named = ", ".join(types)
    notices = (info(NoticeCode.HEMORRHAGE_TYPES, f"hemorrhage types: {named}", types=named),) if types else ()
    return ImportedCase(
        CTVolume(volume.hu, volume.geometry, case_id, patient_id=case_id, notices=notices),
        annotate(labels, ischemia=rules.knowledge["ischemia"], hemorrhage=rules.knowledge["hemorrhage"]),
        rules.author,
    )
