"""Reading, correcting, saving and exporting work where there is no torch at all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

READ = """
import sys

class NoTorch:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"torch", "timm", "monai"}:
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, NoTorch())
from pathlib import Path
from napari.components import ViewerModel
from qtpy.QtWidgets import QApplication

app = QApplication([])
from napari_cpam_stroke.widgets.room import DOCKS
from napari_cpam_stroke.widgets.reading.session import session_of

viewer = ViewerModel()
session = session_of(viewer)
docks = [kind(session) for kind, _, _ in DOCKS.values()]
session.open_path(sys.argv[1], wait=True)
session.layers.reading.paint(session.layers.turned_index((12, 100, 60)), 1)
assert session.records.save(wait=True)
session.records.export(Path(sys.argv[2]))
session.wait()
print(session.review.revision.number, session.models.entries[0].name, "torch" in sys.modules)
docks[3].card.click()
session.shut()
"""


def test_a_whole_reading_without_torch(stroke_series_dir: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", READ, str(stroke_series_dir), str(tmp_path)],
        capture_output=True, text=True, timeout=240, check=False, env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.split() == ["1", "default", "False"]
    assert list(tmp_path.glob("*/segmentation.dcm"))
