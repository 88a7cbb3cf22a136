"""The watch on connections sees what it should, in this program and in those that a test starts."""

from __future__ import annotations

import socket
import subprocess
import sys
from urllib.error import URLError
from urllib.request import urlopen

import network_watch
import pytest

ELSEWHERE = "192.0.2.1"
"""An address kept for documents: no machine has it."""


def test_another_machine_cannot_be_reached(network_report):
    with pytest.raises(network_watch.UnaskedConnectionError, match=r"192\.0\.2\.1"):
        socket.create_connection((ELSEWHERE, 80), timeout=1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one, pytest.raises(network_watch.UnaskedConnectionError):
        one.sendto(b"hello", (ELSEWHERE, 53))
    assert len(network_watch.told(network_report)) == 2


def test_a_refusal_that_is_swallowed_is_told_all_the_same(network_report):
    with pytest.raises(URLError):
        urlopen("http://example.invalid/")
    (line,) = network_watch.told(network_report)
    assert "example.invalid" in line


def test_a_program_that_a_test_starts_is_watched_too(network_report):
    code = f"import socket\ntry: socket.create_connection(('{ELSEWHERE}', 80), timeout=1)\nexcept OSError: pass"
    subprocess.run([sys.executable, "-c", code], check=True)
    (line,) = network_watch.told(network_report)
    assert ELSEWHERE in line


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "::1", "localhost", b"localhost", None, "", "/run/postgresql", "::1%lo", socket.gethostname()]
)
def test_this_machine_is_no_other(host):
    assert network_watch.is_here(host)


@pytest.mark.parametrize(
    "host", ["example.org", "10.0.0.7", "169.254.169.254", "fe80::1%eth0", "127.0.0.1.example.org"]
)
def test_every_other_machine_is(host):
    assert not network_watch.is_here(host)
