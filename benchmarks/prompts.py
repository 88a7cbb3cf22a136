"""From a prompt to the mask on one thread: the random walker, a network that listens to prompts, and its peers.

Run: python benchmarks/prompts.py [--model BUNDLE] [--beside litemedsam[=RUN]] [--rounds 100]
Budget: 200 ms median, 400 ms worst of 100 on 512 x 512; a series of 40 slices prepared in 15 s and 300 MB.
"""

from __future__ import annotations

import argparse
import resource
from statistics import median
from time import perf_counter, process_time

import numpy as np
import torch

from cpam_train.evaluation.prompt_peers import peers
from napari_cpam_stroke.core import CTVolume, LesionClass
from napari_cpam_stroke.inference import PromptedEngine
from napari_cpam_stroke.prompting import Prompt, PromptEngine, PromptKind, PromptRequest, RandomWalkerEngine

EDGE, SLICES = 512, 40


def head() -> CTVolume:
    """Return a head of 40 slices with an infarct, noise and a skull."""
    rng = np.random.default_rng(0)
    y, x = np.ogrid[:EDGE, :EDGE]
    away = np.hypot(y - EDGE / 2, x - EDGE / 2)
    brain = 32 - 8.0 * (np.hypot((y - 220) / 50, (x - 190) / 35) < 1)
    hu = np.where(away < 190, brain, np.where(away < 205, 900.0, -1000.0))
    noise = rng.normal(0, 4, (SLICES, EDGE, EDGE)) * (away < 190)
    return CTVolume((hu + noise).astype(np.int16), None, case_id="head")


def measure(engine: PromptEngine, volume: CTVolume, rounds: int) -> str:
    """Return how long an engine took, for points and boxes in turn, each a question of its own."""
    before, started = _peak_mb(), perf_counter()
    for z in range(SLICES):
        engine.prepare(volume, z)
    prepared = perf_counter() - started
    rng, wall, cpu = np.random.default_rng(0), [], []
    for n in range(rounds):
        row, column = rng.uniform(200, 240), rng.uniform(170, 210)
        places = ((row, column),) if n % 2 == 0 else ((row - 45, column - 35), (row + 45, column + 35))
        prompt = Prompt(PromptKind.POINT if n % 2 == 0 else PromptKind.BOX, n % SLICES, places)
        request = PromptRequest(volume, n % SLICES, LesionClass.ISCHEMIA, (prompt,), np.zeros((EDGE, EDGE), dtype=bool))
        engine.prepare(volume, n % SLICES)
        at, used = perf_counter(), process_time()
        engine.answer(request)
        wall.append(perf_counter() - at)
        cpu.append(process_time() - used)
    times = (
        f"{word} {value(wall) * 1000:.0f} ms (processor {value(cpu) * 1000:.0f} ms)"
        for word, value in (("median", median), (f"worst of {rounds}", max))
    )
    memory = f"{_peak_mb() - before:.0f} MB more at the peak"
    return f"{engine.name}: {', '.join(times)}; {SLICES} slices prepared in {prepared:.1f} s, {memory}"


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model")
    parser.add_argument("--beside", action="append", default=[])
    parser.add_argument("--rounds", type=int, default=100)
    options = parser.parse_args()
    torch.set_num_threads(1)
    volume = head()
    engines: list[PromptEngine] = [RandomWalkerEngine()]
    if options.model:
        engines.append(PromptedEngine.load(options.model, "cpu"))
    engines += peers(options.beside, "cpu")
    for engine in engines:
        print(measure(engine, volume, options.rounds))


if __name__ == "__main__":
    main()
