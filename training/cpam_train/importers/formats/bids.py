"""BIDS with masks among its derivatives, as ISLES'24 has them: CT of a subject, mask of that or a later session."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import NoReturn

from cpam_train.importers.formats.nifti_pairs import PairRules, case_id_of, own_rules, read_case
from cpam_train.importers.layout import require_folder, strip
from cpam_train.importers.options import ImportOptions
from cpam_train.importers.patients import pseudonym_of_patient
from cpam_train.importers.record import Candidate, ImportedCase
from napari_cpam_stroke.core import NoticeCode
from napari_cpam_stroke.core.notice import info
from napari_cpam_stroke.errors import InputError

CT_SUFFIXES = ("ct", "ncct")
"""Last word of a non-contrast CT's name; `cta` and `ctp` are other pictures."""

DERIVATIVES = "derivatives"

LAYOUT = "sub-*/[ses-*/][.../]sub-*_ncct.nii.gz (or _ct) and derivatives/.../sub-*_msk.nii.gz (or _mask, _dseg)"

_MASK = re.compile(r"(?:.*[-_])?(?:msk|mask|dseg)", re.IGNORECASE)
_ENTITY = re.compile(r"(sub|ses|label|desc)-([A-Za-z0-9]+)")


@dataclass(frozen=True)
class _File:
    """One NIfTI file and what its name says."""

    path: Path
    subject: str
    session: str
    kind: str
    """The mask's own words: `lesion-msk`, `label-lesion_mask`."""


def find_bids(src: Path, options: ImportOptions) -> list[Candidate]:
    """One case per CT; the subject is the patient, and the user says what the values are."""
    require_folder(src)
    files = [found for path in sorted(src.rglob("sub-*.nii*")) if (found := _named(path, src)) is not None]
    scans = [one for one in files if not one.kind]
    if not scans:
        raise InputError("Folder does not have the expected layout", got=src, expected=LAYOUT)
    masks = _of_kind([one for one in files if one.kind], options.mask_kind)
    rules = own_rules("bids", options.declared_values, options)
    with_scan = {scan.subject for scan in scans}
    lonely = [mask for mask in masks if mask.subject not in with_scan]
    return [_candidate(rules, scan, scans, masks) for scan in scans] + [_without_scan(rules, mask) for mask in lonely]


def _named(path: Path, src: Path) -> _File | None:
    """Return what a name says; None for what is neither a CT nor a derived mask."""
    if not path.name.lower().endswith((".nii", ".nii.gz")) or not path.is_file():
        return None
    stem = strip(path.name)
    said = dict(_ENTITY.findall(stem))
    last = stem.rpartition("_")[2]
    derived = DERIVATIVES in path.relative_to(src).parts or src.name == DERIVATIVES
    if "sub" not in said:
        return None
    if derived and _MASK.fullmatch(last):
        words = [f"{key}-{said[key]}" for key in ("label", "desc") if key in said]
        return _File(path, said["sub"], said.get("ses", ""), "_".join([*words, last]))
    if not derived and last.lower() in CT_SUFFIXES:
        return _File(path, said["sub"], said.get("ses", ""), "")
    return None


def _of_kind(masks: Sequence[_File], chosen: str | None) -> list[_File]:
    """Return the masks that count: all where there is one kind, else those of the user's choice."""
    kinds = sorted({mask.kind for mask in masks})
    if not kinds:
        raise InputError("No mask among the derivatives", expected=LAYOUT)
    if chosen is None and len(kinds) > 1:
        raise InputError(
            "The derivatives hold masks of several kinds",
            got=", ".join(kinds),
            remedy=f"--set mask_kind={kinds[0]}",
        )
    if chosen is not None and chosen not in kinds:
        raise InputError("No mask of that kind among the derivatives", got=chosen, expected=", ".join(kinds))
    return [mask for mask in masks if mask.kind == (chosen or kinds[0])]


def _candidate(rules: PairRules, scan: _File, scans: Sequence[_File], masks: Sequence[_File]) -> Candidate:
    name = strip(scan.path.name)
    own = [mask for mask in masks if mask.subject == scan.subject]
    alone = sum(other.subject == scan.subject for other in scans) == 1
    fitting = own if alone else [mask for mask in own if mask.session == scan.session]
    case_id = case_id_of(rules, name)
    return Candidate(
        case_id,
        partial(_read, rules, case_id, scan, fitting),
        (name,),
        patient=pseudonym_of_patient("bids", scan.subject),
    )


def _without_scan(rules: PairRules, mask: _File) -> Candidate:
    name = strip(mask.path.name)

    def load() -> NoReturn:
        raise InputError("Mask has no CT of its subject", expected=LAYOUT)

    return Candidate(case_id_of(rules, name), load, (name,), astray=True)


def _read(rules: PairRules, case_id: str, scan: _File, masks: Sequence[_File]) -> ImportedCase:
    if len(masks) != 1:
        raise InputError(
            f"CT {case_id} has {'several masks' if masks else 'no mask'} of its subject and session",
            got=len(masks),
            expected="one",
        )
    (mask,) = masks
    case = read_case(rules, case_id, scan.path, mask.path)
    if mask.session == scan.session:
        return case
    later = "The mask is of another session than the CT: it counts as drawn with a follow-up at hand."
    return replace(case, truth_source="follow-up", notices=(*case.notices, info(NoticeCode.TIME_POINT, later)))
