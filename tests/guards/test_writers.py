"""Nothing is written into its final name: `files.py` alone gives names, and what writes by itself is named here."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HOME = "src/napari_cpam_stroke/files.py"

STAGED = "into the folder that whole_folder gave, or one for the moment"
STREAM = "a log that others read while it grows"

BY_THEMSELVES = {
    "src/napari_cpam_stroke/annotations/backup.py": STAGED,
    "src/napari_cpam_stroke/annotations/sqlite_file.py": STAGED,
    "src/napari_cpam_stroke/bundles/bundle.py": STAGED,
    "src/napari_cpam_stroke/export/case_folder.py": STAGED,
    "src/napari_cpam_stroke/annotations/repair.py": "puts what is replaced aside, under another name",
    "src/napari_cpam_stroke/retraining/started_process.py": STREAM,
    "training/cpam_train/commands/watching.py": STREAM,
    "training/cpam_train/tuning/workers.py": STREAM,
}

WRITING = {"write_text", "write_bytes", "rename", "hardlink_to", "symlink_to", "to_csv", "save_file", "tofile"}
GIVEN_A_PLACE = {"savefig", "save_as", "save", "savez", "savez_compressed", "imwrite"}
"""Write to what they are given first: fine where that is an open file."""

OF_NUMPY_AND_PICTURES = {"np", "numpy", "figure", "fig", "plt", "image", "dataset"}
"""Who has a `save` that writes a file."""

NO_PATHS = ("layers",)
"""Who has a `replace` of its own."""

COPYING = {"copy", "copy2", "copyfile", "copytree", "move"}
RENAMING = {"rename", "renames", "replace", "link", "symlink"}


def modules() -> Iterator[str]:
    for top in ("src", "training"):
        yield from (path.relative_to(ROOT).as_posix() for path in (ROOT / top).rglob("*.py"))


def writers(source: str) -> list[int]:
    """Lines in which a module writes a file, or gives it a name, by itself."""
    tree = ast.parse(source)
    open_files = opened_by_others(tree)
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    return sorted({call.lineno for call in calls if writes(call, open_files)})


def opened_by_others(tree: ast.AST) -> set[str]:
    """Names that hold an open file: arguments of a lambda, and buffers in memory."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Lambda):
            names |= {argument.arg for argument in node.args.args}
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            made = node.value.func
            if getattr(made, "attr", getattr(made, "id", "")) in {"BytesIO", "StringIO"}:
                names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return names


def writes(call: ast.Call, open_files: set[str]) -> bool:
    function = call.func
    if isinstance(function, ast.Name):
        return function.id == "save_file" or (function.id == "open" and opens_to_write(call, 1))
    if not isinstance(function, ast.Attribute):
        return False
    owner = function.value.id if isinstance(function.value, ast.Name) else ""
    if function.attr in GIVEN_A_PLACE:
        first = call.args[0] if call.args else None
        writer = function.attr != "save" or owner in OF_NUMPY_AND_PICTURES
        return writer and not (isinstance(first, ast.Name) and first.id in open_files)
    of_module = (owner == "shutil" and function.attr in COPYING) or (owner == "os" and function.attr in RENAMING)
    replacing = function.attr == "replace" and len(call.args) == 1 and not call.keywords
    replacing = replacing and not ast.unparse(function.value).endswith(NO_PATHS)
    opening = function.attr == "open" and opens_to_write(call, 0)
    return of_module or replacing or opening or function.attr in WRITING


def opens_to_write(call: ast.Call, place: int) -> bool:
    given = [*call.args[place : place + 1], *(each.value for each in call.keywords if each.arg == "mode")]
    modes = [node.value for node in given if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return any(set(mode) <= set("rwxabt+") and set(mode) & set("wxa+") for mode in modes)


@pytest.mark.parametrize(
    ("source", "seen"),
    [
        ("path.write_text(text)", True),
        ("(folder / 'a').write_bytes(content)", True),
        ("path.open('w', newline='')", True),
        ("open(path, 'ab')", True),
        ("open(path, mode='x')", True),
        ("path.open('rb')", False),
        ("path.open()", False),
        ("temporary.rename(path)", True),
        ("temporary.replace(path)", True),
        ("text.replace('a', 'b')", False),
        ("self.layers.replace(slices)", False),
        ("os.replace(a, b)", True),
        ("shutil.copyfile(a, b)", True),
        ("np.save(path, a)", True),
        ("write_whole(path, lambda file: np.save(file, a))", False),
        ("figure.savefig(path, dpi=1)", True),
        ("buffer = io.BytesIO()\nfigure.savefig(buffer)", False),
        ("store.save(case, annotation)", False),
        ("save_file(tensors, path)", True),
    ],
)
def test_the_guard_sees_what_writes(source: str, *, seen: bool) -> None:
    assert bool(writers(source)) == seen


def test_only_files_py_gives_a_file_its_name() -> None:
    found = {name for name in modules() if name != HOME and writers((ROOT / name).read_text(encoding="utf-8"))}
    assert found == set(BY_THEMSELVES)
