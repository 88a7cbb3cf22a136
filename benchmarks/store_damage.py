"""What a flipped bit does to a store: `python benchmarks/store_damage.py` (2,000 flips in database and pixel files).

For each flip all that the store hands out is compared with what was written, and `check` is asked. A flip is

- told: `check` names it, or the store says in one sentence that it cannot be opened,
- harmless: every row of the database and every answer are as before, and nothing is told,
- unseen: neither of the two,
- handed out: an answer differs from what was written, where there should have been one sentence,
- cut short: told by `check`, but a list lacks what was written without a word (a damaged index leads past it),
- undeclared: anything but that one sentence was raised.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import select

from napari_cpam_stroke.annotations import AnnotationStore, ModelRecord, Wanted
from napari_cpam_stroke.annotations.kind_rows import tell
from napari_cpam_stroke.annotations.lessons import Lesson
from napari_cpam_stroke.annotations.schema import Base, ListedRow
from napari_cpam_stroke.core import Annotation, CTVolume, VolumeGeometry
from napari_cpam_stroke.errors import StoreError

SHAPE = (3, 12, 10)
CASES = 6
DATABASE_SHARE = 0.8
"""Of the flips; the others are in pixel files."""

THRESHOLDS = {"ischemia": 0.3, "hemorrhage": 0.6}

DATABASE = "store.db"
READ_ALL = "SELECT * FROM {} NOT INDEXED ORDER BY rowid"
"""By no index, so that what is compared is the rows."""
SAID, NOT_SAID = "said in one sentence", "nothing"


@dataclass(frozen=True)
class ModelResult:
    mask: np.ndarray
    probabilities: np.ndarray
    model: ModelRecord


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--flips", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        counts, faults = run(Path(folder), flips=options.flips, seed=options.seed)
    print(json.dumps({"flips": options.flips, **counts, "faults": faults[:20]}, indent=2))


def run(folder: Path, *, flips: int, seed: int) -> tuple[dict[str, int], list[str]]:
    """Flip bits, one at a time, in a store made in `folder`; return how many did what, and what should not be."""
    whole = folder / "whole"
    make_store(whole)
    files = sorted(path.relative_to(whole) for path in (whole / "blobs").rglob("*") if path.is_file())
    before = Answers.of(whole)
    draw, counts, faults = random.Random(seed), Counter[str](), []
    for step in range(flips):
        name = Path(DATABASE) if draw.random() < DATABASE_SHARE else draw.choice(files)
        bit = draw.randrange(8 * (whole / name).stat().st_size)
        outcome, why = effect(whole, folder / "flipped", name, bit, before)
        counts[outcome] += 1
        if outcome not in {"told", "harmless"}:
            faults.append(f"{step}: bit {bit} of {name}: {outcome}: {why}")
    return {each: counts[each] for each in OUTCOMES}, faults


OUTCOMES = ("told", "harmless", "unseen", "handed out", "cut short", "undeclared")


@dataclass(frozen=True)
class Answers:
    """What a store says to every question, and every row of its database."""

    said: dict[str, Any]
    rows: Any

    @classmethod
    def of(cls, folder: Path) -> Answers:
        return cls(dict(answers(folder)), dump(folder / DATABASE))


def effect(whole: Path, place: Path, name: Path, bit: int, before: Answers) -> tuple[str, str]:
    """Flip one bit in a copy of the store and return what that does, with the reason."""
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(whole, place)
    content = bytearray((place / name).read_bytes())
    content[bit // 8] ^= 1 << bit % 8
    (place / name).write_bytes(content)
    try:
        told = complaints(place)
        after = Answers.of(place)
    except Exception as error:  # noqa: BLE001  this is what is looked for
        return "undeclared", f"{type(error).__name__}: {error}"
    for question, right in before.said.items():
        answer = after.said.get(question, SAID)
        if answer not in (right, SAID):
            kind = "handed out" if not shorter(answer, right) else "cut short" if told else "unseen"
            return kind, f"{question}: {answer!s:.200}"
    if told:
        return "told", told
    if after == before:
        return "harmless", ""
    return "unseen", str([question for question, right in before.said.items() if after.said.get(question) != right])


def shorter(answer: Any, right: Any) -> bool:
    """Whether an answer only lacks something."""
    if isinstance(answer, dict) and isinstance(right, dict):
        return all(answer[key] <= right.get(key, 0) for key in answer)
    listed = isinstance(answer, (list, tuple)) and isinstance(right, (list, tuple))
    return listed and all(each in right for each in answer)


def complaints(folder: Path) -> str:
    """Return what `check` says, or the sentence of a store that cannot be opened."""
    try:
        with AnnotationStore.open(folder, create=False) as store:
            return " ".join(store.check())
    except StoreError as error:
        return str(error)


def answers(folder: Path) -> Iterator[tuple[str, Any]]:
    """Yield every question and its answer, in values that can be compared."""
    try:
        store = AnnotationStore.open(folder, create=False)
    except StoreError:
        return
    with closing(store):
        for question, ask in questions(store):
            yield question, asked(ask)


def asked(ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except StoreError:
        return SAID


def questions(store: AnnotationStore) -> Iterator[tuple[str, Callable[[], Any]]]:
    yield "cases", store.cases
    for split in ("train", "validation", "test"):
        yield f"cases of {split}", partial(store.cases, split=split)
    for order in ("newest", "suspicion"):
        yield f"cases by {order}", partial(store.cases, order=order)
    yield "splits", store.splits
    yield "counts", store.counts
    yield "saved since", partial(store.saved_since, datetime(2026, 1, 1, tzinfo=UTC))
    yield "list", lambda: list(store.listing.ask(Wanted(), limit=99).cases)
    for number in range(CASES):
        yield from questions_on(store, f"c{number}")


def questions_on(store: AnnotationStore, name: str) -> Iterator[tuple[str, Callable[[], Any]]]:
    yield f"case {name}", partial(store.case, name)
    yield f"pixels of {name}", lambda: store.read_frames(name).tobytes()
    yield f"what is known of {name}", lambda: plain_case(store, name)
    yield f"head of {name}", partial(store.head, name)
    yield f"revisions of {name}", partial(store.revisions, name)
    yield f"annotations of {name}", lambda: [plain_annotation(store, r.id) for r in store.revisions(name)]
    yield f"runs of {name}", partial(store.runs, name)
    yield f"results in {name}", lambda: [[part.tobytes() for part in store.read_run(r.id)] for r in store.runs(name)]


def plain_case(store: AnnotationStore, name: str) -> Any:
    case = store.case(name)
    geometry = case.geometry
    return case.notices, case.acquisition, geometry and (geometry.positions_mm.tobytes(), geometry.pixel_spacing_mm)


def plain_annotation(store: AnnotationStore, revision: str) -> Any:
    said = store.read_annotation(revision)
    return tuple(a.tobytes() for a in (said.mask, said.mask_known, said.slice_labels, said.series_labels))


def dump(file: Path) -> Any:
    """Return every row of the database as SQLite reads it, None where it cannot."""
    try:
        with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
            connection.text_factory = bytes
            names = [table.name for table in Base.metadata.sorted_tables]
            return [connection.execute(READ_ALL.format(name)).fetchall() for name in names]
    except (sqlite3.Error, UnicodeError):
        return None


def make_store(folder: Path) -> None:
    """Make a store that holds some of everything."""
    model = ModelRecord("default", "1.0", "ab" * 32)
    splits = ("train", "validation", "test", None)
    with AnnotationStore.open(folder) as store:
        for number in range(CASES):
            store.add_case(volume(number), source="reader", split=splits[number % len(splits)])
        for number in range(CASES - 1):
            name = f"c{number}"
            first = store.save(
                name, Annotation.from_mask(mask(number + 2)), author="Ada", prediction_mask=mask(7), model=model
            )
            store.save(
                name, Annotation.from_mask(mask(5)), author="Ada", parent=first.id, comment="näher", status="accepted"
            )
            store.save(name, Annotation.from_mask(mask(6)), author="Bo", parent=first.id, branch=True)
            store.record_prediction(name, {"ischemia": number / 10, "hemorrhage": 0.2}, model, thresholds=THRESHOLDS)
            found = np.stack([mask(3) * 200, mask(number) * 10])
            store.keep_run(name, ModelResult(mask(3), found, model), {"seconds": 1.5})

        with store._database.writing() as session:  # noqa: SLF001 - by itself it takes many cases
            tell(session, dict.fromkeys(session.scalars(select(ListedRow.kind)), Lesson(0.5, ("the first",))))


def volume(number: int) -> CTVolume:
    hu = np.random.default_rng(number).integers(-1024, 3000, SHAPE, dtype=np.int16)
    places = np.c_[np.zeros(SHAPE[0]), np.full(SHAPE[0], 0.1), np.cumsum(np.full(SHAPE[0], 4.37))]
    where = VolumeGeometry(places, np.eye(3)[0], np.eye(3)[1], (0.43, 0.44), np.full(SHAPE[0], 5.0), "1.2.3")
    return CTVolume(hu, where, f"c{number}", f"p{number}")


def mask(voxels: int) -> np.ndarray:
    drawn = np.zeros(SHAPE, np.uint8)
    drawn[1].reshape(-1)[:voxels] = 1
    return drawn


if __name__ == "__main__":
    main()
