"""How long the worklist takes: `python benchmarks/worklist.py`. Median and worst of each action against 100 ms.

An action ends when the dock has the store's answer; the longest stretch in which the window stood still is told too.
The cases are made up. `--store` takes a folder, or a postgresql:// address with `?blobs=FOLDER`, that is empty or was
filled by this script before.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import select

from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.annotations.records import STATUSES
from napari_cpam_stroke.annotations.schema import CaseRow, OpinionRow, PatientRow
from napari_cpam_stroke.core import Acquisition, CTVolume, NoticeCode
from napari_cpam_stroke.core.notice import info

BUDGET_MS = 100
GIVEN_UP_S = 10
NOTICES = (
    info(NoticeCode.SLICE_DISTANCE, "Slices 5.00 mm apart.", uniform=True, shortest_mm=5.0, longest_mm=5.0),
    info(NoticeCode.KERNEL, "Kernel H31s (soft).", kernel="H31s", sharpness="soft"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--store", default="", help="left out: SQLite in a temporary folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        address = options.store or str(Path(folder) / "store")
        fill(address, options.cases)
        measure(address, Path(folder), options.repeats)


def fill(address: str, number: int) -> None:
    """Make a store of many cases, unless it is filled."""
    with AnnotationStore.open(address) as store:
        if store.count_cases() >= number:
            return
        made = Acquisition(slice_thickness_mm=5.0, kernel="H31s")
        volume = CTVolume(np.zeros((2, 4, 4), np.int16), None, "first", "first", notices=NOTICES, acquisition=made)
        store.add_case(volume, source="benchmark")
        with store._database.writing() as session:  # noqa: SLF001 - one by one it would take hours
            first = session.execute(select(*CaseRow.__table__.columns)).mappings().one()
            rows = [dict(first) | row for row in made_up(number)]
            for kind, values in (
                (PatientRow, [{"patient_id": row["patient_id"]} for row in rows]),
                (CaseRow, rows),
                (OpinionRow, [opinion(row["case_id"]) for row in rows]),
            ):
                session.add_all(kind(**each) for each in values)
                session.flush()
                session.expunge_all()
        for name, catch_up in (("list all", store.listing.bring_up_to_date), ("weigh all", store.listing.weigh)):
            begin = time.perf_counter()
            catch_up()
            print(f"{name}: {time.perf_counter() - begin:.1f} s, once, in the background", flush=True)
        begin = time.perf_counter()
        store.listing.weigh()
        print(f"weigh again: {1000 * (time.perf_counter() - begin):.0f} ms, in the background", flush=True)


def opinion(case_id: str) -> dict[str, str]:
    """Return how the prediction of a case is to be read."""
    details = {"series_thresholds": {"ischemia": 0.3, "hemorrhage": 0.6}, "members": {}}
    return {"case_id": case_id, "model_sha256": "0" * 64, "details": json.dumps(details)}


def made_up(number: int) -> list[dict[str, Any]]:
    """Return what differs between cases."""
    rng = np.random.default_rng(0)
    return [
        {
            "case_id": f"u-{rng.bytes(6).hex()}{i:06d}",
            "patient_id": f"p-{i}",
            "content_hash": f"{i}",
            "slices": int(rng.integers(20, 300)),
            "added": f"2026-{rng.integers(1, 13):02d}-{rng.integers(1, 29):02d}T10:00:00.000000+00:00",
            "status": STATUSES[rng.integers(len(STATUSES))],
            **made_up_prediction(rng),
            "source": ("reader", "ct-ich", "teknofest", "instance")[i % 4],
            "reader": ("", "Ada", "Bo")[i % 3],
            "search_text": f"case{i} benchmark slices 5.00 mm apart. kernel h31s (soft). dr ada {rng.bytes(30).hex()}",
        }
        for i in range(number - 1)
    ]


def made_up_prediction(rng: np.random.Generator) -> dict[str, Any]:
    """Return what a model said of a case."""
    ischemia, hemorrhage = rng.random(2).tolist()
    return {
        "ischemia_probability": ischemia,
        "hemorrhage_probability": hemorrhage,
        "model_sha256": "0" * 64,
        "suspicion": max(ischemia, hemorrhage),
        "uncertainty": float(rng.random()),
    }


def measure(address: str, folder: Path, repeats: int) -> None:
    """Print a line for each action of a reader in the Cases dock."""
    from napari.components import ViewerModel
    from qtpy.QtWidgets import QApplication

    from napari_cpam_stroke.widgets.docks.cases import CasesDock
    from napari_cpam_stroke.widgets.reading.case_list import PAGE
    from napari_cpam_stroke.widgets.reading.session import session_of
    from napari_cpam_stroke.widgets.reading.settings import SettingsFile

    app = QApplication([])
    viewer = ViewerModel()
    session = session_of(viewer)
    session.settings = SettingsFile(folder / "room.json")
    session.settings.change(store=address)
    dock = CasesDock(session)
    dock.resize(300, 800)
    dock.show()
    session.wait()
    worklist, table = session.worklist, dock.list.table
    clock = Clock(app)
    middle = worklist.cases[PAGE // 2].case_id

    def timed(name: str, act: Callable[[int], object], signal: Any) -> None:
        spans = [clock.span(lambda n=n: act(n), signal) for n in range(repeats)]
        whole, blocked = [span[0] for span in spans], max(span[1] for span in spans)
        print(f"{name:34s} {statistics.median(whole):8.1f} {max(whole):8.1f} {blocked:8.1f}", flush=True)

    print(f"{worklist.total:,} cases, ms (budget {BUDGET_MS})  median    worst  blocked")
    timed("open the list", lambda _: worklist.refresh(), worklist.changed)
    for order in ("added", "slices", "series", "status", "suspicion", "teaches", "reader", "version"):
        timed(f"sort by {order}", lambda _, order=order: table.sort(order), worklist.changed)
    bar, end = table.verticalScrollBar(), table.verticalScrollBar().maximum()
    timed("scroll far", lambda n: bar.setValue((n + 1) * end // (repeats + 1)), worklist.fetched)
    for status in ("new", "accepted"):
        timed(f"filter {status}", lambda _, status=status: worklist.refresh(status=status), worklist.changed)
    worklist.refresh(status=None)
    session.wait()
    for words in ("case9", "case99999", "kernel h31s", "nothing-like-it"):
        timed(f"search {words!r}", lambda _, words=words: worklist.refresh(search=words), worklist.changed)
    worklist.refresh(search="")
    session.wait()
    store, states = session.store.open(), ("accepted", "rejected")
    for n in range(2):
        store.set_status(middle, states[n])
        timed(f"after a save, {states[n]}", lambda _: worklist.refresh(), worklist.changed)
    session.shut()


class Clock:
    """How long until a signal comes, and the longest stretch in which the window could not move meanwhile."""

    def __init__(self, app: Any) -> None:
        self._app = app

    def span(self, act: Callable[[], object], signal: Any) -> tuple[float, float]:
        """Return both in milliseconds."""
        came: list[float] = []

        def note(*_: object) -> None:
            came.append(time.perf_counter())

        signal.connect(note)
        begin = time.perf_counter()
        act()
        blocked = now = time.perf_counter()
        blocked -= begin
        while not came and now - begin < GIVEN_UP_S:
            self._app.processEvents()
            after = time.perf_counter()
            blocked, now = max(blocked, after - now), after
            time.sleep(0.001)
            now = time.perf_counter()
        signal.disconnect(note)
        for _ in range(20):
            self._app.processEvents()
            time.sleep(0.005)
        return 1000 * (came[0] - begin if came else GIVEN_UP_S), 1000 * blocked


if __name__ == "__main__":
    main()
