"""A long day in the reading room: is anything left behind by each case? Needs a display:

    xvfb-run -a -s "-screen 0 1366x768x24" python benchmarks/long_run.py [--cases 200] [--every 10]

One window, one process: each case is another patient's series, opened from its folder, predicted by the bundled model,
its mask taken over, a stroke drawn with the mouse, saved, accepted; every tenth time an earlier case is opened again.
Prints what the process holds after every so many cases, and what a case of the second half adds by a line through it.
"""

from __future__ import annotations

import argparse
import gc
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import psutil
from room import Hand

SLICES, SIZE, STEP_MM = 12, 256, 12.0
STROKE = ((-20, -10), (30, 25))
SETTLE_MS = 100
"""napari hands on the last of quick moves a little later."""

MIB = 2**20


@dataclass(frozen=True)
class Held:
    """What the process holds; memory in MiB of RAM, the rest counts."""

    memory: float
    handles: int
    threads: int
    objects: int
    widgets: int


def held() -> Held:
    """Look once what cannot be reached any more is gone."""
    from qtpy.QtWidgets import QApplication

    gc.collect()
    me, widgets = psutil.Process(), len(QApplication.allWidgets())
    return Held(me.memory_info().rss / MIB, me.num_fds(), me.num_threads(), len(gc.get_objects()), widgets)


def series(folder: Path, number: int) -> Path:
    """Write the series of a patient of its own."""
    from napari_cpam_stroke.samples import HeadPhantom, even_steps, stack_geometry, write_dicom_series
    from napari_cpam_stroke.samples.dicom_series import SeriesText

    geometry = stack_geometry(
        even_steps(SLICES, 12), shape_yx=(SIZE, SIZE), pixel_spacing_mm=(0.9, 0.9), thickness_mm=12
    )
    hu = HeadPhantom.stroke().render(geometry, (SIZE, SIZE))
    hu[0, 0, 0] = number  # no two patients have the same pixels
    text = SeriesText(patient_name=f"Phantom^{number}", patient_id=f"DAY-{number}", study=f"day-{number}")
    return write_dicom_series(folder / str(number), hu, geometry, text=text)


def read(session: Any, hand: Hand, folder: Path) -> str:
    """Read a case to its end and return its id."""
    from qtpy.QtTest import QTest

    session.open_path(folder)
    session.wait()
    case = str(session.case_id)
    session.models.run()
    session.wait()
    session.models.adopt()
    session.layers.reading.mode = "paint"
    before = session.review.draft().mask().copy()
    hand.press_and_move(*STROKE)
    hand.release(STROKE[-1])
    QTest.qWait(SETTLE_MS)
    if np.array_equal(before, session.review.draft().mask()):
        raise SystemExit(f"The stroke on case {case} changed nothing: the mouse did not reach the picture")
    session.records.save()
    session.wait()
    session.records.finish("accepted", go_on=False)
    session.wait()
    return case


def day(cases: int, every: int, home: Path) -> Iterator[tuple[int, Held]]:
    """Read the cases; yield what is held at the start and after every so many."""
    import napari

    from napari_cpam_stroke.widgets.room import open_room

    viewer = napari.Viewer()
    session = open_room(viewer)
    session.wait()
    hand = Hand(viewer, session)
    seen: list[str] = []
    for number in range(1, cases + 1):
        folder = series(home / "in", number)
        seen.append(read(session, hand, folder))
        shutil.rmtree(folder)
        if number % 10 == 0:
            session.open_case(seen[number // 2])
            session.wait()
        if number % every == 0:
            yield number, held()


def added_by_a_case(numbers: list[int], values: list[float]) -> float:
    """Return the slope of a line through the second half."""
    half = len(numbers) // 2
    return float(np.polyfit(numbers[half:], values[half:], 1)[0])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=200)
    parser.add_argument("--every", type=int, default=10)
    arguments = parser.parse_args()
    home = Path(tempfile.mkdtemp())
    os.environ |= {"CPAM_STROKE_HOME": str(home), "NAPARI_CONFIG": ""}
    rows: list[tuple[int, Held]] = []
    start = perf_counter()
    for number, now in day(arguments.cases, arguments.every, home):
        rows.append((number, now))
        print(number, f"{perf_counter() - start:.0f} s", {k: round(v) for k, v in asdict(now).items()}, flush=True)
    numbers = [number for number, _ in rows]
    for name in asdict(rows[0][1]):
        values = [getattr(now, name) for _, now in rows]
        added = added_by_a_case(numbers, values)
        print(f"{name:8} {added:+9.3f} for each case of the second half; most {max(values):.0f}", flush=True)
    shutil.rmtree(home, ignore_errors=True)
    os._exit(0)  # without the questions of a window that closes


if __name__ == "__main__":
    main()
