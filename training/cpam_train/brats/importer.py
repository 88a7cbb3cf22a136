"""BraTS 2018 as published: `{HGG,LGG}/Brats18_*/Brats18_*_{flair,t1,t1ce,t2,seg}.nii.gz`."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cpam_train.brats.folder import BratsCase, BratsFolder
from cpam_train.brats.regions import CHANNELS, FROM_BRATS
from cpam_train.importers.layout import require_folder
from cpam_train.importers.nifti_volume import read_nifti
from cpam_train.importers.options import ImportOptions
from cpam_train.importers.record import ImportSummary, NoneImportedError, SkippedCase
from napari_cpam_stroke.core.arrays import Floats32
from napari_cpam_stroke.core.boxes import smallest_box
from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.progress import Progress

LAYOUT = "{HGG,LGG}/Brats18_<case>/Brats18_<case>_{flair,t1,t1ce,t2,seg}.nii.gz"
GRADES = ("HGG", "LGG")


def import_brats(
    src: Path,
    target: BratsFolder,
    options: ImportOptions | None = None,
    *,
    progress: Progress | None = None,
) -> ImportSummary:
    """Prepare every case below `src` that is not there yet and give new patients a split.

    Raises
    ------
    InputError
        For a folder of another layout, or when no case could be used.
    """
    folders = _case_folders(src)
    there = {case.case_id for case in target.cases()}
    new = list(islice((f for f in folders if f.name not in there), (options or ImportOptions()).limit))
    skipped: list[SkippedCase] = []
    for done, folder in enumerate(new, start=1):
        try:
            target.add(*_prepare(folder))
        except InputError as error:
            skipped.append(SkippedCase(folder.name, str(error)))
        if progress is not None:
            progress(done, len(new))
    if skipped and not target.cases():
        raise NoneImportedError(skipped)
    target.assign_splits()
    added = [case for case in target.cases() if case.case_id not in there]
    return ImportSummary(
        source="brats",
        cases=len(added),
        slices=sum(case.slices for case in added),
        already_there=len(there),
        groups=len({case.patient for case in added}),
        skipped=tuple(skipped),
    )


def _case_folders(src: Path) -> list[Path]:
    require_folder(src)
    folders = [folder for grade in GRADES for folder in sorted((src / grade).glob("*")) if folder.is_dir()]
    if not folders:
        raise InputError("Folder does not have the expected layout", got=src, expected=LAYOUT)
    return folders


def _prepare(folder: Path) -> tuple[BratsCase, Floats32, NDArray[np.uint8]]:
    volumes = [read_nifti(_file(folder, channel)) for channel in CHANNELS]
    labels = _labels(read_nifti(_file(folder, "seg")).values, folder.name)
    if {volume.values.shape for volume in volumes} != {labels.shape}:
        raise InputError(f"Files of {folder.name} differ in size")
    brain = np.any([volume.values != 0 for volume in volumes], axis=0)
    if not brain.any():
        raise InputError(f"Case {folder.name} is empty")
    box = smallest_box(brain)
    images = np.stack([_normalised(volume.values, brain) for volume in volumes], axis=1)
    cut = (box[0], slice(None), *box[1:])
    patient = folder.name.rpartition("_")[0] or folder.name
    kept = images[cut]
    return BratsCase(folder.name, patient, folder.parent.name, len(kept)), kept, labels[box]


def _file(folder: Path, channel: str) -> Path:
    for suffix in (".nii.gz", ".nii"):
        path = folder / f"{folder.name}_{channel}{suffix}"
        if path.is_file():
            return path
    raise InputError(f"Case {folder.name} has no {channel} volume", expected=LAYOUT)


def _normalised(values: Floats32, brain: NDArray[np.bool_]) -> Floats32:
    """Return standard deviations from the brain's mean, 0 outside the brain: MR has no absolute scale."""
    inside = values[brain]
    scaled = (values - inside.mean()) / max(float(inside.std()), 1e-6)
    return np.where(brain, scaled, 0).astype(np.float32)


def _labels(values: Floats32, name: str) -> NDArray[np.uint8]:
    whole = np.rint(values).astype(np.int64)
    strange = sorted(set(np.unique(whole).tolist()) - set(FROM_BRATS))
    if strange:
        raise InputError(f"Segmentation of {name} holds an unknown value", got=strange[0], expected="0, 1, 2 or 4")
    table = np.zeros(max(FROM_BRATS) + 1, dtype=np.uint8)
    for value, label in FROM_BRATS.items():
        table[value] = label
    return np.asarray(table[whole])
