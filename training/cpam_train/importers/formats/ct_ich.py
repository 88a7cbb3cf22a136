"""PhysioNet CT-ICH 1.0: one folder of JPEG slices per patient, a table of bleeds, a mask on some slices."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cpam_train.importers.images import (
    JPEG_RANGE,
    JPEG_WINDOW,
    read_drawn,
    read_grey,
    require_same_shape,
    window_notice,
    window_to_hu,
)
from cpam_train.importers.layout import require, require_folder
from cpam_train.importers.listed import UNREADABLE, table_lines
from cpam_train.importers.options import ImportOptions
from cpam_train.importers.record import Candidate, ImportedCase
from napari_cpam_stroke.core import Annotation, CTVolume, LesionClass
from napari_cpam_stroke.core.annotation import ABSENT, PRESENT, UNKNOWN, joint_label
from napari_cpam_stroke.errors import InputError

TABLE = "hemorrhage_diagnosis.csv"
LAYOUT = f"Patients_CT/<patient>/brain/<slice>.jpg and {TABLE}"
ISCHEMIA, HEMORRHAGE = 0, 1
"""Columns of per-class arrays."""

Diagnosis = dict[int, dict[int, bool]]
"""Patient number -> slice number -> whether the slice bleeds."""


def find_ct_ich(src: Path, options: ImportOptions) -> list[Candidate]:
    """One case per patient, slices in the order of their numbers.

    Slices with a mask are known for hemorrhage; slices labelled free of it are known to be empty; bleeding slices
    without a mask have a label only. `options.ischemia_absent` says whether ischemia counts as absent in these trauma
    patients (so that false ischemia on a lesion-free series is learnt) or as unknown. Masks lie beside the slices as
    `<slice>_HGE_Seg.png` or, all together, in `options.masks` as `<patient>_<slice>.png`.
    """
    require_folder(src)
    if options.masks is not None:
        require_folder(options.masks)
    folders = require(src.glob("Patients_CT/*/brain"), src, LAYOUT)
    diagnosis = read_diagnosis(src / TABLE)
    return [Candidate(f"ct-ich-{folder.parent.name}", partial(_read, folder, diagnosis, options)) for folder in folders]


def read_diagnosis(path: Path) -> Diagnosis:
    """Return which slices bleed according to the data set's table (1.0 and 1.3.1 share its columns)."""
    if not path.is_file():
        raise InputError(f"Table of bleeds is missing: {path.name}", expected=LAYOUT)
    diagnosis: Diagnosis = defaultdict(dict)
    try:
        for row in csv.DictReader(table_lines(path)[0]):
            diagnosis[int(row["PatientNumber"])][int(row["SliceNumber"])] = row["No_Hemorrhage"].strip() == "0"
    except (*UNREADABLE, KeyError, ValueError, TypeError, AttributeError) as error:
        raise InputError(
            f"Table {path.name} cannot be read", expected="columns PatientNumber, SliceNumber, No_Hemorrhage"
        ) from error
    return dict(diagnosis)


def _read(folder: Path, diagnosis: Diagnosis, options: ImportOptions) -> ImportedCase:
    patient = folder.parent.name
    slices = {int(p.stem): p for p in folder.iterdir() if re.fullmatch(r"\d+\.jpe?g", p.name, re.IGNORECASE)}
    if not slices:
        raise InputError(f"Patient {patient} has no slice", expected=LAYOUT)
    numbers = sorted(slices)
    frames = [read_grey(slices[n]) for n in numbers]
    for frame in frames:
        require_same_shape(frames[0], frame, f"patient {patient}")
    drawn = [_drawn(_mask_files(folder, n, options.masks), frames[0].shape) for n in numbers]
    bleeds = diagnosis.get(int(patient), {})
    name = f"ct-ich-{patient}"
    volume = CTVolume(
        np.stack([window_to_hu(frame) for frame in frames]),
        None,
        name,
        patient_id=name,
        notices=(window_notice("8-bit JPEG without position", JPEG_WINDOW),),
        pixels_lossy=True,
    )
    annotation = hemorrhage_annotation(
        drawn, [bleeds.get(n) for n in numbers], frames[0].shape, ischemia_absent=options.ischemia_absent
    )
    return ImportedCase(volume, annotation, "CT-ICH radiologists", JPEG_RANGE)


def _mask_files(folder: Path, number: int, masks: Path | None) -> list[Path]:
    """Return where the mask of one slice may lie: the patient's number is written with and without leading zeros."""
    if masks is None:
        return [folder / f"{number}_HGE_Seg.{suffix}" for suffix in ("png", "jpg")]
    patient = folder.parent.name
    return [masks / f"{name}_{number}.png" for name in dict.fromkeys((patient, str(int(patient))))]


def _drawn(paths: Sequence[Path], shape: tuple[int, ...]) -> NDArray[np.bool_] | None:
    """Return the mask drawn on one slice, None where there is none."""
    for path in filter(Path.is_file, paths):
        mask = read_drawn(path)
        require_same_shape(np.empty(shape, dtype=np.bool_), mask, path.name)
        return mask
    return None


def hemorrhage_annotation(
    drawn: Sequence[NDArray[np.bool_] | None],
    bleeds: Sequence[bool | None],
    shape: tuple[int, ...],
    *,
    ischemia_absent: bool,
) -> Annotation:
    """Return the annotation of masks that exist on some slices and a table that speaks of every slice.

    Parameters
    ----------
    drawn
        Per slice a bool (Y, X) mask or None.
    bleeds
        Per slice what the table says, None where it is silent.
    """
    count = len(drawn)
    mask = np.zeros((count, *shape), dtype=np.uint8)
    known = np.zeros((count, 2), dtype=bool)
    labels = np.full((count, 2), UNKNOWN, dtype=np.int8)
    if ischemia_absent:
        known[:, ISCHEMIA], labels[:, ISCHEMIA] = True, ABSENT
    for z, (lesion, bleeding) in enumerate(zip(drawn, bleeds, strict=True)):
        outlined = lesion is not None and bool(lesion.any())
        if lesion is not None and outlined:
            mask[z][lesion] = LesionClass.HEMORRHAGE
        if outlined or bleeding:
            known[z, HEMORRHAGE], labels[z, HEMORRHAGE] = outlined, PRESENT
        elif bleeding is False:
            known[z, HEMORRHAGE], labels[z, HEMORRHAGE] = True, ABSENT
    return Annotation(mask, known, labels, joint_label(labels))
