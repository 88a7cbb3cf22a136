"""What a power cut takes: `python benchmarks/power_cut.py` (needs `strace`; `--work store` for one kind of work).

Each work is done by a program of its own, and every call by which it changes files is written down, SQLite's included.
From them the states of the disk are built that a cut at any moment may leave (`disk_model.py`), and in each of them the
work is looked for by our own code:

- lost: what was acknowledged before the cut is not there, or not whole,
- half: something unfinished is taken for whole, or stands in the way of doing it again.

States that differ only in what is in unfinished files are looked at once, and told by their full number: whether such
a file is opened is watched, and counts as half.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from disk_model import MODELS, Event, State, digest_of, states
from traced_calls import ACKNOWLEDGEMENT, Recorder, traced, tree_of

from napari_cpam_stroke import files
from napari_cpam_stroke.annotations import AnnotationStore, Journal, ModelRecord
from napari_cpam_stroke.annotations.recovery import Snapshot
from napari_cpam_stroke.core import Annotation, CTVolume
from napari_cpam_stroke.export.safe_folder import result_folder
from napari_cpam_stroke.files import OLD_SUFFIX, is_unfinished

SHAPE = (2, 8, 6)
STORE, OTHER, BACKUP, HOME, RUN = "hospital/store", "other/store", "backups/monday", "home", "runs/first"
RESULTS, RESULT_FILES = "results/case", ("mask", "report")

LATER = 20
"""Number of the case that is added to a store after a cut, and voxels of its mask."""

MOST_NAMED = 10
"""Faults that are told in full."""

KILLED = 9
"""SIGKILL."""

OPENED: list[set[str]] = []
"""While a state is looked at: paths of files, some of them in an address of SQLite's, and of what got another name."""


@dataclass(frozen=True)
class Work:
    """Something that is worth a power cut.

    Attributes
    ----------
    before
        What is on the disk when it begins.
    steps
        What is done, one program after another; each but the last may be killed.
    faults
        Yields what is wrong in a folder, given what was acknowledged.
    """

    before: Callable[[Path], None]
    steps: tuple[Callable[[Path], None], ...]
    faults: Callable[[Path, tuple[str, ...]], Iterator[str]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", choices=WORKS, action="append")
    parser.add_argument("--do", nargs=2, metavar=("STEP", "FOLDER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.do:
        name, _, step = options.do[0].partition("/")
        WORKS[name].steps[int(step)](Path(options.do[1]))
        return
    for name in options.work or WORKS:
        with tempfile.TemporaryDirectory(dir=memory_disk()) as folder:
            print(json.dumps({"work": name, **run(name, Path(folder))}), flush=True)


def memory_disk() -> str | None:
    """Return a folder in memory, for many states are written; None where there is none."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108


def run(name: str, folder: Path, *, most: int | None = None) -> dict[str, object]:
    """Do one work in `folder` and return how many states each model has, and what is wrong in how many of them.

    Parameters
    ----------
    most
        Of the states of each model, drawn evenly over the moments; None: all.
    """
    work, root = WORKS[name], folder / "disk"
    root.mkdir()
    work.before(root)
    before = tree_of(root)
    events = list(events_of(name, root, folder))
    found: dict[str, object] = {"changes": len(events)}
    known: dict[bytes, list[str]] = {}
    for model in MODELS:
        counts, named = Counter[str](), []
        left = list(states(before, events, model))
        for state in left[:: 1 if most is None else -(-len(left) // most)]:
            counts["states"] += 1
            same = digest_of(state.tree, len(state.acknowledged), unread=unfinished)
            if same not in known:
                known[same] = list(faults_in(work, state, folder / "state"))
            faults = known[same]
            counts.update({fault.partition(":")[0] for fault in faults})
            named += [f"after change {state.moment}: {fault}" for fault in faults]
        found[model] = {each: counts[each] for each in ("states", "lost", "half")} | {"faults": named[:MOST_NAMED]}
    return found | {"looked at": len(known)}


def unfinished(path: str) -> bool:
    """Whether something lies under a name that marks it as unfinished."""
    return any(is_unfinished(Path(part)) and not part.endswith(OLD_SUFFIX) for part in Path(path).parts)


def events_of(name: str, root: Path, folder: Path) -> Iterator[Event]:
    """Yield what the programs of a work change in `root`."""
    recorder = Recorder(root, tree_of(root))
    for number in range(len(WORKS[name].steps)):
        log = folder / f"{number}.calls"
        status = traced([sys.executable, __file__, "--do", f"{name}/{number}", str(root)], log)
        if status and number == len(WORKS[name].steps) - 1:
            raise RuntimeError(f"the work {name} ended with status {status}")
        yield from recorder.events(log)
        log.unlink()


def faults_in(work: Work, state: State, place: Path) -> Iterator[str]:
    """Yield what is wrong in one state; it is made in `place`."""
    shutil.rmtree(place, ignore_errors=True)
    state.tree.write_to(place)
    with opened_paths() as opened:
        try:
            yield from work.faults(place, state.acknowledged)
        except Exception as error:  # noqa: BLE001 - whatever is raised here is a fault
            yield f"{'lost' if state.acknowledged else 'half'}: {type(error).__name__}: {error}"
    for path, content in state.tree.paths():
        full = str(place / path)
        used = any(full in each or full.startswith(f"{each}/") for each in opened)
        if used and content is not None and unfinished(path):
            yield f"half: {path} is unfinished and was opened"


@contextmanager
def opened_paths() -> Iterator[set[str]]:
    """Give the paths that are opened, or get another name, in the block."""
    OPENED.append(set())
    try:
        yield OPENED[-1]
    finally:
        OPENED.pop()


def note_opened(event: str, given: tuple[object, ...]) -> None:
    """Note what this program opens or gives another name; a folder that is only opened is left out."""
    if not OPENED:
        return
    named = event in {"sqlite3.connect", "os.rename", "os.link"}
    if named or (event == "open" and not isinstance(given[0], int) and not Path(os.fsdecode(given[0])).is_dir()):
        OPENED[-1].add(str(given[0]))


def acknowledge(*what: object) -> None:
    """Say that something is kept."""
    os.write(1, ACKNOWLEDGEMENT + " ".join(map(str, what)).encode() + b"\n")


def nothing(_root: Path) -> None:
    """Begin with an empty disk."""


# What is done.


def fill_store(root: Path, place: str = STORE) -> None:
    """Make a store; add cases; save first, second, beside and in bulk; close; open again and save."""
    model = ModelRecord("default", "1.0", "ab" * 32)
    with AnnotationStore.open(root / place) as store:
        acknowledge("store", place)
        for number in range(2):
            store.add_case(volume(number), source="reader", split="train")
            acknowledge("case", f"c{number}")
        first = saved(store, "c0", 3, prediction_mask=mask(7), model=model)
        saved(store, "c0", 5, parent=first, status="accepted")
        saved(store, "c0", 6, parent=first, branch=True)
    with AnnotationStore.open(root / place) as store:
        saved(store, "c1", 9)
        with store.bulk():
            store.add_case(volume(2), source="reader")
            third = store.save("c2", Annotation.from_mask(mask(4)), author="Ada")
        acknowledge("revision", third.id, 4)


def saved(store: AnnotationStore, case: str, voxels: int, **how: object) -> str:
    revision = store.save(case, Annotation.from_mask(mask(voxels)), author="Ada", **how)
    acknowledge("revision", revision.id, voxels)
    return revision.id


def killed_at_a_folder_sync(root: Path) -> None:
    """Save, killed when the pixel file has its name and its folder was not waited for."""
    sync = os.fsync

    def until_renamed(handle: int) -> None:
        if Path(f"/proc/self/fd/{handle}").is_dir() and any((root / STORE / "blobs").glob(f"??/{'[0-9a-f]' * 64}")):
            os.kill(os.getpid(), KILLED)
        sync(handle)

    with AnnotationStore.open(root / STORE) as store:
        acknowledge("store", STORE)
        os.fsync = until_renamed
        store.add_case(volume(0), source="reader")


def save_again(root: Path) -> None:
    """Do the same work again, and more."""
    with AnnotationStore.open(root / STORE) as store:
        store.add_case(volume(0), source="reader")
        acknowledge("case", "c0")
        saved(store, "c0", 3)


def two_stores(root: Path) -> None:
    for place, voxels in ((STORE, 3), (OTHER, 8)):
        with AnnotationStore.open(root / place) as store:
            store.add_case(volume(voxels), source="reader")
            store.save(f"c{voxels}", Annotation.from_mask(mask(voxels)), author="Ada")


def take_over(root: Path) -> None:
    with AnnotationStore.open(root / STORE) as store:
        store.import_from(root / OTHER)
        for case in store.cases():
            for revision in store.revisions(case.case_id):
                acknowledge("revision", revision.id, int(store.read_mask(revision.id).sum()))


def copy_store(root: Path) -> None:
    AnnotationStore.back_up(root / STORE, root / BACKUP)
    acknowledge("copy", BACKUP)
    AnnotationStore.restore(root / BACKUP, root / "restored" / "store")
    acknowledge("copy", "restored/store")
    with AnnotationStore.open(root / STORE) as store:
        store.export(root / "copies" / "store")
    acknowledge("copy", "copies/store")


def damaged_store(root: Path) -> None:
    """A store with a row that is not as it was written, and its backup."""
    import sqlite3

    two_stores(root)
    AnnotationStore.back_up(root / STORE, root / BACKUP)
    with sqlite3.connect(root / STORE / "store.db") as connection:
        connection.execute("UPDATE cases SET source = 'sender'")
    connection.close()
    next((root / STORE / "blobs").glob("??/*")).write_bytes(b"damaged")


def mend(root: Path) -> None:
    for case in ("c3",):
        with AnnotationStore.open(root / BACKUP) as store:
            head = store.head(case)
            assert head is not None
    AnnotationStore.repair(root / STORE, backup=root / BACKUP)
    acknowledge("revision", head.id, 3)


def draw(root: Path) -> None:
    journal = Journal(root / HOME / "recovery", "ab" * 32)
    for voxels in (2, 5, 7):
        journal.write(Snapshot("c0", "Ada", None, SHAPE, {0: mask(voxels)[0]}, {}))
        acknowledge("draft", voxels)


def bundle_beside(root: Path) -> None:
    import torch

    from napari_cpam_stroke.bundles import ModelCard, save_bundle
    from napari_cpam_stroke.config import AttentionConfig, PreprocessConfig, SegmenterConfig
    from napari_cpam_stroke.models import build_model

    torch.manual_seed(0)
    attention = AttentionConfig(token_grid=4, width=16, heads=2)
    tiny = SegmenterConfig(base_width=4, depth=3, input_size=32, attention=attention)
    card = ModelCard(name="tiny", architecture=tiny, preprocess=PreprocessConfig(size=32))
    save_bundle(root / "bundle", card, build_model(tiny).state_dict())


def install(root: Path) -> None:
    from napari_cpam_stroke.bundles import Registry

    registry = Registry(root / HOME, bundled={})
    for _ in range(2):
        acknowledge("active", registry.install(root / "bundle").version)
    acknowledge("active", registry.rollback("tiny").version)
    registry.use("tiny")
    acknowledge("active", "1.0")


def train(root: Path) -> None:
    import torch

    from cpam_train.run_folder import RunFolder

    run = RunFolder(root / RUN)
    run.write_json("config.json", {"config": {"epochs": 3}})
    acknowledge("json", "config.json")
    for epoch in range(1, 4):
        run.append_log({"epoch": epoch, "loss": 1 / epoch})
        run.save_weights(torch.nn.Linear(2, epoch))
        run.save_state({"steps": torch.full((3,), epoch)}, {"epoch": str(epoch)})
        acknowledge("epoch", epoch)
    run.write_json("metrics.json", {"dice": 0.5})
    acknowledge("json", "metrics.json")


def keep_settings(root: Path) -> None:
    from napari_cpam_stroke.widgets.reading.settings import SettingsFile

    settings = SettingsFile(root / HOME / "room.json")
    for author in ("Ada", "Bo"):
        settings.change(author=author)
        acknowledge("author", author)


def write_results(root: Path) -> None:
    """Write the folder of a case's results, and twice another in its place."""
    for number in range(1, 4):
        with result_folder(root / RESULTS, replaceable=RESULT_FILES) as folder:
            for name in RESULT_FILES:
                (folder / name).write_text(str(number), encoding="utf-8")
        acknowledge("results", number)


def write_results_apart(root: Path) -> None:
    """The same, where two folders cannot be exchanged."""
    files._exchange = lambda *_: False  # noqa: SLF001 - a file system that cannot is not at hand
    write_results(root)


# What has to be there.


def stored(root: Path, acknowledged: tuple[str, ...], places: tuple[str, ...] = (STORE,)) -> Iterator[str]:
    """A store that opens, made anew where none was acknowledged, is whole in what was acknowledged, and takes more."""
    for place in places:
        with AnnotationStore.open(root / place, create=not acknowledged) as store:
            yield from (f"half: {problem}" for problem in store.check())
            for what, *said in map(str.split, acknowledged):
                if what == "case" and store.read_frames(said[0]).shape != SHAPE:
                    yield f"lost: case {said[0]}"
                if what == "revision" and int(store.read_mask(said[0]).sum()) != int(said[1]):
                    yield f"lost: revision {said[0]}"
            store.add_case(volume(LATER), source="reader")
            later = store.save(f"c{LATER}", Annotation.from_mask(mask(LATER)), author="Ada")
            if int(store.read_mask(later.id).sum()) != LATER:
                yield "half: a revision that was saved later"


def taken_over(root: Path, acknowledged: tuple[str, ...]) -> Iterator[str]:
    """Two stores that are whole, whatever came of the import."""
    with AnnotationStore.open(root / STORE, create=False) as store:
        if store.read_mask(store.revisions("c3")[0].id).sum() != 3:
            yield "lost: the revision from before"
    yield from stored(root, acknowledged or ("store",))
    yield from stored(root, ("store",), (OTHER,))


def copied(root: Path, acknowledged: tuple[str, ...]) -> Iterator[str]:
    """Copies that are whole wherever there is one under its name."""
    yield from stored(root, ("store",))
    for place in (BACKUP, "restored/store", "copies/store"):
        if not (root / place).exists():
            if f"copy {place}" in acknowledged:
                yield f"lost: {place}"
            continue
        with AnnotationStore.open(root / place, create=False) as store:
            yield from (f"half: {problem}" for problem in store.check())
            if [case.case_id for case in store.cases()] != ["c3"] or not store.revisions("c3"):
                yield f"half: {place}"


def mended(root: Path, acknowledged: tuple[str, ...]) -> Iterator[str]:
    """A store that is mended, or is once more."""
    if not acknowledged:
        AnnotationStore.repair(root / STORE, backup=root / BACKUP)
    with AnnotationStore.open(root / STORE, create=False) as store:
        yield from (f"lost: {problem}" for problem in store.check())
        if int(store.read_mask(store.revisions("c3")[0].id).sum()) != 3:
            yield "lost: the revision"


def drawn(root: Path, acknowledged: tuple[str, ...]) -> Iterator[str]:
    """The last draft that was kept, or a later one."""
    found, unreadable = Journal.left_behind(root / HOME / "recovery")
    yield from (f"half: {path.name}" for path in unreadable)
    least = max((int(each.split()[1]) for each in acknowledged), default=0)
    masks = [int(pending.restore(None).sum()) for pending in found]
    if max(masks, default=0) < least:
        yield f"lost: {masks} and not {least}"
    if not {2, 5, 7} >= set(masks):
        yield f"half: {masks}"


def installed(root: Path, acknowledged: tuple[str, ...]) -> Iterator[str]:
    """Models that are whole, and the one in use that was said to be, or what was to be next."""
    from napari_cpam_stroke.bundles import Registry

    registry = Registry(root / HOME, bundled={})
    versions = [entry.version for entry in registry.list()]
    for version in versions:
        registry.verify(f"tiny@{version}")
    said = [each.split()[1] for each in acknowledged]
    later = ["1.0", "2.0", "1.0", "1.0"][len(said) - 1 : len(said) + 1]
    if said and registry.resolve("tiny").card.version not in later:
        yield f"lost: {registry.resolve('tiny').card.version} is in use and not one of {later}"
    registry.install(root / "bundle")


def trained(root: Path, acknowledged: tuple[str, ...]) -> Iterator[str]:
    """A checkpoint of the last epoch that was kept or a later one, weights, and a log that can be gone on with."""
    from safetensors import safe_open
    from safetensors.torch import load_file

    from cpam_train.run_folder import RunFolder

    run, epochs = RunFolder(root / RUN), [int(each.split()[1]) for each in acknowledged if each.startswith("epoch")]
    for name in ("config.json", "metrics.json"):
        if (run.path / name).exists() or f"json {name}" in acknowledged:
            run.read_json(name)
    epoch = 0
    if run.checkpoint.exists() or epochs:
        with safe_open(run.checkpoint, framework="pt") as file:
            epoch = int(file.metadata()["epoch"])
            if set(file.get_tensor("steps").tolist()) != {epoch}:
                yield "half: the checkpoint"
        load_file(run.weights)
    if epoch < max(epochs, default=0):
        yield f"lost: epoch {epochs[-1]}"
    run.keep_log(epoch)
    rows = run.log.read_text(encoding="utf-8").splitlines() if run.log.exists() else []
    if rows[1:] != [f"{done},{1 / done}" for done in range(1, epoch + 1)]:
        yield f"lost: rows of the log: {rows}"


def settled(root: Path, acknowledged: tuple[str, ...]) -> Iterator[str]:
    """Settings as they were, or as they were to be."""
    from napari_cpam_stroke.widgets.reading.settings import RoomSettings, SettingsFile

    author = SettingsFile(root / HOME / "room.json").values.author
    allowed = [RoomSettings().author, "Ada", "Bo"][len(acknowledged) : len(acknowledged) + 2]
    if author not in allowed:
        yield f"lost: the author is {author!r} and not one of {allowed}"


def replaced(root: Path, acknowledged: tuple[str, ...]) -> Iterator[str]:
    """Results that are there at every moment after the first ones were."""
    if acknowledged and not (root / RESULTS).is_dir():
        yield "lost: there are no results"
    yield from replaced_apart(root, acknowledged)


def replaced_apart(root: Path, acknowledged: tuple[str, ...]) -> Iterator[str]:
    """Whole results, the last that were acknowledged or the next ones, as soon as others are to be written."""
    with result_folder(root / RESULTS, replaceable=RESULT_FILES) as folder:
        there = {path.name: path.read_text(encoding="utf-8") for path in (root / RESULTS).glob("*")}
        allowed = [dict.fromkeys(RESULT_FILES, str(number)) if number else {} for number in range(4)]
        if there not in allowed[len(acknowledged) : len(acknowledged) + 2]:
            yield f"lost: the results are {there}"
        (folder / "mask").write_text("later", encoding="utf-8")
    if [path.name for path in (root / RESULTS).iterdir()] != ["mask"]:
        yield "half: results that were written later"


def volume(number: int) -> CTVolume:
    hu = np.random.default_rng(number).integers(-1024, 3000, SHAPE, dtype=np.int16)
    return CTVolume(hu, None, f"c{number}", f"p{number}")


def mask(voxels: int) -> np.ndarray:
    drawn = np.zeros(SHAPE, np.uint8)
    drawn[0].reshape(-1)[:voxels] = 1
    return drawn


WORKS = {
    "store": Work(nothing, (fill_store,), stored),
    "store killed": Work(nothing, (killed_at_a_folder_sync, save_again), stored),
    "import": Work(two_stores, (take_over,), taken_over),
    "copies": Work(two_stores, (copy_store,), copied),
    "repair": Work(damaged_store, (mend,), mended),
    "draft": Work(nothing, (draw,), drawn),
    "models": Work(bundle_beside, (install,), installed),
    "training": Work(nothing, (train,), trained),
    "settings": Work(nothing, (keep_settings,), settled),
    "results": Work(nothing, (write_results,), replaced),
    "results apart": Work(nothing, (write_results_apart,), replaced_apart),
}


sys.addaudithook(note_opened)

if __name__ == "__main__":
    main()
