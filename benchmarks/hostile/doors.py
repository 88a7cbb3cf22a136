"""The doors a user takes: commands as they are typed, and what the reading room calls to open things."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from napari_cpam_stroke.errors import CpamError

SURNAME, NUMBER = "Canarybird", "CANARY-4711"
"""Of the patient in every input: neither may be in anything that is said."""

LONGEST_SENTENCE = 4000
"""Characters of a refusal; a longer one is no sentence."""

PROGRAMS = {"cpam-stroke": "napari_cpam_stroke.cli", "cpam-train": "cpam_train.cli"}
UNFORESEEN = re.compile(r"Unexpected \w+(Error|Exception)|failed unexpectedly")
"""How the program tells of an error that nobody foresaw."""

DONE, SOME_REFUSED, BAD_INPUT = 0, 1, 2


class UndeclaredError(Exception):
    """An answer that no user should get; its text says what is wrong with it."""


@dataclass(frozen=True)
class Answer:
    """What a door gave.

    Attributes
    ----------
    said
        Everything in words that a user sees.
    refused
        Whether the program declined in words.
    facts
        Values that a change which leaves pixels, place and patient alone must leave alone.
    """

    said: str
    refused: bool
    facts: dict[str, Any] = field(default_factory=dict)


def ask(door: Callable[[], Answer]) -> Answer:
    """Go through a door; a declared error is an answer, and what is said must be fit to be shown.

    Raises
    ------
    UndeclaredError
        If it is not, or anything else was raised.
    """
    try:
        answer = door()
    except CpamError as error:
        answer = Answer(str(error), refused=True)
        _require_sentence(answer.said)
    except UndeclaredError:
        raise
    except Exception as error:
        raise UndeclaredError(f"{type(error).__name__}: {error}"[:500]) from error
    _require_fit(answer.said)
    return answer


def command(*arguments: object) -> Answer:
    """Type a command of either program in this process, and return what it says."""
    program, *rest = map(str, arguments)
    code, out, complaint = _run(program, rest)
    if code not in {DONE, SOME_REFUSED, BAD_INPUT}:
        raise UndeclaredError(f"exit code {code}: {complaint[:300]}")
    if code == BAD_INPUT:
        _require_sentence(complaint)
    if UNFORESEEN.search(complaint):
        raise UndeclaredError(complaint[-500:])
    return Answer(out + complaint, refused=code != DONE)


def open_series(path: Path, workers: object = None) -> Answer:
    """Find series and read every one of them that can be read, as the room does when something is opened."""
    from napari_cpam_stroke.dicom import read_series, scan_paths

    report = scan_paths([path])
    said = [file.reason for file in report.rejected]
    volumes = []
    for entry in report.series:
        said += [entry.description, *entry.reasons, *entry.warnings, *entry.facts]
        if entry.verdict != "refused":
            volumes.append(read_series(entry, workers=workers))
            said += [notice.sentence for notice in volumes[-1].notices]
    return Answer("\n".join(map(one_line, said)), refused=not volumes, facts=facts_of(volumes))


def one_line(text: str) -> str:
    """Return a text of one line, or raise: what is said of one thing has no line breaks."""
    if len(text.splitlines()) > 1:
        raise UndeclaredError(f"several lines are said of one thing: {text!r:.300}")
    return text


def facts_of(volumes: Sequence[Any]) -> dict[str, Any]:
    """Return slices with their places, and patients, in values that can be compared."""
    for volume in volumes:
        if volume.geometry is not None and not np.isfinite(volume.geometry.positions_mm).all():
            raise UndeclaredError("a position that is no number was handed out")
    return {
        "slices": {slice_ for volume in volumes for slice_ in _slices(volume)},
        "patients": {volume.patient_id for volume in volumes},
    }


def _slices(volume: Any) -> Iterator[tuple[Any, str]]:
    """Yield place and pixels of every slice."""
    places = [None] * len(volume.hu) if volume.geometry is None else volume.geometry.positions_mm.round(3).tolist()
    for place, plane in zip(places, volume.hu, strict=True):
        yield place and tuple(place), sha256(plane.tobytes()).hexdigest()[:12]


def _run(program: str, arguments: Sequence[str]) -> tuple[int, str, str]:
    """Run a program's `main` as its command does, with streams that take only what can be encoded."""
    out, complaints = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    before, sys.argv = sys.argv, [program, *arguments]
    try:
        with redirect_stdout(out), redirect_stderr(complaints):
            import_module(PROGRAMS[program]).main()
        code = DONE
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else DONE if end.code is None else BAD_INPUT
    finally:
        sys.argv = before
    return code, _text(out), _text(complaints)


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    content = stream.buffer
    assert isinstance(content, io.BytesIO)
    return content.getvalue().decode()


def _require_sentence(said: str) -> None:
    """Refuse a refusal of several lines; progress and warnings before it are not counted."""
    if len(said) > LONGEST_SENTENCE:
        raise UndeclaredError(f"a sentence of {len(said)} characters: {said[:300]!r}")
    lines = [line for line in said.strip().splitlines() if line.strip()]
    if not lines:
        raise UndeclaredError("a refusal without a word")
    if len(lines) > 1:
        raise UndeclaredError(f"a refusal of {len(lines)} lines: {said[:400]!r}")


def _require_fit(said: str) -> None:
    """Refuse what names the patient, shows the program's inside, or would steer a terminal."""
    if SURNAME in said or NUMBER in said:
        at = max(said.find(SURNAME), said.find(NUMBER))
        raise UndeclaredError(f"the patient is named: {said[max(at - 200, 0) : at + 60]!r}")
    if "Traceback (most recent call last)" in said:
        raise UndeclaredError(f"a traceback: {said[-400:]!r}")
    strange = next((c for c in said if (ord(c) < 32 or 0x7F <= ord(c) < 0xA0) and c not in "\n\r\t"), None)
    if strange is not None:
        at = said.index(strange)
        raise UndeclaredError(f"a control character is said: {said[max(at - 150, 0) : at + 50]!r}")
