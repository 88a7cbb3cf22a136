"""Every measurement of docs/reliability.md, one after another: `python benchmarks/reliability.py`.

Prints a row of its table for each as soon as it is done: what, measured, command. `--short` takes the forms that the
tests run, `--only WORDS` those whose first column holds the words, `--list` runs none. The exit code is 1
where a command failed. What needs strace, a display, the right to mount or a PostgreSQL server says so, or is skipped.
"""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

DISPLAY = 'xvfb-run -a -s "-screen 0 1366x768x24" '


def last_line(said: str) -> str:
    """Return what a test run says at its end."""
    lines = [line.strip("= ") for line in said.splitlines() if line.strip("= ")]
    return lines[-1] if lines else "nothing was said"


def all_lines(said: str) -> str:
    """Return all that is said, in one line."""
    return "; ".join(" ".join(line.split()) for line in said.splitlines() if line.strip())


def of_each_case(said: str) -> str:
    """Return the lines at the end of a long day that tell what one case adds."""
    return all_lines("\n".join(line for line in said.splitlines() if "for each case" in line))


def figures(said: str) -> str:
    """Return the figures of one JSON object, its faults only where there are any."""
    return in_words(json.loads(said))


def figures_of_lines(said: str) -> str:
    """Return the figures of a JSON object on each line."""
    return "; ".join(in_words(json.loads(line)) for line in said.splitlines())


def in_words(values: dict[str, object]) -> str:
    """Return figures by name, nested ones in brackets."""
    parts = []
    for name, value in values.items():
        if isinstance(value, dict):
            parts.append(f"{name} ({in_words(value)})")
        elif value != []:
            parts.append(f"{name} {value}")
    return ", ".join(parts)


def tries(said: str) -> str:
    """Return the sums over the entries that changed input was sent through."""
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in said.splitlines() if line.startswith("| ")]
    sums = [sum(int(row[place].replace(",", "")) for row in rows) for place in range(1, 6)]
    names = ("tries", "answered", "refused", "undeclared", "deaths")
    return f"{len(rows)} entries: " + ", ".join(f"{n:,} {name}" for n, name in zip(sums, names, strict=True))


@dataclass(frozen=True)
class Measurement:
    """One row.

    Attributes
    ----------
    long, short
        Commands as they are typed in the root of the project; the short one is the long one where there is no other.
    measured
        Makes the second column of what the long command says.
    """

    what: str
    long: str
    short: str = ""
    measured: Callable[[str], str] = last_line

    def command(self, *, short: bool) -> str:
        return self.short if short and self.short else self.long

    def told(self, said: str, *, short: bool) -> str:
        return (last_line if short and self.short.startswith("pytest") else self.measured)(said)


MEASUREMENTS = (
    Measurement(
        "Flipped bits in a closed store",
        "python benchmarks/store_damage.py --flips 1000",
        "pytest tests/annotations/test_damage.py",
        figures,
    ),
    Measurement(
        "Flipped bits repaired from a backup, or by a record's own checksum", "pytest tests/annotations/test_repair.py"
    ),
    Measurement("Backups, restored and of damaged stores", "pytest tests/annotations/test_backup.py"),
    Measurement("A store on a read-only disk", "pytest tests/annotations/test_sqlite_file.py"),
    Measurement(
        "States of the disk that a power cut may leave",
        "python benchmarks/power_cut.py",
        "pytest tests/annotations/test_power_cut.py",
        figures_of_lines,
    ),
    Measurement(
        "Disks and databases in trouble; texts that cannot be kept", "pytest tests/annotations/test_trouble.py"
    ),
    Measurement(
        "A server stopped or killed between two calls and in a save", "pytest tests/annotations/test_server_restart.py"
    ),
    Measurement(
        "A store that others write into, opened from the room", "pytest tests/widgets/reading/test_room_store.py"
    ),
    Measurement("Pixel files that a conflict leaves behind", "pytest tests/annotations/test_leftovers.py"),
    Measurement("Earlier stores brought up to date", "pytest tests/annotations/test_migration.py"),
    Measurement("A flipped bit in a source file since its import", "pytest tests/widgets/reading/test_case_doubts.py"),
    Measurement("Removed revisions and model runs", "pytest tests/annotations/test_checksums.py"),
    Measurement(
        "Reading a store, processor time",
        "python benchmarks/store_reading.py --cases 1000 --turns 3 --repeats 15",
        "python benchmarks/store_reading.py --cases 50 --turns 1 --repeats 1",
        all_lines,
    ),
    Measurement(
        "Saving and importing, beside a plain script",
        "python benchmarks/store.py",
        "python benchmarks/store.py --imports 20 --repeats 1",
        figures,
    ),
    Measurement(
        "What each case of a long day leaves behind in the room",
        f"{DISPLAY}python benchmarks/long_run.py --cases 200",
        f"{DISPLAY}python benchmarks/long_run.py --cases 4 --every 1",
        of_each_case,
    ),
    Measurement("Names of people in what is imported", "pytest tests/train/importers/test_no_identities.py"),
    Measurement("Names of people in masks and reports of other programs", "pytest tests/dicom/test_privacy.py"),
    Measurement(
        "What readers typed, in runs, models and exports",
        "pytest tests/train_cli/test_privacy.py tests/widgets/test_privacy.py",
    ),
    Measurement(
        "Changed input at every entry",
        "python benchmarks/hostile_files.py --entry all --count 20000 --minutes 1440",
        "pytest tests/test_hostile_files.py",
        tries,
    ),
    Measurement("The worker that decodes, held to its memory", "pytest tests/dicom/pixels/test_reader.py"),
)
"""In the order of the document."""


def arguments_of(command: str) -> list[str]:
    """Return a command as a program of this environment."""
    with_ours = {"python": [sys.executable], "pytest": [sys.executable, "-m", "pytest", "-q"]}
    return [part for word in shlex.split(command) for part in with_ours.get(word, [word])]


def measure(measurement: Measurement, *, short: bool) -> tuple[str, bool]:
    """Run a measurement; return its row, and whether its command went through."""
    command = measurement.command(short=short)
    try:
        done = subprocess.run(arguments_of(command), cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    except FileNotFoundError as error:
        return f"| {measurement.what} | FAILED: {error.filename} is not installed | `{command}` |", False
    try:
        told = measurement.told(done.stdout, short=short)
    except (ValueError, IndexError):
        told = last_line(done.stdout)
    if done.returncode:
        told = f"FAILED with {done.returncode}: {told}"
    return f"| {measurement.what} | {told} | `{command}` |", done.returncode == 0


def chosen(words: str) -> Iterator[Measurement]:
    yield from (each for each in MEASUREMENTS if words.casefold() in each.what.casefold())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="the forms that the tests run")
    parser.add_argument("--only", default="", help="words of the first column")
    parser.add_argument("--list", action="store_true", help="print the commands and run none")
    options = parser.parse_args()
    sound = True
    for each in chosen(options.only):
        if options.list:
            print(each.command(short=options.short))
            continue
        row, passed = measure(each, short=options.short)
        print(row, flush=True)
        sound &= passed
    sys.exit(0 if sound else 1)


if __name__ == "__main__":
    main()
