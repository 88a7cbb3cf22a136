"""How long the store takes: `python benchmarks/store.py`. Compared with what a plain script would do, in one run."""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np

from napari_cpam_stroke.annotations import AnnotationStore, ModelRecord
from napari_cpam_stroke.core import Annotation, CTVolume, NoticeCode, VolumeGeometry
from napari_cpam_stroke.core.notice import info

SAVE_SHAPE = (300, 512, 512)
SAVE_BUDGET_MS, QUERY_BUDGET_MS, IMPORT_BUDGET_S = 200, 100, 60
CASES, SLICES = 10_000, 30
NOTICES = (
    info(NoticeCode.SLICE_DISTANCE, "Slices 5.00 mm apart.", uniform=True, shortest_mm=5.0, longest_mm=5.0),
    info(NoticeCode.SLICE_THICKNESS, "Slice thickness 5 mm.", thinnest_mm=5.0, thickest_mm=5.0),
    info(NoticeCode.KERNEL, "Kernel H31s (soft).", kernel="H31s", sharpness="soft"),
    info(NoticeCode.IMAGE_TYPE, "Image type ORIGINAL, PRIMARY, AXIAL.", image_type="ORIGINAL, PRIMARY, AXIAL"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--imports", type=int, default=300, help="single-slice cases for the bulk import")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--folder", type=Path, default=None, help="disk to measure; a temporary folder otherwise")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        figures = {
            "save": save_correction(Path(folder), options.repeats),
            "worklist": query_worklist(Path(folder), options.repeats),
            "import": bulk_import(Path(folder), options.imports),
            "slice": read_slice(Path(folder), options.repeats),
        }
    print(json.dumps(figures, indent=2))


def save_correction(folder: Path, repeats: int) -> dict[str, float]:
    """A correction of a 512 x 512 x 300 case, on the disk; a durable uncompressed and a nibabel file beside it."""
    store = AnnotationStore.open(folder / "save")
    volume = CTVolume(np.zeros(SAVE_SHAPE, np.int16), None, "large", "p")
    store.add_case(volume, source="benchmark")
    prediction, mask = lesion_mask(100, 160), lesion_mask(100, 160)
    head = store.save("large", Annotation.from_mask(prediction), author="a", prediction_mask=prediction).id
    times, begin_cpu = [], time.process_time()
    for step in range(repeats):
        mask[100 + step, 100:140, 100:140] = 2
        annotation = Annotation.from_mask(mask)
        begin = time.perf_counter()
        head = store.save("large", annotation, author="a", parent=head, prediction_mask=prediction).id
        times.append(1000 * (time.perf_counter() - begin))
    cpu = 1000 * (time.process_time() - begin_cpu) / repeats
    raw = median_ms(lambda: durable_raw(folder / "raw.bin", mask), repeats)
    image = nib.Nifti1Image(mask, np.eye(4))
    nifti = median_ms(lambda: nib.save(image, folder / "mask.nii.gz"), min(repeats, 3))
    ours = statistics.median(times)
    return {
        "ms": ours,
        "worst_ms": max(times),
        "cpu_ms": cpu,
        "budget_ms": SAVE_BUDGET_MS,
        "raw_file_with_fsync_ms": raw,
        "nibabel_gz_not_durable_ms": nifti,
        "times_faster_than_raw": raw / ours,
        "times_faster_than_nibabel": nifti / ours,
    }


def query_worklist(folder: Path, repeats: int) -> dict[str, float]:
    """Worklist pages over 10,000 cases; a bare sqlite3 query for the same rows beside it."""
    store = AnnotationStore.open(folder / "list")
    model, rng = ModelRecord("default", "1.0", "0" * 64), np.random.default_rng(0)
    with store.bulk():
        for i in range(CASES):
            hu = np.zeros((SLICES, 4, 4), np.int16)
            hu[0, 0, :2] = divmod(i, 100)
            geometry = VolumeGeometry(
                rng.random((1, 3)) + np.c_[np.zeros((SLICES, 2)), np.cumsum(rng.uniform(4.8, 5.2, SLICES))],
                np.eye(3)[0], np.eye(3)[1], (0.449219, 0.449219), np.full(SLICES, 5.0), "1.2.840.113619.2.1",
            )  # fmt: skip
            volume = CTVolume(
                hu,
                geometry,
                f"case-{i:05d}",
                f"p{i // 3}",
                notices=NOTICES,
            )
            case = store.add_case(volume, source="benchmark")
            chances = rng.random(2)
            store.record_prediction(case.case_id, {"ischemia": chances[0], "hemorrhage": chances[1]}, model)

    def page(**wanted: object) -> Callable[[], object]:
        return lambda: store.cases(limit=200, **wanted)  # type: ignore[arg-type]

    figures = {
        "cases": len(store.cases()),
        "budget_ms": QUERY_BUDGET_MS,
        "by_suspicion_ms": median_ms(page(order="suspicion"), repeats),
        "by_uncertainty_unread_ms": median_ms(page(order="uncertainty", status=("new", "predicted")), repeats),
        "search_ms": median_ms(page(search="case-099", order="newest"), repeats),
        "page_50_ms": median_ms(lambda: store.cases(order="newest", limit=200, offset=9_800), repeats),
        "all_10000_ms": median_ms(store.cases, repeats),
    }
    bare = sqlite3.connect(folder / "list" / "store.db")
    plain = "SELECT * FROM cases ORDER BY suspicion DESC, case_id DESC LIMIT 200"
    bare_ms = median_ms(lambda: bare.execute(plain).fetchall(), repeats)
    bare.close()
    return figures | {"bare_sqlite_page_ms": bare_ms, "share_of_bare": figures["by_suspicion_ms"] / bare_ms}


def bulk_import(folder: Path, count: int) -> dict[str, float]:
    """Single-slice 512 x 512 cases with masks, all on the disk at the end."""
    store = AnnotationStore.open(folder / "bulk")
    rng = np.random.default_rng(0)
    head = (rng.normal(30, 6, (512, 512))).astype(np.int16)
    begin, begin_cpu = time.perf_counter(), time.process_time()
    with store.bulk():
        for i in range(count):
            frame = np.roll(head, i, axis=0)
            frame[:60] = -1024
            case = store.add_case(CTVolume(frame[None], None, f"c{i}", f"p{i // 8}"), source="benchmark")
            mask = np.zeros((1, 512, 512), np.uint8)
            mask[0, 200 : 230 + i % 50, 200:260] = 1
            store.save(case.case_id, Annotation.from_mask(mask), author="import", kind="reference")
    seconds = time.perf_counter() - begin
    cpu = time.process_time() - begin_cpu
    return {
        "cases": count,
        "seconds_per_2000": 2000 * seconds / count,
        "cpu_seconds_per_2000": 2000 * cpu / count,
        "budget_s": IMPORT_BUDGET_S,
    }


def read_slice(folder: Path, repeats: int) -> dict[str, float]:
    """One slice of a long series against the whole series."""
    store = AnnotationStore.open(folder / "slice")
    rng = np.random.default_rng(0)
    hu = np.repeat(rng.normal(30, 6, (1, 512, 512)).astype(np.int16), 60, axis=0)
    store.add_case(CTVolume(hu, None, "c", "p"), source="benchmark")
    one = median_ms(lambda: store.read_frames("c", [30]), repeats)
    whole = median_ms(lambda: store.read_frames("c"), min(repeats, 3))
    return {"one_slice_ms": one, "sixty_slices_ms": whole, "share": one / whole}


def lesion_mask(first: int, last: int) -> np.ndarray:
    mask = np.zeros(SAVE_SHAPE, np.uint8)
    rows, columns = np.ogrid[:512, :512]
    mask[first:last, (rows - 250) ** 2 + (columns - 200) ** 2 < 60**2] = 1
    return mask


def durable_raw(path: Path, mask: np.ndarray) -> None:
    with path.open("wb") as file:
        file.write(mask.tobytes())
        file.flush()
        os.fsync(file.fileno())


def median_ms(work: Callable[[], object], repeats: int) -> float:
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        work()
        times.append(1000 * (time.perf_counter() - begin))
    return statistics.median(times)


if __name__ == "__main__":
    main()
