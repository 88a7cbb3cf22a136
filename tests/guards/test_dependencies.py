"""Every declared dependency is used, and everything used is declared where it is needed."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from napari_cpam_stroke.annotations.location import POSTGRES_DRIVER
from napari_cpam_stroke.dicom.pixels import decode_worker

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
DISTRIBUTIONS = packages_distributions()

PLUGINS: dict[str, Callable[[], object]] = {
    "psycopg": lambda: create_engine(f"{POSTGRES_DRIVER}://nobody@nowhere/nothing"),
    "tensorboard": lambda: import_module("torch.utils.tensorboard"),
    "pyqt5": lambda: import_module("qtpy.QtCore"),
    "pyqt6": lambda: import_module("qtpy.QtCore"),
}
"""What another library loads for us: SQLAlchemy's driver, the writer of Lightning's logger, qtpy's bindings."""

NOT_YET: dict[str, str] = {}
"""Declared before it is imported, and why."""


def _name(requirement: str) -> str:
    return re.split(r"[\[<>=!~; ]", requirement, maxsplit=1)[0].lower().replace("_", "-")


BASE = {_name(r) for r in PROJECT["dependencies"]}
EXTRAS = {extra: {_name(r) for r in found} for extra, found in PROJECT["optional-dependencies"].items()}
RUNTIME = BASE | EXTRAS["pyqt5"] | EXTRAS["pyqt6"] | EXTRAS["train"] | EXTRAS["postgres"] | EXTRAS["signatures"]


def _imported(tree: ast.AST) -> Iterator[str]:
    """Yield the modules imported anywhere, those by `import_module("name")` included."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=str(module), level=0):
                yield module
            case ast.Call(func=ast.Name(id="import_module"), args=[ast.Constant(value=str(module)), *_]):
                yield module


def _packages(*folders: str, at_import: bool = False) -> dict[str, set[str]]:
    """Return the distributions imported below the folders, each with the files that import it."""
    paths = [p for folder in folders for p in (ROOT / folder).rglob("*")]
    own = {"napari_cpam_stroke", "cpam_train", *folders, *(p.stem for p in paths if p.suffix in ("", ".py"))}
    found: dict[str, set[str]] = {}
    for path in (p for p in paths if p.suffix == ".py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        parts = [n for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom)] if at_import else [tree]
        modules = {m.partition(".")[0] for part in parts for m in _imported(part)}
        for module in modules - own - set(sys.stdlib_module_names):
            found.setdefault(_distribution(module), set()).add(path.relative_to(ROOT).as_posix())
    return found


def _distribution(module: str) -> str:
    """Return the declared distribution that holds a module, else any that does."""
    owners = [_name(owner) for owner in DISTRIBUTIONS.get(module, [module])]
    return next((owner for owner in owners if owner in RUNTIME), owners[0])


def test_every_import_is_declared() -> None:
    imported = _packages("src", "training")
    assert len(imported) > 15
    assert {name: files for name, files in imported.items() if name not in RUNTIME} == {}


def test_what_loads_with_the_library_is_in_the_base_or_its_own_extra() -> None:
    imported = _packages("src", at_import=True)
    strays = {name: files for name, files in imported.items() if name not in BASE}
    outside = {f for files in strays.values() for f in files if "/widgets/" not in f}
    assert set(strays) <= EXTRAS["pyqt5"]
    assert outside == set()


def test_what_the_trainer_imports_is_in_the_base_or_its_extra() -> None:
    assert set(_packages("training")) <= BASE | EXTRAS["train"]


def test_every_declared_dependency_is_used() -> None:
    used = set(_packages("src", "training"))
    assert RUNTIME - used - set(PLUGINS) == set(NOT_YET)


def test_what_is_not_yet_used_leaves_its_list_once_it_is() -> None:
    assert set(NOT_YET) & set(_packages("src", "training")) == set()


@pytest.mark.parametrize("name", sorted(set(PLUGINS) - {"pyqt6"}))
def test_a_plugin_is_what_its_library_loads(name: str) -> None:
    modules = {module for module, owners in DISTRIBUTIONS.items() if name in {_name(o) for o in owners}}
    PLUGINS[name]()
    assert modules & set(sys.modules), f"{name} was not loaded"


@pytest.mark.parametrize("codec", decode_worker.DECODERS)
def test_every_codec_has_its_library(codec: str) -> None:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - every library complains of an empty frame in its own way
        decode_worker.decode_frame(codec, b"", rows=1, columns=1, allocated=16, signed=False)
    assert not isinstance(caught.value, ImportError)


def test_tests_benchmarks_and_docs_use_only_what_is_declared() -> None:
    imported = _packages("tests", "benchmarks", "docs")
    declared = RUNTIME.union(*EXTRAS.values()) | {"hatchling"}
    assert {name: files for name, files in imported.items() if name not in declared} == {}
