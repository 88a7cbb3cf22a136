"""The page of speeds: a section for each topic, with the machine it was measured on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.machine import described
from benchmarks.row import Row, table

TITLE = "# Speed, beside others\n"
MADE = """
Made by `python -m benchmarks --page docs/performance.md`: medians, least and most of the runs, peers in turns with this
program.
"""


@dataclass(frozen=True)
class Page:
    """Text of each section by its heading, in their order."""

    sections: Mapping[str, str]

    @classmethod
    def read(cls, path: Path) -> Page:
        """Return the page in a file; an empty one where there is none."""
        if not path.is_file():
            return cls({})
        parts = path.read_text(encoding="utf-8").split("\n## ")[1:]
        return cls({heading: body.strip("\n") for heading, _, body in (part.partition("\n") for part in parts)})

    def with_topic(self, heading: str, rows: Sequence[Row], *, runs: int) -> Page:
        """Return the page with one section anew."""
        when = datetime.now(UTC).date().isoformat()
        body = f"{described()}. {runs} runs, {when}.\n\n{table(rows)}".strip("\n")
        return Page({**self.sections, heading: body})

    def write(self, path: Path) -> None:
        """Write it as Markdown."""
        sections = "".join(f"\n## {heading}\n\n{body}\n" for heading, body in self.sections.items())
        path.write_text(TITLE + MADE + sections, encoding="utf-8")
