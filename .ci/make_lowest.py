"""Print the lowest versions the project allows, as pip constraints: `python .ci/make_lowest.py`.

What they in turn depend on, and the tools of the tests, are left to pip.
"""

from __future__ import annotations

from make_constraints import declared
from packaging.requirements import Requirement

EXTRAS = ("pyqt5", "postgres", "signatures", "train")
HEADER = "# The lowest versions that pyproject.toml allows, for `pip install -c`; made by .ci/make_lowest.py."


def lowest(requirement: Requirement) -> str:
    """Return the lower bound of a requirement; one without would be a promise that nobody keeps."""
    bounds = [part.version for part in requirement.specifier if part.operator in (">=", "==", "~=")]
    if len(bounds) != 1:
        raise SystemExit(f"{requirement.name} needs exactly one lower bound in pyproject.toml, and has {len(bounds)}")
    return bounds[0]


if __name__ == "__main__":
    print(HEADER)
    for name, version in sorted({r.name: lowest(r) for r in declared(*EXTRAS)}.items()):
        print(f"{name}=={version}")
