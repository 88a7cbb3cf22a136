"""Print the licences of everything this project installs: `python .ci/make_licences.py > docs/dependencies.md`.

Run in the environment that .ci/make_constraints.py asks for.
"""

from __future__ import annotations

from importlib.metadata import PackageMetadata, distribution

from make_constraints import declared, leads_to

PARTS = {
    "The plugin and its commands": (),
    "`[pyqt5]`: the window": ("pyqt5",),
    "`[postgres]`: a store on a server": ("postgres",),
    "`[signatures]`: signed models": ("signatures",),
    "`[train]`: the trainer": ("train",),
}
CLASSIFIER = "License :: OSI Approved :: "
LONGEST_NAME = 120
PAGE = """# Licences of the dependencies

As each package declares its own. napari-cpam-stroke itself is BSD-3-Clause; a package stands under the first part that
needs it, and what torch brings for NVIDIA's GPUs is left to torch. PyQt5 is GPL: whoever hands on a program that
includes it hands that program on under the GPL. `[pyqt6]` is the same. Made by `.ci/make_licences.py`.
"""


def licence(metadata: PackageMetadata) -> str:
    """Return the licence of a package: its expression, else its classifiers, else the first line that names one."""
    classified = [c.removeprefix(CLASSIFIER) for c in metadata.get_all("Classifier", []) if c.startswith(CLASSIFIER)]
    first_line = (metadata.get("License") or "").partition("\n")[0]
    return str(metadata.get("License-Expression") or ", ".join(classified) or first_line)[:LONGEST_NAME]


def licences() -> dict[str, dict[str, str]]:
    """Return the licence of every package, by the first part of the project that needs it."""
    found: dict[str, dict[str, str]] = {}
    for part, extras in PARTS.items():
        before = {name for packages in found.values() for name in packages}
        names = sorted(set(leads_to(declared(*extras))) - before)
        found[part] = {name: licence(distribution(name).metadata) for name in names}
    return found


if __name__ == "__main__":
    print(PAGE)
    for part, packages in licences().items():
        print(f"## {part}\n\n| Package | Licence |\n|---|---|")
        for name, text in packages.items():
            print(f"| {name} | {text} |")
        print()
