import pytest

from napari_cpam_stroke.annotations.checksums import covered, seal
from napari_cpam_stroke.annotations.mending import mended
from napari_cpam_stroke.annotations.schema import PatientRow, RevisionRow


def values_of(row):
    seal(row)
    return tuple(getattr(row, name) for name in (*covered(type(row)), "checksum"))


@pytest.fixture
def patient():
    return values_of(PatientRow(patient_id="näher", split="test"))


@pytest.mark.parametrize("place", [0, 1, 2])
def test_any_one_bit_of_a_text_is_set_right(patient, place):
    for bit in range(4):
        content = bytearray(patient[place].encode())
        content[-1] ^= 1 << bit
        damaged = (*patient[:place], content.decode(errors="surrogateescape"), *patient[place + 1 :])
        assert mended(PatientRow, damaged) == patient


def test_two_bits_are_not_guessed(patient):
    assert mended(PatientRow, (patient[0], "uesu", patient[2])) is None
    assert mended(PatientRow, (patient[0], None, patient[2])) is None


@pytest.mark.parametrize(("name", "damaged"), [("branch", True), ("number", 1 + 2**20), ("changed_voxels", 4)])
def test_numbers_are_set_right(name, damaged):
    texts = ("id", "case_id", "author", "created", "kind", "algorithm_type", "status", "comment", "rejections", "mask")
    row = RevisionRow(**dict.fromkeys(texts, "x"), number=1, branch=False, changed_voxels=5, blinded=False, labels="{}")
    values = values_of(row)
    place = covered(RevisionRow).index(name)
    assert mended(RevisionRow, (*values[:place], damaged, *values[place + 1 :])) == values
