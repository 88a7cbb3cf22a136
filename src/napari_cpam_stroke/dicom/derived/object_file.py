"""A DICOM object made here, on its way to the disk."""

from __future__ import annotations

from pathlib import Path

from pydicom.dataset import Dataset

from napari_cpam_stroke.files import write_whole


def save_dataset(path: Path, dataset: Dataset) -> Path:
    """Write a dataset with an empty preamble, whole or not at all."""
    dataset.preamble = bytes(128)
    write_whole(path, lambda file: dataset.save_as(file, enforce_file_format=True), durable=True)
    return path
