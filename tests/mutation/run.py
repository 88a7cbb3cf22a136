"""Break core modules on purpose and see whether their tests notice: `python tests/mutation/run.py`.

Works on a copy of the tree. Every mutant is tried by the tests that mirror its module, in a forked process, so that
libraries are loaded once (Linux and macOS). Made by hand because mutmut (3.8) connects no test with a module under
`training/` and leaves constants of a module alone, and cosmic-ray changes the files it works on in place.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import multiprocessing
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from equivalent import EQUIVALENT
from hypothesis import Phase, settings
from mutants import Mutant, mutants_of

ROOT = Path(__file__).resolve().parents[2]

SOURCES = ("src", "training")
"""Folders that packages are imported from."""

COPIED = (*SOURCES, "tests", "pyproject.toml")

LIBRARIES = (
    "highdicom", "hypothesis.extra.numpy", "monai.metrics", "pydicom", "scipy.ndimage", "scipy.sparse.csgraph",
    "skimage.measure", "sklearn.calibration", "sqlalchemy.orm", "torch",
)  # fmt: skip
"""Loaded before the first mutant; none of them may load a package of ours."""

PLUGIN, TRAINER = "src/napari_cpam_stroke", "training/cpam_train"

MODULES: dict[str, tuple[str, ...]] = {
    f"{PLUGIN}/core/geometry.py": ("core/test_geometry.py",),
    f"{PLUGIN}/core/preprocess.py": ("core/test_preprocess.py",),
    f"{PLUGIN}/core/head.py": ("core/test_head.py", "core/test_preprocess.py"),
    f"{PLUGIN}/core/lesions.py": ("core/test_lesions.py",),
    f"{PLUGIN}/core/windowing.py": ("core/test_windowing.py",),
    f"{PLUGIN}/core/editing/grow.py": ("core/editing/test_grow.py", "core/editing/test_rules.py"),
    f"{PLUGIN}/dicom/pixels/hounsfield.py": ("dicom/pixels/test_hounsfield.py",),
    f"{PLUGIN}/dicom/series/stacking.py": ("dicom/series/test_stacking.py",),
    f"{PLUGIN}/inference/prediction.py": ("inference/test_prediction.py",),
    f"{PLUGIN}/annotations/splits.py": ("annotations/test_splits.py",),
    f"{TRAINER}/metrics/counts.py": ("train/metrics/test_counts.py", "train/test_metrics.py"),
    f"{TRAINER}/operating/pixel_threshold.py": ("train/operating/test_pixel_threshold.py",),
}
"""File and the tests that mirror it."""

PYTEST = (
    "-x", "-q", "-p", "no:cacheprovider", "-p", "_hypothesis_pytestplugin", "-p", "timeout",
    "-o", "addopts=--import-mode=importlib",
)  # fmt: skip
"""Without the plugins of Qt and napari, which take longer to load than the tests to run."""

SURVIVED, NOT_IMPORTED = 0, 100
"""Exit codes of a trial: all tests passed; they passed without loading the file."""

LEAST_SECONDS, TIMES_THE_CLEAN_RUN = 20.0, 5
"""How long a mutant may take before it counts as killed."""


@dataclass(frozen=True)
class Outcome:
    """What became of the mutants of one module."""

    module: str
    tried: int
    survivors: tuple[str, ...]

    def row(self) -> tuple[str, int, int, int, str]:
        """Return module, mutants, killed, survived and the share that survived."""
        survived = len(self.survivors)
        return self.module, self.tried, self.tried - survived, survived, f"{survived / max(self.tried, 1):.0%}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Try mutants of some modules and print the table; 1 where more survive than is allowed."""
    options = _options(arguments)
    chosen = [module for module in MODULES if any(part in module for part in options.module or [""])]
    with tempfile.TemporaryDirectory() as folder:
        tree = _copy(Path(folder))
        _load_libraries()
        outcomes = [_outcome(tree, module, options.count, options.seed) for module in chosen]
    _show(outcomes)
    tried, survived = sum(o.tried for o in outcomes), sum(len(o.survivors) for o in outcomes)
    return int(survived > options.allowed * tried)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--module", action="append", help="part of a path, may be repeated (default: all)")
    parser.add_argument("--count", type=int, default=22, help="mutants of each module (0: all)")
    parser.add_argument("--seed", type=int, default=0, help="another seed draws other mutants")
    parser.add_argument("--allowed", type=float, default=0.1, help="share that may survive")
    return parser.parse_args(arguments)


def _copy(folder: Path) -> Path:
    for name in COPIED:
        source, target = ROOT / name, folder / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, target)
    return folder


def _load_libraries() -> None:
    for name in LIBRARIES:
        importlib.import_module(name)
    settings.register_profile("mutation", phases=(Phase.explicit, Phase.generate), derandomize=True, database=None)
    settings.load_profile("mutation")  # no shrinking, the same examples every time


def _outcome(tree: Path, module: str, count: int, seed: int) -> Outcome:
    source = (tree / module).read_text(encoding="utf-8")
    limit = _clean_run(tree, module)
    survivors = []
    tried = _drawn(module, source, count, seed)
    for mutant in tried:
        (tree / module).write_text(mutant.source, encoding="utf-8")
        if _trial(tree, module, limit) == SURVIVED:
            survivors.append(mutant.name)
            _say(f"survived in {module}\n  {mutant.name}")
    (tree / module).write_text(source, encoding="utf-8")
    _say(f"{len(survivors)} of {len(tried)} survived in {module}")
    return Outcome(module, len(tried), tuple(survivors))


def _drawn(module: str, source: str, count: int, seed: int) -> list[Mutant]:
    """Return the mutants to try: without those known to behave alike, a sample that only the seed decides."""
    made, known = mutants_of(source), EQUIVALENT.get(module, {})
    if stale := known.keys() - {mutant.name for mutant in made}:
        raise SystemExit(f"No such mutants of {module} any more, take them out of equivalent.py: {sorted(stale)}")
    shuffled = random.Random(f"{seed} {module}").sample(made, len(made))
    real = [mutant for mutant in shuffled if mutant.name not in known]
    return real[: count or len(real)]


def _clean_run(tree: Path, module: str) -> float:
    """Check that the tests pass without any fault, and return how long a mutant may take in seconds."""
    start = time.perf_counter()
    code = _trial(tree, module, limit=600, keep_compiled=True)
    if code != SURVIVED:
        raise SystemExit(f"The tests of {module} cannot judge it: exit code {code} without any fault")
    for compiled in (tree / module).parent.glob(f"__pycache__/{Path(module).stem}.*"):
        compiled.unlink()
    return max(LEAST_SECONDS, TIMES_THE_CLEAN_RUN * (time.perf_counter() - start))


def _trial(tree: Path, module: str, limit: float, *, keep_compiled: bool = False) -> int:
    """Return the exit code of the module's tests; beyond the time limit the process is stopped."""
    process = multiprocessing.get_context("fork").Process(target=_test, args=(tree, module, keep_compiled))
    process.start()
    process.join(limit)
    if process.is_alive():
        process.kill()
        process.join()
    return process.exitcode if process.exitcode is not None else 1


def _test(tree: Path, module: str, keep_compiled: bool) -> None:
    """Run the tests inside the copy (in a process of its own) and exit with their code."""
    os.chdir(tree)
    sys.dont_write_bytecode = not keep_compiled
    sys.path[:0] = [str(tree / source) for source in SOURCES]
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    os.environ["PYTHONPATH"] = os.pathsep.join(sys.path[: len(SOURCES)])
    tests = [f"tests/{name}" for name in MODULES[module]]
    with (
        Path(os.devnull).open("w") as nowhere,
        contextlib.redirect_stdout(nowhere),
        contextlib.redirect_stderr(nowhere),
    ):
        code = pytest.main([*PYTEST, *tests])
    os._exit(int(code) or (SURVIVED if _loaded(tree / module) else NOT_IMPORTED))


def _loaded(file: Path) -> bool:
    files = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
    return any(name and Path(name) == file for name in files)


def _show(outcomes: Iterable[Outcome]) -> None:
    rows = [outcome.row() for outcome in outcomes]
    tried, killed, survived = (sum(row[i] for row in rows) for i in (1, 2, 3))
    rows.append(("all", tried, killed, survived, f"{survived / max(tried, 1):.0%}"))
    _say("| module | mutants | killed | survived | share |\n|---|---|---|---|---|")
    for row in rows:
        _say("| " + " | ".join(map(str, row)) + " |")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
