"""The program's standard streams: no character that a console lacks ends a command."""

from __future__ import annotations

import sys
from io import TextIOWrapper


def replace_unprintable() -> None:
    """Let standard output and standard error show a question mark for what their encoding lacks."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
