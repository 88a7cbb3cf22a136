"""What changed input does at every entry: `python benchmarks/hostile_files.py --entry all --count 20000 --minutes 60`.

Each try takes a sound input, changes it, and goes through the door a user takes. An answer is

- answered: a result,
- refused: one declared sentence (or exit code 1, some refused),
- undeclared: any other error, a sentence of several lines, one that names the patient, a control character, or a result
  that differs although nothing of pixels, place or patient was changed,
- a death: the process ended, or had to be ended after `--hang` seconds.

With `--log FILE` counts are kept, and the same command goes on after the last try of each entry and seed.
"""

from __future__ import annotations

import argparse
import faulthandler
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

HANG_S = 60.0
START_S = 300.0
"""What a process may take before its first try."""

SLOW_S = 10.0
MEMORY_BYTES = 6 * 2**30
"""Address space a process under test may add: more than any of these inputs is worth."""

REPORT_EVERY = 100
OUTCOMES = ("answered", "refused", "undeclared", "deaths")


@dataclass
class Tally:
    """What an entry did so far."""

    outcomes: Counter[str] = field(default_factory=Counter)
    longest_s: float = 0.0
    longest_cpu_s: float = 0.0
    peak_bytes: int = 0
    next: int = 0
    deadly: list[int] = field(default_factory=list)
    finds: list[dict[str, Any]] = field(default_factory=list)

    def add(self, part: dict[str, Any]) -> None:
        self.outcomes.update(part.get("outcomes", {}))
        self.longest_s = max(self.longest_s, part.get("longest_s", 0.0))
        self.longest_cpu_s = max(self.longest_cpu_s, part.get("longest_cpu_s", 0.0))
        self.peak_bytes = max(self.peak_bytes, part.get("peak_bytes", 0))
        self.next = max(self.next, part.get("next", 0))
        self.deadly += part.get("deadly", [])
        self.finds += part.get("finds", [])


def main() -> None:
    options = _options()
    if options.child:
        serve(options)
        return
    names = entry_names() if options.entry == "all" else options.entry.split(",")
    tallies = earlier(options.log, options.seed)
    until = time.monotonic() + 60 * options.minutes
    for done, name in enumerate(names):
        tally = tallies.setdefault(name, Tally())
        share = (until - time.monotonic()) / (len(names) - done)
        run(name, tally, options, time.monotonic() + share)
        print(row(name, tally), flush=True)
        for find in tally.finds[-options.show :]:
            print(f"    {find['number']}: {find['what']}", flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entry", default="all", help="all, or names parted by commas")
    parser.add_argument("--count", type=int, default=20_000, help="tries per entry, those of the log included")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=60.0, help="for all entries together")
    parser.add_argument("--log", type=Path, help="file that keeps the counts")
    parser.add_argument("--hang", type=float, default=HANG_S, help="seconds after which a process is ended")
    parser.add_argument("--show", type=int, default=8, help="finds shown of each entry")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--first", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--leave-out", type=int, nargs="*", default=[], help=argparse.SUPPRESS)
    return parser.parse_args()


def entry_names() -> list[str]:
    from hostile.entries import ENTRIES

    return list(ENTRIES)


def earlier(log: Path | None, seed: int) -> dict[str, Tally]:
    tallies: dict[str, Tally] = {}
    if log is not None and log.exists():
        for line in log.read_text(encoding="utf-8").splitlines():
            part = json.loads(line)
            if part["seed"] == seed:
                tallies.setdefault(part["entry"], Tally()).add(part)
    return tallies


def row(name: str, tally: Tally) -> str:
    """Return a line of a table: tries, outcomes, longest answer in s by the clock and of the processor, peak in MB."""
    counts = " | ".join(f"{tally.outcomes[kind]:,}" for kind in OUTCOMES)
    longest = f"{tally.longest_s:.1f} | {tally.longest_cpu_s:.2f}"
    return f"| {name} | {tally.next:,} | {counts} | {longest} | {tally.peak_bytes / 2**20:.0f} |"


def run(name: str, tally: Tally, options: argparse.Namespace, until: float) -> None:
    """Try an entry until its count or its time is over, in processes that may die."""
    while tally.next < options.count and time.monotonic() < until:
        for part in tries(name, tally, options, until):
            keep(part, name, options)
            tally.add(part)


def keep(part: dict[str, Any], name: str, options: argparse.Namespace) -> None:
    if options.log is not None:
        with options.log.open("a", encoding="utf-8") as log:
            log.write(json.dumps({"entry": name, "seed": options.seed, **part}) + "\n")


def tries(name: str, tally: Tally, options: argparse.Namespace, until: float) -> Iterator[dict[str, Any]]:
    """Yield counts of one process until it ends; the try that ended it counts as a death, and is left out later."""
    command = [sys.executable, __file__, "--child", "--entry", name, "--seed", str(options.seed)]
    command += ["--first", str(tally.next), "--leave-out", *map(str, tally.deadly)]
    command += ["--count", str(options.count), "--minutes", str(max((until - time.monotonic()) / 60, 0.01))]
    with tempfile.TemporaryFile() as errors:
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
        watch = Watch(child, options.hang)
        number, ended = None, False
        for line in child.stdout or ():
            watch.seen()
            part = json.loads(line)
            if "begins" in part:
                number = part["begins"]
                continue
            ended = part.get("ended", False)
            yield part
        child.wait()
        watch.stop()
        errors.seek(0)
        if number is None:
            raise RuntimeError(errors.read().decode(errors="replace"))
        if not ended:
            what = "hung and was ended" if watch.fired else f"the process ended with {child.returncode}"
            said = errors.read().decode(errors="replace")[-1500:]
            yield {
                "outcomes": {"deaths": 1},
                "deadly": [number],
                "finds": [{"number": number, "what": f"{what}: {said}"}],
            }


class Watch:
    """Ends a process, with those it started, that says nothing for too long."""

    def __init__(self, child: subprocess.Popen[str], seconds: float) -> None:
        self._child, self._seconds, self.fired = child, seconds, False
        self._over = threading.Event()
        self._last = time.monotonic() + START_S - seconds
        threading.Thread(target=self._look, daemon=True).start()

    def seen(self) -> None:
        self._last = time.monotonic()

    def stop(self) -> None:
        self._over.set()

    def _look(self) -> None:
        while not self._over.wait(1.0):
            if time.monotonic() - self._last > self._seconds:
                self.fired = True
                for process in psutil.Process(self._child.pid).children(recursive=True):
                    process.kill()
                self._child.kill()
                return


def serve(options: argparse.Namespace) -> None:
    """Be the process under test: say before each try which it is, and now and then how the last ones went."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    faulthandler.enable()
    from hostile.entries import ENTRIES
    from hostile.entry import Bench

    until = time.monotonic() + 60 * options.minutes
    with tempfile.TemporaryDirectory() as folder:
        os.environ["CPAM_STROKE_HOME"] = str(Path(folder) / "home")
        bench = Bench(options.entry, ENTRIES[options.entry], Path(folder) / "bench")
        limit_memory()
        part = empty(options.first)
        for number in range(options.first, options.count):
            print(json.dumps({"begins": number}), file=out, flush=True)
            if number not in options.leave_out:
                attempt(bench, options.seed, number, part)
            part["next"] = number + 1
            over = time.monotonic() > until
            if part["next"] % REPORT_EVERY == 0 or over:
                print(json.dumps({**part, "ended": over}), file=out, flush=True)
                part = empty(number + 1)
            if over:
                break
        print(json.dumps({**part, "ended": True}), file=out, flush=True)
        out.flush()


def empty(number: int) -> dict[str, Any]:
    return {
        "outcomes": {},
        "longest_s": 0.0,
        "longest_cpu_s": 0.0,
        "peak_bytes": peak_bytes(),
        "next": number,
        "finds": [],
    }


def attempt(bench: Any, seed: int, number: int, part: dict[str, Any]) -> None:
    from hostile.doors import UndeclaredError

    begin, begin_cpu = time.monotonic(), time.process_time()
    try:
        outcome = "refused" if bench.attempt(seed, number).refused else "answered"
    except UndeclaredError as error:
        outcome = "undeclared"
        part["finds"].append({"number": number, "what": str(error)})
    took, worked = time.monotonic() - begin, time.process_time() - begin_cpu
    if worked > SLOW_S:
        part["finds"].append({"number": number, "what": f"{worked:.1f} s of processor time"})
    part["outcomes"][outcome] = part["outcomes"].get(outcome, 0) + 1
    part["longest_s"] = max(part["longest_s"], took)
    part["longest_cpu_s"] = max(part["longest_cpu_s"], worked)
    part["peak_bytes"] = max(part["peak_bytes"], peak_bytes())


def peak_bytes() -> int:
    """Return the most memory that this process held, where the system tells; elsewhere what it holds."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return 1024 * int(status.split("VmHWM:")[1].split()[0])
    except (OSError, IndexError):
        return int(psutil.Process().memory_info().rss)


def limit_memory() -> None:
    """Let an input that asks for everything end in an error here, and not in that of the machine."""
    try:
        import resource
    except ImportError:
        return
    limit = psutil.Process().memory_info().vms + MEMORY_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


if __name__ == "__main__":
    main()
