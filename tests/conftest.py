"""Fixtures every test may use: an isolated home, the synthetic head, its DICOM files, a series of the phantom."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("NAPARI_CONFIG", "")
if "PYTEST_XDIST_WORKER" in os.environ:  # the workers share the cores: each computes and draws with one thread
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("LP_NUM_THREADS", "1")

sys.path.insert(0, str(Path(__file__).parent / "dicom"))  # the hazard suite

NO_NETWORK = str(Path(__file__).parent / "no_network")
sys.path.insert(0, NO_NETWORK)

import network_watch  # noqa: E402 - its folder is on the path by now

os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (NO_NETWORK, os.environ.get("PYTHONPATH"))))
network_watch.watch()

REAL_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what draws with OpenGL where there is neither a display nor Xvfb; never in CI."""
    if os.environ.get("DISPLAY") or os.environ.get("CI") or not sys.platform.startswith("linux"):
        return
    skip = pytest.mark.skip(reason="needs a display or Xvfb (apt-get install xvfb)")
    for item in items:
        if item.get_closest_marker("window") or "make_napari_viewer" in getattr(item, "fixturenames", ()):
            item.add_marker(skip)


@pytest.fixture(autouse=True)
def windows_gone() -> Iterator[None]:
    """Let closed windows go after each test, as the event loop of a program does: what they gave back is free then."""
    yield
    if "qtpy" in sys.modules:
        from qtpy.QtCore import QEvent
        from qtpy.QtWidgets import QApplication

        if QApplication.instance() is not None:
            QApplication.sendPostedEvents(None, int(QEvent.Type.DeferredDelete))


@pytest.fixture(autouse=True)
def isolated_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep models, settings and keys of a test out of the user's own folder."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("CPAM_STROKE_HOME", str(home))
    return home


@pytest.fixture(scope="session")
def network_report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where this program and all that it starts write down whom they tried to reach."""
    report = tmp_path_factory.mktemp("network") / "report"
    os.environ[network_watch.REPORT] = str(report)
    return report


@pytest.fixture(autouse=True)
def nobody_called(network_report: Path) -> Iterator[None]:
    """Fail a test that, or whose programs, would have reached another machine, also where the refusal was swallowed."""
    yield
    tried = network_watch.told(network_report)
    assert not tried, f"reached for another machine: {tried}"


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Public research CT beside the project."""
    if not REAL_DATA.is_dir():
        pytest.skip("public research CT is not beside the project")
    return REAL_DATA


@pytest.fixture(scope="session")
def stroke_series_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The synthetic stroke case as a folder of DICOM files; do not write into it."""
    from napari_cpam_stroke.samples import stroke_case

    return stroke_case(tmp_path_factory.mktemp("stroke") / "case")


@pytest.fixture(scope="session")
def phantom_volume():
    """The synthetic head in memory."""
    from napari_cpam_stroke.samples import phantom_volume as make

    return make()


@pytest.fixture(scope="session")
def plain_series(tmp_path_factory):
    """A folder with the plain series of the measured phantom; do not change it."""
    from hazard_suite.base import datasets, save_all, truth_of

    folder = tmp_path_factory.mktemp("plain")
    save_all(folder, datasets(truth_of()))
    return folder


@pytest.fixture
def plain_volume(plain_series):
    """The plain series, read."""
    from napari_cpam_stroke.dicom import read_series, scan_folder

    return read_series(scan_folder(plain_series).series[0])


@pytest.fixture
def series_of(tmp_path):
    """Writes a truth as a series and reads it."""
    from hazard_suite.base import datasets, save_all

    from napari_cpam_stroke.dicom import read_series, scan_folder

    def make(truth, name="series"):
        save_all(tmp_path / name, datasets(truth))
        return read_series(scan_folder(tmp_path / name).series[0])

    return make
