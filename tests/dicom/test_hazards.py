"""Every row of the table of hazards, measured against the analytic truth; run with -v to see the table."""

import pytest
from hazard_suite import attacks, content, files, geometry, identity, pixels
from hazard_suite.table import run_hazard

FAMILIES = {
    "geometry": geometry,
    "content": content,
    "identity": identity,
    "pixels": pixels,
    "files": files,
    "attacks": attacks,
}


@pytest.mark.parametrize(
    "hazard", [pytest.param(h, id=f"{family}: {h.name}") for family, m in FAMILIES.items() for h in m.HAZARDS]
)
def test_right_or_refused_in_plain_words(hazard, tmp_path, record_row):
    row = run_hazard(hazard, tmp_path / "series")
    record_row(row)
    assert row.good, (
        f"{row.outcome}: {row.verdict}, landmark {row.landmark_mm:.2f} mm, ml {row.ml_error:.3f}, {row.remark}"
    )
