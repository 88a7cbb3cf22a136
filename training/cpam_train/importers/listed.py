"""Lists that name files: JSON and CSV, and the paths in them, which must not lead out of the data set."""

from __future__ import annotations

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from cpam_train.importers.layout import strip
from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.files import read_json as values_of_json
from napari_cpam_stroke.files import read_text

DELIMITERS = ",;\t"
"""What parts the values of a table: spreadsheets write any of these."""

UNREADABLE = (OSError, UnicodeError, csv.Error)
"""What reading a damaged table raises."""

Entry = TypeVar("Entry", bound=Hashable)


def read_json(path: Path, expected: str) -> dict[str, Any]:
    """Return the object of a JSON file.

    Raises
    ------
    InputError
        If it cannot be read, is too large, or is no object.
    """
    try:
        data = values_of_json(path)
    except OSError as error:
        raise InputError(f"{path.name} cannot be read", got=error.strerror, expected=expected) from error
    except ValueError as error:
        raise InputError(f"{path.name} cannot be read as JSON", got=error, expected=expected) from error
    if not isinstance(data, dict):
        raise InputError(f"{path.name} is no such list", got=type(data).__name__, expected=expected)
    return data


def only_json(src: Path, expected: str) -> Path:
    """Return the list that is meant: the file itself, or the only JSON file of a folder."""
    if src.is_file():
        return src
    found = sorted(src.glob("*.json")) if src.is_dir() else []
    if len(found) != 1:
        raise InputError(
            f"{src} is no list and holds {'several' if found else 'none'}",
            got=", ".join(path.name for path in found) or None,
            expected=expected,
            remedy="name the JSON file itself",
        )
    return found[0]


def read_rows(path: Path, expected: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield line number and values by column name (lower case, stripped) of a CSV, empty lines left out.

    Values are parted by comma, semicolon or tab, whichever the first line holds most of; a byte-order mark is no part
    of a name.

    Raises
    ------
    InputError
        If it cannot be read as UTF-8, names a column twice, or a line has more values than there are columns.
    """
    try:
        lines, delimiter = table_lines(path)
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        columns = [name.strip().casefold() for name in next(reader, [])]
        _require_columns(columns, path)
        for values in reader:
            if any(value.strip() for value in values):
                yield reader.line_num, _row(columns, values, path, reader.line_num)
    except OSError as error:
        raise InputError(f"The table {path.name} cannot be read", got=error.strerror) from error
    except (UnicodeError, csv.Error) as error:
        raise InputError(
            f"The table {path.name} cannot be read", got=error, expected=expected, remedy="save it as UTF-8 CSV"
        ) from error


def table_lines(path: Path) -> tuple[io.StringIO, str]:
    """Return the lines of a UTF-8 table, and which of `DELIMITERS` parts its values: what the first line has most of.

    Raises
    ------
    OSError
        If it cannot be read, or is no regular file.
    UnicodeDecodeError
        If it is in another encoding.
    """
    lines = io.StringIO(read_text(path, encoding="utf-8-sig"), newline="")
    delimiter = max(DELIMITERS, key=lines.readline().count)
    lines.seek(0)
    return lines, delimiter


def table_rows(path: Path, *columns: str) -> list[dict[str, str]]:
    """Return the rows of a published table, parted by commas, which has at least these columns; all values are text.

    Raises
    ------
    InputError
        If it cannot be read, or a column or a value of a row is missing.
    """
    expected = f"columns {', '.join(columns)}"
    try:
        rows = list(csv.DictReader(table_lines(path)[0], restval=""))
    except UNREADABLE as error:
        raise InputError(f"Table {path.name} cannot be read", got=error, expected=expected) from error
    if any(not set(columns) <= row.keys() for row in rows[:1]) or not rows:
        raise InputError(f"Table {path.name} cannot be read", expected=expected)
    return rows


def _require_columns(columns: Sequence[str], path: Path) -> None:
    twice = [name for name, count in Counter(columns).items() if name and count > 1]
    if twice:
        raise InputError(f"The table {path.name} names a column twice", got=twice[0], expected="each name once")


def _row(columns: Sequence[str], values: Sequence[str], path: Path, line: int) -> dict[str, str]:
    if any(value.strip() for value in values[len(columns) :]):
        raise InputError(f"Line {line} of {path.name} has more values than there are columns", got=len(values))
    return dict(zip(columns, (value.strip() for value in values), strict=False))


def listed_path(root: Path, name: str) -> Path:
    """Return the file that a list names by its path from `root`.

    Raises
    ------
    InputError
        If it leads out of `root`, by `..`, by a link or from the top, or if there is no such file.
    """
    plain = name.replace("\\", "/")
    try:
        path = (root / plain).resolve()
        there = path.is_file()
    except (OSError, ValueError) as error:
        raise InputError("The list names a file that cannot be", got=repr(name)) from error
    if not path.is_relative_to(root.resolve()):
        raise InputError(
            "The list names a file outside its folder", got=name, expected=f"a path below {root}", remedy="give --root"
        )
    if not there:
        raise InputError("The list names a file that is missing", got=name, remedy="copy it, or give --root")
    return path


def listed_names(paths: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return for each path of a list what its case is called: the file's name where that is unique, and the path.

    Neither has an ending.
    """
    bare = {path: _bare(path) for path in paths}
    counts = Counter(name.name for name in bare.values())
    return {
        path: tuple(dict.fromkeys([name.name, str(name)] if counts[name.name] == 1 else [str(name)]))
        for path, name in bare.items()
    }


def _bare(path: str) -> PurePosixPath:
    plain = PurePosixPath(path.replace("\\", "/"))
    return plain.with_name(strip(plain.name)) if plain.name else plain


def told_once(entries: Mapping[str, Sequence[Entry]]) -> tuple[dict[str, Entry], dict[str, int]]:
    """Return the entry of each file that is listed once, or always alike; and how often the others are listed."""
    distinct = {name: set(listed) for name, listed in entries.items()}
    once = {name: next(iter(listed)) for name, listed in distinct.items() if len(listed) == 1}
    return once, {name: len(entries[name]) for name, listed in distinct.items() if len(listed) > 1}


def grouped(pairs: Iterable[tuple[str, Entry]]) -> dict[str, list[Entry]]:
    """Return the entries of each name, in order."""
    found: defaultdict[str, list[Entry]] = defaultdict(list)
    for name, entry in pairs:
        found[name].append(entry)
    return dict(found)
