"""A tiny untrained model, folders of good and bad input, and a way to call the command line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from napari_cpam_stroke.bundles import ModelCard, save_bundle
from napari_cpam_stroke.cli import app
from napari_cpam_stroke.config import AttentionConfig, PreprocessConfig, SegmenterConfig


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def run() -> Run:
    """Call `cpam-stroke` in this process."""

    def call(*arguments: object) -> Done:
        result = CliRunner().invoke(app, [str(a) for a in arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Done(result.exit_code, result.stdout, result.stderr)

    return call


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle with random weights."""
    import torch

    from napari_cpam_stroke.models import build_model

    torch.manual_seed(0)
    attention = AttentionConfig(token_grid=4, heads=1, width=8)
    network = SegmenterConfig(base_width=4, depth=2, max_width=8, input_size=32, attention=attention)
    folder = tmp_path_factory.mktemp("bundle") / "tiny"
    card = ModelCard(name="tiny", architecture=network, preprocess=PreprocessConfig(size=32))
    save_bundle(folder, card, build_model(network).state_dict())
    return folder


@pytest.fixture(scope="session")
def ct_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The synthetic stroke case with few pixels, as DICOM; do not write into it."""
    from napari_cpam_stroke.samples import phantom_volume, stroke_geometry, write_dicom_series

    volume = phantom_volume()
    return write_dicom_series(tmp_path_factory.mktemp("ct") / "case", volume.hu, stroke_geometry(volume.shape[1]))


@pytest.fixture(scope="session")
def one_slice_dir(tmp_path_factory: pytest.TempPathFactory, ct_dir: Path) -> Path:
    """A CT series of one slice."""
    folder = tmp_path_factory.mktemp("one_slice")
    first = min(ct_dir.iterdir())
    (folder / first.name).write_bytes(first.read_bytes())
    return folder


@pytest.fixture(scope="session")
def mr_dir(tmp_path_factory: pytest.TempPathFactory, ct_dir: Path) -> Path:
    """A series of another modality."""
    from pydicom import dcmread
    from pydicom.uid import MRImageStorage

    folder = tmp_path_factory.mktemp("mr")
    for file in sorted(ct_dir.iterdir())[:5]:
        dataset = dcmread(file)
        dataset.Modality = "MR"
        dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = MRImageStorage
        dataset.save_as(folder / file.name)
    return folder


@pytest.fixture(scope="session")
def mixed_dir(tmp_path_factory: pytest.TempPathFactory, ct_dir: Path) -> Path:
    """The stroke case, a second series of one slice, and a text file."""
    from pydicom import dcmread
    from pydicom.uid import generate_uid

    folder = tmp_path_factory.mktemp("mixed")
    for file in ct_dir.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    dataset = dcmread(sorted(ct_dir.iterdir())[3])
    dataset.SeriesInstanceUID = generate_uid()
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    dataset.save_as(folder / "alone.dcm")
    (folder / "notes.txt").write_text("not DICOM")
    return folder
