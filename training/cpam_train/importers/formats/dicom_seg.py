"""A folder of CT series and DICOM Segmentation objects made on them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from cpam_train.importers.formats.seg_address import SegAddress, segmentations_in
from cpam_train.importers.knowledge import annotate, knowledge_of
from cpam_train.importers.layout import require_folder
from cpam_train.importers.options import ImportOptions
from cpam_train.importers.record import Candidate, ImportedCase
from napari_cpam_stroke.errors import InputError

if TYPE_CHECKING:
    from napari_cpam_stroke.dicom import SeriesEntry


def find_dicom_seg(src: Path, options: ImportOptions) -> list[Candidate]:
    """One case per readable series with segmentations, all of which are read; names are this machine's pseudonyms.

    A class that no segment shows, and those in `options.unknown_classes`, were not looked for by whoever drew.
    """
    from napari_cpam_stroke.dicom import scan_folder

    require_folder(src)
    segmentations = segmentations_in(src)
    if not segmentations:
        raise InputError("Folder has no DICOM Segmentation", got=src, expected="CT series and SEG objects made on them")
    entries = scan_folder(src).series
    found: dict[str, list[Path]] = defaultdict(list)
    astray: list[Candidate] = []
    for segmentation in segmentations:
        try:
            for entry in segmentation.choose(entries):
                found[entry.key].append(segmentation.path)
        except InputError as error:
            astray.append(_astray(segmentation, error))
    by_key = {entry.key: entry for entry in entries}
    read = [
        Candidate(key, partial(_read, by_key[key], paths, options), names_of(by_key[key], src))
        for key, paths in found.items()
    ]
    return read + astray


def names_of(entry: SeriesEntry, src: Path) -> tuple[str, ...]:
    """Return what a list of patients may call a series: any folder below `src` around its files, or its UID."""
    folder = entry.files[0].parent.resolve()
    inner = [f for f in (folder, *folder.parents) if src.resolve() in f.parents]
    return (*(f.relative_to(src.resolve()).as_posix() for f in inner), entry.series_uid)


def _astray(segmentation: SegAddress, error: InputError) -> Candidate:
    """Return a candidate that says why a segmentation has no series."""

    def load() -> NoReturn:
        raise error

    return Candidate(f"segmentation {segmentation.path.name}", load, astray=True)


def _read(entry: SeriesEntry, segmentations: list[Path], options: ImportOptions) -> ImportedCase:
    from napari_cpam_stroke.dicom import read_series
    from napari_cpam_stroke.dicom.derived.segmentation_join import joined_segmentations

    volume = read_series(entry)
    reading = joined_segmentations(
        segmentations, volume, labels=options.labels, take_automatic=options.automatic == "truth"
    )
    return ImportedCase(
        replace(volume, source=()),
        annotate(reading.mask, **knowledge_of(reading.drawn, options.unknown_classes)),
        "imported segmentation",
        makers=reading.makers,
        notices=reading.notices,
    )
