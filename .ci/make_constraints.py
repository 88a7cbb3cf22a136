"""Print the versions of everything this project installs, as pip constraints: `python .ci/make_constraints.py`.

Run in a fresh environment after `pip install ".[all,postgres,test]"`. Only what the project's own dependencies lead to
is named; versions alone, without build tags or hashes, so that every platform and every build of torch can follow. What
torch brings for one kind of GPU is left to torch, which pins it itself.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
EXTRAS = ("pyqt5", "postgres", "signatures", "train", "test")
LEFT_TO_TORCH = ("nvidia-", "cuda-", "triton")
HEADER = "# What CI tested (Linux, Python 3.11), for `pip install -c`; made by .ci/make_constraints.py."


def declared(*extras: str) -> list[Requirement]:
    """Return what the project and these extras of it ask for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    optional = project["optional-dependencies"]
    return [Requirement(r) for r in (*project["dependencies"], *(r for extra in extras for r in optional[extra]))]


def leads_to(requirements: Iterable[Requirement]) -> dict[str, str]:
    """Return the version of every package that the requirements lead to here, by name."""
    found: dict[str, str] = {}
    waiting, seen = list(requirements), set()
    while waiting:
        requirement = waiting.pop()
        name, extras = canonicalize_name(requirement.name), frozenset(requirement.extras)
        if (name, extras) in seen or name.startswith(LEFT_TO_TORCH):
            continue
        seen.add((name, extras))
        package = distribution(name)
        found[name] = Version(package.version).public
        waiting += [r for r in map(Requirement, package.requires or ()) if applies(r, extras)]
    return found


def applies(requirement: Requirement, extras: Iterable[str]) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *extras))


if __name__ == "__main__":
    print(HEADER)
    for name, version in sorted(leads_to(declared(*EXTRAS)).items()):
        print(f"{name}=={version}")
