"""Bounded mutation of mask headers; CPAM_FUZZ=1000 runs that many of each kind.

Every outcome must be one of: read, refused in words. Any other exception fails.
"""

from __future__ import annotations

import os
import warnings
from collections import Counter

import nibabel as nib
import numpy as np
import pytest
from foreign_seg import BRAIN, HEMORRHAGE, INFARCT, a_mask, foreign_seg, segment, small_series
from pydicom import dcmread

from mutation import NIFTI_HEADER_BYTES, mutate, spoil
from napari_cpam_stroke.dicom import read_mask
from napari_cpam_stroke.errors import CpamError
from napari_cpam_stroke.nifti.grid import LPS_TO_RAS, native_affine

COUNT = int(os.environ.get("CPAM_FUZZ", "30"))
KINDS = ("BINARY", "LABELMAP", "FRACTIONAL")


@pytest.fixture(scope="module")
def volume(tmp_path_factory):
    return small_series(tmp_path_factory.mktemp("small"))


@pytest.fixture
def counts(request, capsys):
    found = Counter()
    yield found
    with capsys.disabled():
        if request.config.get_verbosity() >= 1:
            print(f"\n{request.node.name}: {dict(found)}", end=" ")  # noqa: T201
    assert sum(found.values()) == COUNT


def outcome(path, volume) -> str:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            reading = read_mask(path, volume)
    except CpamError as error:
        assert "\n" not in str(error)  # noqa: PT017
        return "refused"
    assert reading.mask.shape == volume.shape
    return "read"


def seg_of(volume, kind):
    masks = [a_mask(volume, 1), a_mask(volume, 2)] + ([] if kind == "FRACTIONAL" else [a_mask(volume, 3)])
    if kind == "LABELMAP":
        masks = [masks[0], masks[1] & ~masks[0], masks[2] & ~masks[1] & ~masks[0]]
    if kind == "FRACTIONAL":
        masks = [mask * 0.8 for mask in masks]
    described = [segment(1, "ICH", HEMORRHAGE), segment(2, "Infarct", INFARCT, "AUTOMATIC"), segment(3, "Brain", BRAIN)]
    return foreign_seg(volume, masks, described[: len(masks)], kind=kind)


@pytest.mark.parametrize("kind", KINDS)
def test_elements_of_a_segmentation(kind, volume, tmp_path, counts):
    path, random = tmp_path / "seg.dcm", np.random.default_rng(11)
    seg_of(volume, kind).save_as(path)
    original = path.read_bytes()
    while sum(counts.values()) < COUNT:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            path.write_bytes(original)
            dataset = dcmread(path)
            try:
                for _ in range(int(random.integers(1, 4))):
                    mutate(dataset, random)
                dataset.save_as(path)
            except Exception:  # noqa: BLE001, S112  what cannot be written is no file to be read
                continue
        counts[outcome(path, volume)] += 1


@pytest.mark.parametrize("kind", KINDS)
def test_bytes_of_a_segmentation(kind, volume, tmp_path, counts):
    path, random = tmp_path / "seg.dcm", np.random.default_rng(12)
    seg_of(volume, kind).save_as(path)
    original = path.read_bytes()
    for _ in range(COUNT):
        path.write_bytes(spoil(original, random, original.rfind(b"\xe0\x7f\x10\x00")))
        counts[outcome(path, volume)] += 1


@pytest.mark.parametrize("image", [nib.Nifti1Image, nib.Nifti2Image])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_bytes_of_a_nifti_mask(image, dtype, volume, tmp_path, counts):
    path, random = tmp_path / "mask.nii", np.random.default_rng(13)
    made = image(
        np.ascontiguousarray((a_mask(volume) * 2).astype(dtype).transpose(2, 1, 0)),
        LPS_TO_RAS @ native_affine(volume.geometry),
    )
    made.set_qform(made.affine, code=1)
    nib.save(made, path)
    original = path.read_bytes()
    for _ in range(COUNT):
        path.write_bytes(spoil(original, random, NIFTI_HEADER_BYTES))
        counts[outcome(path, volume)] += 1


def test_bytes_of_a_packed_nifti_mask(volume, tmp_path, counts):
    path, random = tmp_path / "mask.nii.gz", np.random.default_rng(14)
    values = np.ascontiguousarray((a_mask(volume) * 2).astype(np.uint8).transpose(2, 1, 0))
    nib.save(nib.Nifti1Image(values, LPS_TO_RAS @ native_affine(volume.geometry)), path)
    original = path.read_bytes()
    for _ in range(COUNT):
        path.write_bytes(spoil(original, random, len(original)))
        counts[outcome(path, volume)] += 1


def test_a_number_whose_length_fits_no_number_is_refused(volume, tmp_path):
    path = tmp_path / "seg.dcm"
    seg_of(volume, "BINARY").save_as(path)
    data = path.read_bytes()
    at = data.index(b"\x02\x00\x00\x00UL\x04\x00")
    path.write_bytes(data[:at] + b"\x02\x00\x00\x00UL\x06\x00" + b"1e999 " + data[at + 12 :])
    assert outcome(path, volume) == "refused"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes")
@pytest.mark.parametrize("name", ["mask.nii", "mask.nii.gz", "seg.dcm"])
def test_a_pipe_is_refused_and_never_waited_for(volume, tmp_path, name):
    os.mkfifo(tmp_path / name)
    assert outcome(tmp_path / name, volume) == "refused"
