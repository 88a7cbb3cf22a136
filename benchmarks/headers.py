"""Our header parser against pydicom's, for speed on whole folders and for safety on hostile files.

Run: python benchmarks/headers.py [--files 2000] [--rounds 5]
Speed: the headers of a folder of classic CT and of Enhanced CT, both sides asked for the same tags, none for pixels,
every value wanted turned into numbers and text; in turns, so that a busy machine slows both, and the median of the
rounds' ratios. Safety: each hostile folder of `tests/dicom/hazard_suite/attacks.py`, and what a scan of it costs in a
process of its own with an allowance of memory and time (Linux only).
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from statistics import median
from time import process_time

import numpy as np
import pydicom
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence

from napari_cpam_stroke.dicom.file.sources import FileSource, UnreadableError
from napari_cpam_stroke.dicom.file.tags import WANTED
from napari_cpam_stroke.dicom.headers.frames import Origin, read_frames
from napari_cpam_stroke.dicom.headers.pseudonym import Pseudonyms
from napari_cpam_stroke.samples import HeadPhantom, even_steps, save_dataset, series_datasets, stack_geometry

HAZARDS = Path(__file__).resolve().parents[1] / "tests" / "dicom"
HOSTILE = (
    "deflate bomb", "100,000 nested sequences", "value length 4 GB", "value of undefined length",
    "pixel data length 2 GB", "four million elements", "60000 x 60000 in the header",
)  # fmt: skip
SHAPE, SERIES_FRAMES, ENHANCED_FRAMES = (64, 64), 40, 100
SCANNER_ELEMENTS = 90
"""Elements that scanners write and nobody asks for; a GE or Siemens header has 150 to 250 in all."""
ALLOWED_BYTES, ALLOWED_SECONDS = 4 * 2**30, 60
PSEUDONYMS = Pseudonyms(bytes(32))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--scan", nargs=2, metavar=("READER", "FOLDER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.scan:
        print(json.dumps(cost_of_scan(READERS[options.scan[0]], Path(options.scan[1]))))
        return
    with tempfile.TemporaryDirectory() as folder:
        classic, enhanced = Path(folder, "classic"), Path(folder, "enhanced")
        write_classic(classic, options.files)
        write_enhanced(enhanced, options.files // ENHANCED_FRAMES)
        speed = {place.name: compare(place, options.rounds) for place in (classic, enhanced)}
        print(json.dumps({"speed": speed, "safety": hostile(Path(folder))}, indent=2))


def read_ours(path: Path) -> None:
    with closing(FileSource(path)) as source:
        read_frames(source, Origin(path, (0, 0)), PSEUDONYMS)


def read_pydicom(path: Path) -> None:
    values(pydicom.dcmread(path, specific_tags=sorted(WANTED), stop_before_pixels=True))


def values(dataset: Dataset) -> None:
    """Turn every element into its value, as whoever uses the header must."""
    for element in dataset:
        if isinstance(element.value, DicomSequence):
            for item in element.value:
                values(item)


READERS: dict[str, Callable[[Path], None]] = {"ours": read_ours, "pydicom": read_pydicom}


def compare(folder: Path, rounds: int) -> dict[str, float]:
    """Return the median processor time per folder of both readers, and the median of the rounds' ratios."""
    times: dict[str, list[float]] = {name: [] for name in READERS}
    for _ in range(rounds):
        for name, read in READERS.items():
            begin = process_time()
            for path in folder.iterdir():
                read(path)
            times[name].append(process_time() - begin)
    ratios = [theirs / ours for ours, theirs in zip(times["ours"], times["pydicom"], strict=True)]
    return {f"{name}_s": median(found) for name, found in times.items()} | {
        "times_faster": median(ratios),
        "worst_round": min(ratios),
    }


def write_classic(folder: Path, count: int) -> None:
    folder.mkdir()
    for number, dataset in enumerate(slices(count)):
        add_scanner_elements(dataset)
        save_dataset(folder / f"{number:05d}", dataset)


def write_enhanced(folder: Path, count: int) -> None:
    """Files of many frames, as the hazard suite makes them."""
    sys.path.insert(0, str(HAZARDS))
    from hazard_suite.base import truth_of
    from hazard_suite.files import enhanced_dataset

    folder.mkdir()
    truth = truth_of(tuple(even_steps(ENHANCED_FRAMES, 1.25)), shape=SHAPE)
    for number in range(count):
        dataset = enhanced_dataset(truth, seed=number)
        add_scanner_elements(dataset)
        save_dataset(folder / f"{number:05d}", dataset)


def slices(count: int) -> Sequence[Dataset]:
    geometry = stack_geometry(
        even_steps(SERIES_FRAMES, 2.5),
        shape_yx=SHAPE,
        pixel_spacing_mm=(3.5, 3.5),
        thickness_mm=2.5,
        centre_mm=(0, 0, 45),
    )
    hu = HeadPhantom.measured().render(geometry, SHAPE).astype(np.int16)
    return [item for _ in range(-(-count // SERIES_FRAMES)) for item in series_datasets(hu, geometry)][:count]


def add_scanner_elements(dataset: Dataset) -> None:
    """Add a private block, with a sequence in it, as every scanner writes."""
    block = dataset.private_block(0x0019, "BENCHMARK", create=True)
    for number in range(SCANNER_ELEMENTS):
        block.add_new(number + 1, *(("DS", "12.5"), ("LO", "A SETTING"), ("SL", 7))[number % 3])
    item = Dataset()
    item.ProtocolName = "HEAD"
    dataset.RequestAttributesSequence = [item] * 3


def hostile(folder: Path) -> dict[str, dict[str, object]]:
    """Return what a scan of every hostile folder costs either reader."""
    sys.path.insert(0, str(HAZARDS))
    from hazard_suite.attacks import HAZARDS as ATTACKS

    found: dict[str, dict[str, object]] = {}
    for number, hazard in enumerate(h for h in ATTACKS if h.name in HOSTILE):
        place = folder / f"hostile-{number}"
        place.mkdir()
        hazard.build(place)
        found[hazard.name] = {name: scan_apart(name, place) for name in READERS}
    return found


def scan_apart(reader: str, folder: Path) -> object:
    """Scan a folder in a process of its own, which may die."""
    program = [sys.executable, "-W", "ignore", __file__, "--scan", reader, str(folder)]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    return json.loads(done.stdout) if done.returncode == 0 else f"the process ended with {done.returncode}"


def cost_of_scan(read: Callable[[Path], None], folder: Path) -> dict[str, object]:
    """Return processor seconds, MB above what the process began with, files read and what was said of the others."""
    resource.setrlimit(resource.RLIMIT_AS, (ALLOWED_BYTES, ALLOWED_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (ALLOWED_SECONDS, ALLOWED_SECONDS))
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    before, begin = peak_mb(), process_time()
    refused: set[str] = set()
    done = 0
    for path in sorted(folder.iterdir()):
        try:
            read(path)
            done += 1
        except UnreadableError as error:
            refused.add(f"refused: {error}")
        except Exception as error:  # noqa: BLE001 - a hostile file may raise anything in a library
            refused.add(f"{type(error).__name__}: {error}"[:100])
    seconds = round(process_time() - begin, 2)
    return {"seconds": seconds, "peak_mb": round(peak_mb() - before), "read": done, "said": sorted(refused)}


def peak_mb() -> float:
    """Return the peak since it was last cleared, as Linux counts it."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 2**10


if __name__ == "__main__":
    main()
