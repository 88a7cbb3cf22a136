"""Every row of speed beside its peers: `python -m benchmarks [TOPIC ...] [--runs 5] [--page docs/performance.md]`.

The peers come with `pip install ".[benchmarks]"`. A page that is there keeps the topics that were not run.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

from benchmarks.machine import described
from benchmarks.page import Page
from benchmarks.row import Row

TOPICS = {
    "opening": "Opening",
    "predicting": "Predicting on a processor",
}
"""Module of this folder, and its heading."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.partition("\n")[0])
    parser.add_argument("topics", nargs="*", choices=[*TOPICS, []], default=list(TOPICS))
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--page", type=Path)
    options = parser.parse_args()
    page = Page.read(options.page) if options.page else Page({})
    print(described(), flush=True)
    for topic in options.topics:
        rows: Callable[[int], Iterator[Row]] = import_module(f"benchmarks.{topic}").rows
        found = []
        for row in rows(options.runs):
            print(" | ".join(row.cells()), flush=True)
            found.append(row)
        page = page.with_topic(TOPICS[topic], found, runs=options.runs)
    if options.page:
        page.write(options.page)


if __name__ == "__main__":
    main()
