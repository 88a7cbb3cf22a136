"""Makes the hazard suite importable, and collects the rows of its table for the end of the run."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

ROWS = pytest.StashKey()


def pytest_configure(config):
    config.stash[ROWS] = {}


@pytest.fixture
def record_row(request):
    """Remember one row of the hazard table."""

    def record(row):
        request.config.stash[ROWS][row.case] = row

    return record


def pytest_terminal_summary(terminalreporter, config):
    from hazard_suite.table import format_table

    rows = config.stash[ROWS]
    if rows and config.get_verbosity() >= 1:
        terminalreporter.write_sep("=", "hazards of a CT series")
        for line in format_table(list(rows.values())):
            terminalreporter.write_line(line)


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
