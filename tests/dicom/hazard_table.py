"""Print the hazard table: ``python tests/dicom/hazard_table.py``."""

import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from hazard_suite import attacks, content, files, geometry, identity, pixels
from hazard_suite.table import format_table, run_hazard


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["CPAM_STROKE_HOME"] = str(Path(folder) / "home")
        hazards = [h for family in (geometry, content, identity, pixels, files, attacks) for h in family.HAZARDS]
        rows = [run_hazard(hazard, Path(folder) / str(i) / "series") for i, hazard in enumerate(hazards)]
    sys.stdout.write("\n".join(format_table(rows)) + "\n")
    return int(any(not row.good for row in rows))


if __name__ == "__main__":
    sys.exit(main())
