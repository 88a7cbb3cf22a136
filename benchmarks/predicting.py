"""The bundled model on a head, and our network beside MONAI's: on the processor, with all of its cores."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from benchmarks.prediction import head
from benchmarks.row import Row, Runs, Wanted
from benchmarks.turns import beside, turns

from napari_cpam_stroke.bundles import ModelCard, save_bundle
from napari_cpam_stroke.config import PreprocessConfig, SegmenterConfig
from napari_cpam_stroke.core import CTVolume
from napari_cpam_stroke.inference import Predictor
from napari_cpam_stroke.models import build_model
from napari_cpam_stroke.samples import write_dicom_series

SLICES, MATRIX, SIZE = 30, 512, 256
PEER_SLICES = 4
"""On how many slices the peers are timed."""

PEAK = "import sys; from napari_cpam_stroke.cli import main; sys.exit(main())"


def rows(runs: int) -> Iterator[Row]:
    """Yield the rows of predicting."""
    volume = head(SLICES, MATRIX)
    words = f"{SLICES} slices of {MATRIX} x {MATRIX}"
    bundled = Predictor.load("default", "cpu")
    yield beside(f"{words}, the bundled model, loaded", "s", runs, lambda: bundled.predict(volume), Wanted(most=3))
    yield from whole_process(volume, words, runs)
    ours = untrained()
    for peer, call, times in (
        (f"MONAI AttentionUnet at {SIZE}, slice by slice", attention_unet(), 2.0),
        ("MONAI BasicUNet, sliding window", sliding_basic_unet(), 3.0),
    ):
        mine, theirs = turns(runs, lambda: ours.predict(volume), call)
        yield Row(
            f"CPAM-UNet of chance at {SIZE}, all of a prediction, a slice", "s",
            each(mine, SLICES), peer, each(theirs, PEER_SLICES), Wanted(times=times),
        )  # fmt: skip


def whole_process(volume: CTVolume, words: str, runs: int) -> Iterator[Row]:
    """Yield the seconds and the peak memory of `cpam-stroke predict`, from its start to its last file."""
    assert volume.geometry is not None
    with tempfile.TemporaryDirectory() as place:
        series = write_dicom_series(Path(place, "series"), volume.hu, volume.geometry)
        number = iter(range(1000))

        def predict() -> None:
            out = Path(place, f"out-{next(number)}")
            command = [sys.executable, "-c", PEAK, "predict", str(series), "--out", str(out), "--device", "cpu"]
            subprocess.run(command, check=False, capture_output=True)

        yield beside(f"{words}, `cpam-stroke predict` as a whole", "s", runs, predict, Wanted(most=8))
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    yield Row("the same, memory at its peak", "GB", (peak,), wanted=Wanted(most=1.2))


def untrained() -> Predictor:
    """Return our network of the paper's kind with weights of chance."""
    config = SegmenterConfig(input_size=SIZE)
    card = ModelCard(name="benchmark", architecture=config, preprocess=PreprocessConfig(size=SIZE))
    with tempfile.TemporaryDirectory() as folder:
        bundle = save_bundle(Path(folder) / "bundle", card, build_model(config).state_dict())
        return Predictor(bundle, "cpu")


def attention_unet() -> Callable[[], object]:
    """Return what runs MONAI's network of the same width as a plain script does: one slice after another, float32."""
    model = build_model(SegmenterConfig(architecture="attention_unet")).eval()
    x = torch.rand(1, 3, SIZE, SIZE)
    return lambda: [_masks(lambda: model(x).masks) for _ in range(PEER_SLICES)]


def sliding_basic_unet() -> Callable[[], object]:
    """Return what runs MONAI's BasicUNet over whole slices by its own sliding window."""
    from monai.inferers import sliding_window_inference
    from monai.networks.nets import BasicUNet

    model = BasicUNet(spatial_dims=2, in_channels=3, out_channels=2).eval()
    x = torch.rand(1, 3, MATRIX, MATRIX)
    return lambda: [_masks(lambda: sliding_window_inference(x, (SIZE, SIZE), 4, model)) for _ in range(PEER_SLICES)]


def _masks(call: Callable[[], torch.Tensor]) -> torch.Tensor:
    with torch.no_grad():
        return torch.sigmoid(call())


def each(runs: Runs, parts: int) -> Runs:
    """Return the seconds of each of so many parts."""
    return tuple(seconds / parts for seconds in runs)
