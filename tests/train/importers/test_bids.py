"""BIDS with derived masks: the subject is the patient, and which mask counts is never guessed."""

from __future__ import annotations

import numpy as np
import pytest

from cpam_train.importers import import_options
from napari_cpam_stroke.errors import InputError

SAID = {"meanings": ["1=ischemia"]}


@pytest.fixture
def isles(tmp_path, head, nifti_writer):
    """Two subjects as ISLES'24 has them: CT of the first session, lesion of the second, and pictures that are no CT."""
    src = tmp_path / "src"
    for number, subject in enumerate(("sub-stroke0001", "sub-stroke0002")):
        hu, mask = head(number, slices=2, size=64, lesion=1)
        first = src / "raw_data" / subject / "ses-01"
        nifti_writer(first / f"{subject}_ses-01_ncct.nii.gz", hu)
        nifti_writer(first / f"{subject}_ses-01_cta.nii.gz", hu)
        nifti_writer(src / "derivatives" / subject / "ses-01" / f"{subject}_ses-01_space-ncct_cta.nii.gz", hu)
        nifti_writer(src / "derivatives" / subject / "ses-02" / f"{subject}_ses-02_lesion-msk.nii.gz", mask)
    return src


def test_the_layout_of_isles_comes_in_by_subject(isles, store, import_folder):
    summary = import_folder("bids", isles, import_options(**SAID))
    assert (summary.cases, summary.groups, summary.own_patients) == (2, 2, 0)
    for record in store.cases():
        assert record.labels == (1, -1)
        assert store.head(record.head and record.case_id).truth_source == "follow-up"
        assert "stroke0001" not in record.case_id + record.patient_id
    assert any("another session" in sentence for sentence in summary.complaints)


def test_two_sessions_of_a_subject_are_one_patient(isles, store, head, nifti_writer, import_folder):
    hu, mask = head(9, slices=2, size=64, lesion=1)
    for session in ("01", "03"):
        stem = f"sub-stroke0001_ses-{session}"
        nifti_writer(
            isles / "raw_data" / "sub-stroke0001" / f"ses-{session}" / f"{stem}_ncct.nii.gz", hu + int(session)
        )
        nifti_writer(isles / "derivatives" / "sub-stroke0001" / f"ses-{session}" / f"{stem}_lesion-msk.nii.gz", mask)
    summary = import_folder("bids", isles, import_options(**SAID))
    assert (summary.cases, summary.groups) == (3, 2)


def test_values_and_kinds_of_mask_are_the_users_word(isles, head, nifti_writer, import_folder):
    with pytest.raises(InputError, match="Nothing says what the values"):
        import_folder("bids", isles, import_options())
    _, mask = head(0, slices=2, size=64, lesion=1)
    nifti_writer(isles / "derivatives" / "sub-stroke0001" / "ses-01" / "sub-stroke0001_ses-01_cow-msk.nii.gz", mask * 3)
    with pytest.raises(InputError, match=r"several kinds, got cow-msk, lesion-msk.*mask_kind="):
        import_folder("bids", isles, import_options(**SAID))
    with pytest.raises(InputError, match="No mask of that kind"):
        import_folder("bids", isles, import_options(**SAID, mask_kind="lesion"))
    assert import_folder("bids", isles, import_options(**SAID, mask_kind="lesion-msk")).cases == 2


def test_what_cannot_be_paired_is_named(isles, head, nifti_writer, import_folder):
    hu, mask = head(5, slices=2, size=64, lesion=1)
    nifti_writer(isles / "derivatives" / "sub-9" / "sub-9_lesion-msk.nii.gz", mask)
    nifti_writer(isles / "raw_data" / "sub-7" / "sub-7_ct.nii.gz", hu)
    nifti_writer(isles / "derivatives" / "sub-stroke0002" / "sub-stroke0002_ses-03_lesion-msk.nii.gz", mask)
    summary = import_folder("bids", isles, import_options(**SAID))
    assert summary.cases == 1
    reasons = {case.name: case.reason for case in summary.skipped}
    assert "has no mask" in reasons["sub-7_ct"]
    assert "several masks" in reasons["sub-stroke0002_ses-01_ncct"]
    assert "no CT of its subject" in reasons["sub-9_lesion-msk"]


def test_a_mask_of_another_grid_is_refused(isles, head, nifti_writer, import_folder):
    path = isles / "derivatives" / "sub-stroke0001" / "ses-02" / "sub-stroke0001_ses-02_lesion-msk.nii.gz"
    nifti_writer(path, np.zeros((3, 32, 32), dtype=np.uint8), spacing=(4.0, 1.0, 1.0))
    assert "another grid" in import_folder("bids", isles, import_options(**SAID)).skipped[0].reason


def test_a_folder_of_another_layout_is_refused(tmp_path, import_folder):
    with pytest.raises(InputError, match="expected layout"):
        import_folder("bids", tmp_path, import_options(**SAID))
