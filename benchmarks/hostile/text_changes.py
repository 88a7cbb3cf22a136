"""Changes to JSON values, to tables, and to lines of text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random
from typing import Any

from hostile.byte_changes import change_bytes

DEEP = 100_000
"""Lists inside lists: deeper than any parser that calls itself goes."""

ODD = (
    None, True, False, 0, -1, 1, 2, 0.5, -0.0, 2**31, 2**63, 2**64, 10**400, -(10**30), 1e308, 1e-320, float("nan"),
    float("inf"), -float("inf"), "", " ", "0", "x", "nan", "A" * 100_000, "\0", "a\0b", "\ud800", "\x1b[2J", "a\nb",
    "../../../etc/passwd", "/etc/passwd", "/dev/zero", "C:\\x", "=1+1", "\u202e", [], {}, [[]], [None], {"": None},
    [1, 2, 3], ["a"] * 1000, [0] * 5, {"__class__": "x"},
)  # fmt: skip
"""Odd values for any place of a JSON file."""

CELLS = (
    "", " ", "0", "1", "-1", "2", "nan", "inf", "1e999", "x", '"', '""', '"a', "a" * 200_000, "\0", "\ufeff", "é",
    "a\nb", "\x1b[2J", "../../etc/passwd", "/etc/passwd", "=1+1", ",,,,", ";", "\t", "yes", "hemorrhage", "\u202e",
    "\U0001f9e0",
)  # fmt: skip


def change_json(data: bytes, random: Random) -> bytes:
    """Change some values of a JSON file, how they are written, or bytes of it."""
    if random.random() < 0.25:
        return change_bytes(data, random)
    values = json.loads(data)
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        values = change_values(values, random)
    return _written(values, random)


def change_values(values: Any, random: Random) -> Any:
    """Return values of which one was changed, removed, added or repeated."""
    places = list(_places(values))
    if not places or random.random() < 0.02:
        return random.choice(ODD)
    holder, key = random.choice(places)
    match random.randrange(12):
        case 0:
            del holder[key]
        case 1 | 2 | 3:
            holder[key] = random.choice(ODD)
        case 4:
            other_holder, other_key = random.choice(places)
            if not _inside(other_holder[other_key], holder):
                holder[key] = json.loads(json.dumps(other_holder[other_key]))
        case 5:
            holder[key] = random.choice(([holder[key]], {"value": holder[key]}, str(holder[key]), [holder[key]] * 50))
        case 6:
            _add(holder, key, random)
        case _:
            _nudge(holder, key, random)
    return values


def change_table(data: bytes, random: Random) -> bytes:
    """Change some cells and lines of a comma-separated table, or bytes of it."""
    if random.random() < 0.3:
        return change_bytes(data, random)
    lines = [line.split(",") for line in data.decode().splitlines()]
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        _change_line(lines, random)
    text = random.choice(("\n", "\n", "\r\n", "\r")).join(
        random.choice((",", ",", ",", ";", "\t")).join(x) for x in lines
    )
    return text.encode(random.choice(("utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-32")), "surrogatepass")


def change_yaml(data: bytes, random: Random) -> bytes:
    """Change values as of JSON, which YAML is too, or add what only YAML has."""
    if random.random() < 0.7:
        return change_json(data, random)
    return data.rstrip(b"}\n") + random.choice(YAML_ONLY)


YAML_ONLY = (
    b', "a": &a [*a]}', b', "a": !!python/object/apply:os.system ["true"]}', b"}\n---\n{}", b', "a": 2026-99-99}',
    b', "a": &x ["lol"], "b": &y [*x,*x,*x,*x,*x,*x,*x,*x], "c": &z [*y,*y,*y,*y,*y,*y,*y,*y], "d": [*z,*z,*z,*z,*z]}',
    b', ? [a, b] : 1}', b', 1: 2}', b', null: 3}', b', "epochs": 1:30}', b', "epochs": 0x10}', b', "epochs": .nan}',
    b"}\n%TAG", b"\t: x}",
)  # fmt: skip


def _places(values: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every holder and key of nested values."""
    keys = list(values) if isinstance(values, dict) else list(range(len(values))) if isinstance(values, list) else []
    for key in keys[:200]:
        yield values, key
        yield from _places(values[key])


def _inside(value: Any, holder: Any) -> bool:
    return value is holder or any(parent[key] is holder for parent, key in _places(value))


def _add(holder: Any, key: Any, random: Random) -> None:
    if isinstance(holder, list):
        holder.insert(key, random.choice((holder[key], random.choice(ODD))))
    else:
        holder[random.choice(("", "unknown", f"{key}x", "schema_version", "\ud800", "__init__"))] = random.choice(ODD)


def _nudge(holder: Any, key: Any, random: Random) -> None:
    value = holder[key]
    if isinstance(value, bool) or value is None:
        holder[key] = not value
    elif isinstance(value, (int, float)):
        holder[key] = random.choice((-value, value + 1, value * 1000, value * 10**9, value / 3, 10**12, str(value)))
    elif isinstance(value, str):
        holder[key] = random.choice((value + "x", value[:-1], value.upper(), value * 3, f" {value}", value[::-1]))
    else:
        holder[key] = random.choice(ODD)


def _written(values: Any, random: Random) -> bytes:
    text = json.dumps(values, ensure_ascii=random.random() < 0.7)
    match random.randrange(16):
        case 0:
            text = text.replace(random.choice(("1", "0", "true", "null", "2")), "[" * DEEP, 1)
        case 1:
            text = "[" * DEEP + text + "]" * DEEP
        case 2:
            text = text.replace("1", "1" + "0" * 5000, 1)
        case 3:
            return text.encode(random.choice(("utf-16", "utf-32", "utf-8-sig")), "surrogatepass")
        case 4:
            text = text.replace("{", '{"a": 1, "a": 2, ', 1)
    return text.encode("utf-8", "surrogatepass")


def _change_line(lines: list[list[str]], random: Random) -> None:
    if not lines:
        return
    number = random.randrange(len(lines))
    match random.randrange(7):
        case 0:
            del lines[number]
        case 1:
            lines.insert(number, list(lines[number]))
        case 2:
            lines[number].append(random.choice(CELLS))
        case 3 if lines[number]:
            lines[number].pop()
        case 4:
            other = random.randrange(len(lines))
            lines[number], lines[other] = lines[other], lines[number]
        case _ if lines[number]:
            lines[number][random.randrange(len(lines[number]))] = random.choice(CELLS)
