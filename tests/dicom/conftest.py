"""Collects the rows of the hazard table for the end of the run."""

import pytest

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
