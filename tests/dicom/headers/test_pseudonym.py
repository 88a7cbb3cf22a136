"""Keyed pseudonyms and their key."""

import stat
import sys

import pytest

from napari_cpam_stroke.dicom.headers.pseudonym import KEY_FILE, Pseudonyms, case_pseudonym, patient_pseudonym
from napari_cpam_stroke.errors import InputError


def test_same_identifiers_give_the_same_pseudonym_and_others_another():
    assert case_pseudonym("1.2.3") == case_pseudonym("1.2.3")
    assert len({case_pseudonym("1.2.3"), case_pseudonym("1.2.4"), patient_pseudonym("1.2.3")}) == 3
    assert case_pseudonym("ab", "c") != case_pseudonym("a", "bc")
    assert patient_pseudonym("") == ""


def test_another_key_gives_another_pseudonym(tmp_path):
    first, second = (Pseudonyms.from_home(tmp_path / name) for name in "ab")
    assert first.case("1.2.3") != second.case("1.2.3")
    assert Pseudonyms.from_home(tmp_path / "a").case("1.2.3") == first.case("1.2.3")


@pytest.mark.skipif(sys.platform == "win32", reason="posix permissions")
def test_key_is_for_this_user_only(tmp_path):
    Pseudonyms.from_home(tmp_path)
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [KEY_FILE]


def test_damaged_key_is_said_and_not_replaced(tmp_path):
    (tmp_path / KEY_FILE).write_bytes(b"short")
    with pytest.raises(InputError, match="damaged"):
        Pseudonyms.from_home(tmp_path)
    assert (tmp_path / KEY_FILE).read_bytes() == b"short"


def test_key_does_not_show():
    assert "secret" not in repr(Pseudonyms(b"secret"))
