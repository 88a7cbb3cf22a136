"""CPAM-UNet against the same U-Net with attention off: operations, time and peak memory as ratios.

Run: python benchmarks/attention_cost.py [--size 512] [--width 32] [--channels 9] [--rounds 7] [--device auto]
Budget: at most 10 % more time and memory at 512 x 512.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from statistics import median
from time import perf_counter, process_time
from weakref import WeakSet, finalize

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

from napari_cpam_stroke.config import SegmenterConfig
from napari_cpam_stroke.inference.device import pick_device, reduced_precision
from napari_cpam_stroke.models import SegmenterOutput, build_model, count_parameters, fold_batch_norm

BUDGET = 1.10
SYSTEMS = ("unet", "cpam_unet")
Step = Callable[[], object]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--channels", type=int, default=9)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--precision", choices=["auto", "float32"], default="auto")
    return parser.parse_args()


def precision(options: argparse.Namespace) -> torch.dtype | None:
    return None if options.precision == "float32" else reduced_precision(pick_device(options.device))


def step(options: argparse.Namespace, system: str, mode: str) -> Step:
    """Return one prediction (`predict`) or one forward and backward pass (`train`) as a function."""
    device = pick_device(options.device)
    dtype = precision(options)
    torch.manual_seed(0)
    config = SegmenterConfig(
        architecture=system, base_width=options.width, in_channels=options.channels, input_size=options.size
    )
    model = build_model(config).to(device).to(memory_format=torch.channels_last).train(mode == "train")
    if mode == "predict":
        fold_batch_norm(model)
    x = torch.rand(options.batch, options.channels, options.size, options.size, device=device)
    x = x.contiguous(memory_format=torch.channels_last)

    def run() -> None:
        with torch.autocast(device.type, dtype=dtype, enabled=dtype is not None):
            with torch.inference_mode(mode == "predict"):
                output: SegmenterOutput = model(x)
            if mode == "train":
                torch.stack(
                    [o.float().square().mean() for o in (output.masks, output.image, *output.side)]
                ).sum().backward()
        if device.type == "cuda":
            torch.cuda.synchronize()

    return run


def seconds(run: Step, clock: Callable[[], float]) -> float:
    start = clock()
    run()
    return clock() - start


def times(options: argparse.Namespace, mode: str) -> dict[str, float]:
    """Return median seconds per system, measured in turns; on the CPU processor time, blind to busy neighbours."""
    clock = process_time if pick_device(options.device).type == "cpu" else perf_counter
    runs = {system: step(options, system, mode) for system in SYSTEMS}
    for run in runs.values():
        run()
    found: dict[str, list[float]] = {system: [] for system in SYSTEMS}
    for _ in range(options.rounds):
        for system, run in runs.items():
            found[system].append(seconds(run, clock))
    return {system: median(values) for system, values in found.items()}


def gigaflops(options: argparse.Namespace, system: str) -> float:
    run = step(options, system, "predict")
    with FlopCounterMode(display=False) as counter:
        run()
    return counter.get_total_flops() / 1e9 / options.batch


class LiveBytes(TorchDispatchMode):
    """Counts the bytes of all tensors alive at once; unlike resident memory it does not depend on the allocator."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.peak = 0
        self.known: WeakSet[torch.UntypedStorage] = WeakSet()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(result):
            if isinstance(leaf, torch.Tensor) and leaf.untyped_storage() not in self.known:
                self.add(leaf.untyped_storage())
        return result

    def add(self, storage: torch.UntypedStorage) -> None:
        self.known.add(storage)
        self.now += storage.nbytes()
        self.peak = max(self.peak, self.now)
        finalize(storage, self.release, storage.nbytes())

    def release(self, size: int) -> None:
        self.now -= size


def peak_mib(options: argparse.Namespace, system: str, mode: str) -> float:
    """Return peak memory of one step beyond weights and input."""
    run = step(options, system, mode)
    if pick_device(options.device).type == "cuda":
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        run()
        return (torch.cuda.max_memory_allocated() - before) / 2**20
    with LiveBytes() as live:
        run()
    return live.peak / 2**20


def main() -> None:
    options = arguments()
    rows = {"operations, GFLOP": {system: gigaflops(options, system) for system in SYSTEMS}}
    for mode in ("predict", "train"):
        rows[f"{mode}, ms"] = {system: 1e3 * value for system, value in times(options, mode).items()}
        rows[f"{mode}, peak MiB"] = {system: peak_mib(options, system, mode) for system in SYSTEMS}
    device = pick_device(options.device)
    number = str(precision(options) or torch.float32).removeprefix("torch.")
    print(f"{options.size} x {options.size} x {options.channels}, width {options.width}, {device}, {number}")
    config = SegmenterConfig(base_width=options.width, in_channels=options.channels, input_size=options.size)
    print(f"{'':20} {'U-Net':>10} {'CPAM-UNet':>10} {'ratio':>7}")
    for name, row in {**rows, "million weights": weights(config)}.items():
        ratio = row["cpam_unet"] / row["unet"]
        over = "  over the budget" if ratio > BUDGET and name != "million weights" else ""
        print(f"{name:20} {row['unet']:10.1f} {row['cpam_unet']:10.1f} {ratio:7.3f}{over}")


def weights(config: SegmenterConfig) -> dict[str, float]:
    return {s: count_parameters(build_model(replace(config, architecture=s))) / 1e6 for s in SYSTEMS}


if __name__ == "__main__":
    main()
