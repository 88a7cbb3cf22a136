from __future__ import annotations

import re
from pathlib import Path

import pytest

from napari_cpam_stroke import errors
from napari_cpam_stroke.errors import CpamError, add_extra, nearest

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, CpamError)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_one_sentence_and_carries_its_parts(kind: type[CpamError]) -> None:
    error = kind("The file is not a model", got="a.txt", expected="a folder", remedy="name the folder with card.json")
    assert str(error) == "The file is not a model, got a.txt, expected a folder; name the folder with card.json."
    assert (error.what, error.got, error.expected) == ("The file is not a model", "a.txt", "a folder")
    assert error.remedy == "name the folder with card.json"


@pytest.mark.parametrize(
    ("strange", "shown"),
    [
        ("a\nb\r\n c", "a b c"),
        ("\x1b[31mred\x00", "[31mred"),
        ("ab\u202egpj", "abgpj"),
        ("\ud800x", "x"),
        ("Zoë 頭", "Zoë 頭"),
    ],
)
def test_what_others_wrote_cannot_break_a_sentence_or_steer_a_terminal(strange: str, shown: str) -> None:
    assert str(CpamError("It is wrong", got=strange)) == f"It is wrong, got {shown}."
    assert str(CpamError(f"{strange} is wrong")) == f"{shown} is wrong."


def test_a_value_of_a_million_characters_is_shown_in_part() -> None:
    assert len(str(CpamError("It is wrong", got="x" * 10**6))) < 500


def test_parts_left_out_leave_no_trace() -> None:
    assert str(CpamError("Nothing is there")) == "Nothing is there."
    assert str(CpamError("It is wrong", got=0)) == "It is wrong, got 0."


@pytest.mark.parametrize(
    ("name", "hint"),
    [("ischemai", " (did you mean 'ischemia'?)"), ("hemorrhage", " (did you mean 'hemorrhage'?)"), ("xyz", "")],
)
def test_nearest_name(name: str, hint: str) -> None:
    assert nearest(name, ["ischemia", "hemorrhage"]) == hint


def test_an_extra_is_added_from_the_project_folder_not_from_an_index() -> None:
    assert add_extra("train").endswith('pip install ".[train]"')
    source = Path(errors.__file__).parent
    named = [p.name for p in source.rglob("*.py") if re.search(r"pip install \W*napari-cpam", p.read_text("utf-8"))]
    assert named == []
