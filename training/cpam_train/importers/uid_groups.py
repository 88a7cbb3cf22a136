"""Stand-ins for patients where a release removed them: scanner and day, read from an instance UID."""

from __future__ import annotations

import hashlib
import re

_UNIX_SECONDS = re.compile(r"^1[45]\d{8}$|^16\d{8}$")
_STAMP = re.compile(r"^(20\d{6})\d{6,}")
_SIEMENS_STAMP = re.compile(r"^300000(\d{6})\d+$")
SECONDS_PER_DAY = 86_400


def group_of_uid(uid: str) -> str:
    """Return a short name shared by slices of one scanner and day; one patient has one scan far more often than not.

    Known shapes: seconds since 1970 (GE, Canon, older Philips), a YYYYMMDDhhmmss stamp (Philips) and 300000YYMMDD...
    (Siemens). Any other UID groups by everything but its last two components.
    """
    parts = uid.split(".")
    for index, part in enumerate(parts):
        day = _day(part)
        if day:
            return _short(f"{'.'.join(_scanner(parts[:index]))} {day}")
    return _short(".".join(parts[:-2]) or uid)


def _day(part: str) -> str:
    if _UNIX_SECONDS.match(part):
        return str(int(part) // SECONDS_PER_DAY)
    match = _STAMP.match(part) or _SIEMENS_STAMP.match(part)
    return match[1] if match else ""


def _scanner(parts: list[str]) -> list[str]:
    """GE puts a process number between scanner and time: it may change within one scan."""
    return parts[:-1] if parts[:4] == ["1", "2", "840", "113619"] else parts


def _short(text: str) -> str:
    return "u" + hashlib.sha256(text.encode()).hexdigest()[:10]
