"""The one command behind docs/reliability.md: it knows every command of the document, and each of them can be typed."""

from __future__ import annotations

import re
import runpy
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
RELIABILITY = runpy.run_path(str(ROOT / "benchmarks" / "reliability.py"))
MEASUREMENTS = RELIABILITY["MEASUREMENTS"]
COMMANDS = sorted({each.command(short=short) for each in MEASUREMENTS for short in (True, False)})
SCRIPTS = sorted(command for command in COMMANDS if "benchmarks/" in command)


@cache
def help_of(script: str) -> str:
    done = subprocess.run([sys.executable, ROOT / script, "--help"], capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.parametrize("command", SCRIPTS)
def test_each_script_takes_the_options_it_is_given(command):
    words = shlex.split(command)
    words = words[words.index("python") + 1 :]
    options = [word for word in words if word.startswith("--")]
    assert [option for option in options if not re.search(rf"{option}\b", help_of(words[0]))] == []
    parsed = [sys.executable, *words, "--help"]
    assert subprocess.run(parsed, cwd=ROOT, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("command", [command for command in COMMANDS if command not in SCRIPTS])
def test_each_test_is_there(command):
    program, *paths = shlex.split(command)
    assert program == "pytest"
    assert [path for path in paths if not (ROOT / path).is_file()] == []


def test_the_document_and_the_command_name_the_same():
    named = set(re.findall(r"(?:benchmarks|tests)/[\w/]+\.py", DOCUMENT)) - {"benchmarks/reliability.py"}
    run = {path for command in COMMANDS for path in re.findall(r"(?:benchmarks|tests)/[\w/]+\.py", command)}
    assert named == run
    assert "`python benchmarks/reliability.py`" in DOCUMENT


def measured(command, how=RELIABILITY["last_line"]):
    return RELIABILITY["measure"](RELIABILITY["Measurement"]("x", command, "", how), short=False)


def test_a_row_holds_what_was_measured(tmp_path):
    (tmp_path / "figures.json").write_text('{"lost": 0, "states": {"strict": 7}, "faults": []}')
    command = f"cat {tmp_path / 'figures.json'}"
    assert measured(command, RELIABILITY["figures"]) == (f"| x | lost 0, states (strict 7) | `{command}` |", True)


def test_a_command_that_fails_or_is_missing_is_told():
    assert measured("false") == ("| x | FAILED with 1: nothing was said | `false` |", False)
    assert measured("no-such-program") == (
        "| x | FAILED: no-such-program is not installed | `no-such-program` |",
        False,
    )


def test_tries_are_added_up():
    said = """\
| dicom | 1,000 | 900 | 98 | 2 | 0 | 1.0 | 0.10 | 140 |
    5: a find
| seg | 10 | 10 | 0 | 0 | 0 | 1.0 | 0.1 | 9 |
"""
    assert RELIABILITY["tries"](said) == "2 entries: 1,010 tries, 910 answered, 98 refused, 2 undeclared, 0 deaths"
