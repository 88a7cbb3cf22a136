"""Changes to zip archives and to gzip streams."""

from __future__ import annotations

import gzip
import io
import warnings
import zipfile
from random import Random

from hostile.byte_changes import Change, change_bytes, change_within

NAMES = (
    "../../escaped", "/etc/escaped", "C:\\escaped", "a/../../b", "", ".", "..", "a\0b", "a" * 5000, "\u202egpj.dcm",
    "a\nb", "CON", "x/" * 300 + "y", "\x1b[2J", "deep\\er\\x",
)  # fmt: skip
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2)
BOMB_BYTES = 80 * 2**20
DIRECTORY_BYTES = 200
"""About where the table of contents and its end lie, from the end of a small archive."""


def change_archive(inside: Change) -> Change:
    """Return a change of an archive's bytes, its members' names, how many there are, or of a member by `inside`."""

    def change(data: bytes, random: Random) -> bytes:
        kind = random.random()
        if kind < 0.3:
            return change_bytes(data, random)
        if kind < 0.5:
            return change_within(data, random, max(len(data) - DIRECTORY_BYTES, 0), len(data))
        return _rewritten(data, random, inside)

    return change


def change_packed(inside: Change) -> Change:
    """Return a change of a gzip stream, or of what is packed in it."""

    def change(data: bytes, random: Random) -> bytes:
        kind = random.random()
        if kind < 0.3:
            return change_bytes(data, random)
        if kind < 0.35:
            return data + random.choice((data, b"x" * 50, b"\0" * 50))
        if kind < 0.4:
            return gzip.compress(gzip.decompress(data) + bytes(random.choice((1, 2**20, BOMB_BYTES))), 1)
        return gzip.compress(inside(gzip.decompress(data), random), 1)

    return change


def _rewritten(data: bytes, random: Random, inside: Change) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [(info.filename, archive.read(info)) for info in archive.infolist()]
    number = random.randrange(len(members))
    name, content = members[number]
    match random.randrange(8):
        case 0:
            members[number] = (random.choice(NAMES), content)
        case 1:
            members.append((name, members[0][1]))
        case 2:
            members = [(f"{i}/{name}", b"") for i in range(random.choice((100, 3000)))]
        case 3 if random.random() < 0.05:
            members.append(("bomb", bytes(BOMB_BYTES)))
        case 4:
            members[number] = (f"{name}.zip", data)
        case 5:
            members[number] = (name, random.choice((b"", b"x", content[:200], content * 3)))
        case _:
            members[number] = (name, inside(content, random))
    return _packed(members, random.choice(METHODS))


def _packed(members: list[tuple[str, bytes]], method: int) -> bytes:
    packed = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(packed, "w", method) as archive:
        warnings.simplefilter("ignore")
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return packed.getvalue()
