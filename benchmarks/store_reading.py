"""How long reading a store takes against another state of the code: `python benchmarks/store_reading.py --beside SRC`.

SRC is the `src` folder of a checkout. Each state fills a store of its own with the same made-up cases and reads it, by
turns, each turn in a new process. Printed is the processor time of the best turn, and the ratio. Without SRC: this
state alone.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from napari_cpam_stroke.annotations import AnnotationStore, ModelRecord, Wanted
from napari_cpam_stroke.core import Acquisition, Annotation, CTVolume, NoticeCode, VolumeGeometry
from napari_cpam_stroke.core.notice import info

SHAPE = (30, 16, 16)
PAGE = 200
OPENED = 20
"""Cases that are opened in one measurement."""

MODEL = ModelRecord("default", "1.0", "0" * 64)
NOTICES = (
    info(NoticeCode.SLICE_DISTANCE, "Slices 5.00 mm apart.", uniform=True, shortest_mm=5.0, longest_mm=5.0),
    info(NoticeCode.KERNEL, "Kernel H31s (soft).", kernel="H31s", sharpness="soft"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--beside", type=Path, default=None)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--folder", type=Path, default=None, help="keep the stores here; a temporary folder otherwise")
    parser.add_argument("--store", type=Path, default=None, help="in a turn: the store to read")
    options = parser.parse_args()
    if options.store is not None:
        print(json.dumps(measure(options.store, options.cases, options.repeats)))
        return
    with tempfile.TemporaryDirectory() as folder:
        compare(options.folder or Path(folder), options)


def compare(folder: Path, options: argparse.Namespace) -> None:
    """Read by turns and print a line for each action."""
    ours = Path(__file__).resolve().parent.parent / "src"
    sources = {"this": ours} if options.beside is None else {"this": ours, "that": options.beside.resolve()}
    turns: dict[str, list[dict[str, float]]] = {name: [] for name in sources}
    for _ in range(options.turns):
        for name, source in sources.items():
            turns[name].append(turn(source, folder / name, options))
    print(f"{f'{options.cases:,} cases, ms':44s}" + "".join(f"{name:>10s}" for name in sources) + "     ratio")
    for action in turns["this"][0]:
        least = [min(each[action] for each in turns[name]) for name in sources]
        print(f"{action:44s}" + "".join(f"{ms:10.2f}" for ms in least) + f"{least[0] / least[-1]:10.2f}")


def turn(source: Path, store: Path, options: argparse.Namespace) -> dict[str, float]:
    """Measure one state of the code in a process of its own."""
    told = subprocess.run(
        [sys.executable, __file__, "--store", store, "--cases", str(options.cases), "--repeats", str(options.repeats)],
        env=os.environ | {"PYTHONPATH": str(source)},
        stdout=subprocess.PIPE,
        check=True,
    )
    figures: dict[str, float] = json.loads(told.stdout)
    return figures


def measure(folder: Path, cases: int, repeats: int) -> dict[str, float]:
    """Return the least processor time of each action in milliseconds."""
    with AnnotationStore.open(folder) as store:
        fill(store, cases)
        names = [case.case_id for case in store.cases(limit=OPENED, order="newest")]

        def on_each(ask: Callable[[str], object]) -> Callable[[], object]:
            return lambda: [ask(name) for name in names]

        actions: dict[str, Callable[[], object]] = {
            "all cases": store.cases,
            f"{PAGE} cases by suspicion": lambda: store.cases(order="suspicion", limit=PAGE),
            f"a page of {PAGE} of the list": lambda: store.listing.ask(Wanted(), limit=PAGE),
            "its page in the middle, length known": lambda: store.listing.ask(
                Wanted(), first=cases // 2, limit=PAGE, total=cases
            ),
            "splits": store.splits,
            f"{OPENED} times a case": on_each(store.case),
            f"{OPENED} times its history": on_each(store.revisions),
            f"{OPENED} times its results of models": on_each(store.runs),
            f"{OPENED} times opening it": on_each(lambda name: opened(store, name)),
        }
        return {name: least_ms(act, repeats) for name, act in actions.items()}


def opened(store: AnnotationStore, name: str) -> None:
    """Read what the viewer needs to show a case."""
    store.read_volume(name)
    head = store.head(name)
    if head is not None:
        store.read_annotation(head.id)
    store.revisions(name)
    store.runs(name)


def fill(store: AnnotationStore, cases: int) -> None:
    """Make the cases, each with two versions, a third of them with one beside the main line, unless they are there."""
    if store.count_cases() >= cases:
        return
    rng = np.random.default_rng(0)
    mask = np.zeros(SHAPE, np.uint8)
    mask[10, 4:9, 4:9] = 1
    with store.bulk():
        for number in range(cases):
            add(store, number, rng, mask)


def add(store: AnnotationStore, number: int, rng: np.random.Generator, mask: np.ndarray) -> None:
    places = rng.random((1, 3)) + np.c_[np.zeros((SHAPE[0], 2)), np.cumsum(rng.uniform(4.8, 5.2, SHAPE[0]))]
    where = VolumeGeometry(places, np.eye(3)[0], np.eye(3)[1], (0.45, 0.45), np.full(SHAPE[0], 5.0), "1.2.840.1.2.1")
    made = Acquisition(slice_thickness_mm=5.0, kernel="H31s")
    volume = CTVolume(
        np.zeros(SHAPE, np.int16), where, f"case-{number:06d}", f"p{number // 3}", notices=NOTICES, acquisition=made
    )
    name = store.add_case(volume, source="benchmark").case_id
    ischemia, hemorrhage = rng.random(2).tolist()
    store.record_prediction(name, {"ischemia": ischemia, "hemorrhage": hemorrhage}, MODEL)
    first = store.save(name, Annotation.from_mask(mask), author="Ada", model=MODEL, prediction_mask=mask)
    store.save(name, Annotation.from_mask(mask), author="Bo", parent=first.id, comment="edges", status="accepted")
    if number % 3 == 0:
        store.save(name, Annotation.from_mask(mask), author="Cleo", parent=first.id, branch=True)


def least_ms(work: Callable[[], object], repeats: int) -> float:
    times = []
    for _ in range(repeats):
        begin = time.process_time()
        work()
        times.append(1000 * (time.process_time() - begin))
    return min(times)


if __name__ == "__main__":
    main()
