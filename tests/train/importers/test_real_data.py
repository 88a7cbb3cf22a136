"""The public slices beside the project, where they are: all sources end on one scale."""

from __future__ import annotations

import numpy as np
import pytest

from cpam_train.importers import ImportOptions

FOLDERS = {
    "teknofest": "teknofest-ischemia",
    "ct-ich": "ct-ich-v1",
    "cpaisd": "cpaisd-pairs",
    "mbh": "mbh25-pairs",
    "rsna-slices": "rsna-slices",
    "rsna-hu": "rsna-hu",
}

CASES = dict.fromkeys(FOLDERS, 8) | {"rsna-slices": 60, "rsna-hu": 60}
"""Cases looked at: single slices of many scanners vary more than others."""

BRAIN_HU = (20, 42)
"""Median of tissue between fluid and bone, whatever file it came in."""


@pytest.mark.real_data
@pytest.mark.parametrize("source", FOLDERS)
def test_brain_has_its_density_and_lesions_theirs(real_data, store, source, import_folder):
    summary = import_folder(source, real_data / FOLDERS[source], ImportOptions(limit=CASES[source]))
    assert summary.cases == CASES[source]
    assert not summary.skipped
    brain, lesion = [], []
    for record in store.cases():
        hu, mask = store.read_frames(record.case_id), store.read_mask(record.head)
        y, x = (n // 4 for n in hu.shape[1:])
        middle, inside = hu[:, y:-y, x:-x], mask[:, y:-y, x:-x]
        tissue = (middle > 8) & (middle < 60)
        brain.append(float(np.median(middle[tissue & (inside == 0)])))
        lesion += [float(np.median(hu[mask == value])) - brain[-1] for value in (1, 2) if (mask == value).any()]
    assert BRAIN_HU[0] < np.median(brain) < BRAIN_HU[1]
    if lesion:
        assert np.median(lesion) > 5 if source in ("ct-ich", "mbh") else np.median(lesion) < 2


@pytest.mark.real_data
def test_every_ct_ich_slice_of_the_table_is_there(real_data, store, import_folder):
    summary = import_folder("ct-ich", real_data / FOLDERS["ct-ich"], ImportOptions(limit=3))
    table = (real_data / FOLDERS["ct-ich"] / "hemorrhage_diagnosis.csv").read_text().splitlines()[1:]
    wanted = {record.case_id: int(record.case_id.removeprefix("ct-ich-")) for record in store.cases()}
    counted = {name: sum(line.startswith(f"{number},") for line in table) for name, number in wanted.items()}
    assert summary.slices == sum(counted.values())
    assert all(record.shape == (counted[record.case_id], 650, 650) for record in store.cases())
