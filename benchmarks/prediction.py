"""Slices per second of `Predictor` against a plain float32 loop over MONAI's AttentionUnet of the same width.

Run: python benchmarks/prediction.py [--slices 30] [--matrix 512] [--width 32] [--rounds 3] [--device auto]
The plain loop is what a script around MONAI does: one slice at a time, float32, contiguous, no head crop. It runs
twice: on the native matrix, and on slices already shrunk to our network's size (without any pre- and post-processing).
Budgets: a head of 30 slices under 15 s on two CPU cores, under 0.3 s on an H200; 3 times the slices/s of the loop.
On a busy machine run it with OMP_NUM_THREADS=1 and --clock process: processor seconds of one core.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

import numpy as np
import torch

from napari_cpam_stroke.bundles import ModelCard, save_bundle
from napari_cpam_stroke.config import PreprocessConfig, SegmenterConfig
from napari_cpam_stroke.core import CTVolume, VolumeGeometry
from napari_cpam_stroke.core.head import locate_head
from napari_cpam_stroke.core.preprocess import network_input
from napari_cpam_stroke.inference import Predictor
from napari_cpam_stroke.inference.native import NativeGrid
from napari_cpam_stroke.models import build_model

H200_BF16_PEAK_TFLOPS = 989.0
"""Dense bfloat16 peak of an H200 SXM, from NVIDIA's data sheet."""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slices", type=int, default=30)
    parser.add_argument("--matrix", type=int, default=512)
    parser.add_argument("--size", type=int, default=256, help="edge of the network input")
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--loop-slices", type=int, default=6, help="slices the plain loop is timed on")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--clock", choices=["wall", "process"], default="wall")
    return parser.parse_args()


def head(slices: int, matrix: int) -> CTVolume:
    """Return a noisy ellipse of brain in a ring of bone, 5 mm slices."""
    y, x = np.mgrid[:matrix, :matrix] - matrix / 2
    radius = (y / (0.4 * matrix)) ** 2 + (x / (0.32 * matrix)) ** 2
    frame = np.where(radius < 1, np.where(radius < 0.85, 34, 900), -1000)
    hu = frame + np.random.default_rng(0).normal(0, 4, (slices, matrix, matrix))
    z = np.arange(slices) * 5.0
    spacing = 230 / matrix
    geometry = VolumeGeometry(
        np.stack([0 * z, 0 * z, z], axis=1), np.eye(3)[0], np.eye(3)[1], (spacing, spacing), np.full(slices, 5.0)
    )
    return CTVolume(hu.astype(np.int16), geometry, case_id="benchmark")


def predictor(options: argparse.Namespace) -> Predictor:
    config = SegmenterConfig(base_width=options.width, input_size=options.size)
    card = ModelCard(name="benchmark", architecture=config, preprocess=PreprocessConfig(size=options.size))
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        bundle = save_bundle(Path(folder) / "bundle", card, build_model(config).state_dict())
        return Predictor(bundle, options.device)


def plain_loop(options: argparse.Namespace, device: torch.device, edge: int) -> float:
    """Return slices per second of MONAI's network, one slice at a time."""
    config = SegmenterConfig(architecture="attention_unet", base_width=options.width)
    model = build_model(config).to(device).eval()
    x = torch.rand(1, 3, edge, edge)

    def once() -> None:
        with torch.no_grad():
            torch.sigmoid(model(x.to(device)).masks).cpu()

    once()
    return options.loop_slices / seconds(options, lambda: [once() for _ in range(options.loop_slices)])


def seconds(options: argparse.Namespace, run: Callable[[], object]) -> float:
    clock = process_time if options.clock == "process" else perf_counter
    start = clock()
    run()
    return clock() - start


def parts(options: argparse.Namespace, found: Predictor, volume: CTVolume) -> dict[str, float]:
    """Return seconds of what stands around the network: finding the head, input, and the way back."""
    config = found.card.preprocess
    frame = locate_head(volume.hu, config)
    grid = NativeGrid(frame, size=config.size, shape_yx=(volume.shape[1], volume.shape[2]))
    maps = torch.rand(volume.shape[0], 2, config.size, config.size, device=found.device)
    runs: dict[str, Callable[[], object]] = {
        "find the head": lambda: locate_head(volume.hu, config),
        "network input": lambda: network_input(volume.hu, frame, config, range(volume.shape[0])),
        "native masks": lambda: grid.to_bytes(maps).cpu(),
    }
    return {name: seconds(options, run) for name, run in runs.items()}


def main() -> None:
    options = arguments()
    volume, ours = head(options.slices, options.matrix), predictor(options)
    first = ours.predict(volume)
    taken, native, same = [], [], []
    for _ in range(options.rounds):
        taken.append(seconds(options, lambda: ours.predict(volume)))
        native.append(plain_loop(options, ours.device, options.matrix))
        same.append(plain_loop(options, ours.device, options.size))
    rate = options.slices / median(taken)
    print(f"{options.slices} slices of {options.matrix} x {options.matrix}, {first.device}, {first.precision}")
    print(f"Predictor, CPAM-UNet at {options.size}: {median(taken):.2f} s, {rate:.2f} slices/s")
    for edge, rates in ((options.matrix, native), (options.size, same)):
        print(f"plain loop, AttentionUnet at {edge}: {median(rates):.2f} slices/s, ours x {rate / median(rates):.2f}")
    for name, value in parts(options, ours, volume).items():
        print(f"  of ours, {name}: {value:.2f} s")
    if ours.device.type == "cuda":
        print(f"  share of the bf16 peak: {share_of_peak(options, rate):.1%}")


def share_of_peak(options: argparse.Namespace, rate: float) -> float:
    from torch.utils.flop_counter import FlopCounterMode

    model = build_model(SegmenterConfig(base_width=options.width, input_size=options.size)).eval()
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(torch.rand(1, 3, options.size, options.size))
    return counter.get_total_flops() * rate / (H200_BF16_PEAK_TFLOPS * 1e12)


if __name__ == "__main__":
    main()
