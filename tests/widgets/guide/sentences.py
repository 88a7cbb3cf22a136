"""The user guide as sentences, and the steps of a test that quote them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

GUIDE = Path(__file__).parents[3] / "docs" / "user-guide.md"
FEWEST_WORDS = 3
"""Of a sentence; what is shorter begins the next one, as the name of a paragraph does."""
ENDS = re.compile(r"(?<=[.;]) (?=\S)")
KEY_TABLE = "| Key | Does | Key | Does |"
"""Its keys are pressed one by one in `test_documented_keys`."""


@contextmanager
def step(*words: str) -> Iterator[None]:
    """Do and see what the guide says in these words, cells of a table one by one; what is not in the guide fails."""
    missing = [sentence for text in words for sentence in split(text) if sentence not in guide()]
    assert not missing, f"not in {GUIDE.name}: {missing}"
    try:
        yield
    except BaseException as error:
        error.add_note(f"the user guide says: {' | '.join(words)}")
        raise


@cache
def guide() -> dict[str, str]:
    """Return every sentence of the guide with the heading it stands under."""
    return {sentence: heading for heading, block in _blocks() for sentence in split(block)}


def split(text: str) -> list[str]:
    """Return the sentences of a text; a semicolon ends one too, unless it is in brackets."""
    plain = " ".join(text.replace("**", "").split())
    found: list[str] = []
    for part in ENDS.split(plain):
        goes_on = found and (found[-1].count("(") > found[-1].count(")") or len(found[-1].split()) < FEWEST_WORDS)
        if goes_on:
            found[-1] += f" {part}"
        else:
            found.append(part)
    return found


def _blocks() -> Iterator[tuple[str, str]]:
    """Yield heading and text of each paragraph, item and cell of a table, without programs and pictures."""
    text = re.sub(r"```.*?```", "", GUIDE.read_text(encoding="utf-8"), flags=re.DOTALL)
    text = re.sub(rf"^{re.escape(KEY_TABLE)}$.*?\n\n", "", text, flags=re.DOTALL | re.MULTILINE)
    heading = ""
    for paragraph in re.split(r"\n\s*\n", text):
        if paragraph.startswith("#"):
            heading = paragraph.strip("# \n")
        elif not paragraph.startswith("!["):
            for item in re.split(r"\n(?=- |\d+\. |\|)|(?<!\|)\s*\|(?:-+\|)*\s*(?!\|)", paragraph):
                if item.strip("-| \n"):
                    yield heading, re.sub(r"^\s*(- |\d+\. )", "", item)
