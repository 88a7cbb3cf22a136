"""Stops this program from reaching another machine, and writes down what it tried: nothing here may do so unasked.

Python's audit events tell of connections, datagrams and look-ups of names made through its own sockets; those of C
libraries (a database's, a collective's) are not seen.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

REPORT = "CPAM_TEST_NETWORK_REPORT"
"""Environment variable: the file that every watched program of a test run writes to."""

LOOPBACK_NAMES = {"localhost", "localhost.localdomain", "ip6-localhost", "", None}


class UnaskedConnectionError(OSError):
    """Another machine was to be reached."""


def watch() -> None:
    """Watch from now on, for as long as the program lives."""
    sys.addaudithook(_look)


def told(report: Path) -> list[str]:
    """Return what programs tried that write to a file, since the last call."""
    if not report.exists():
        return []
    lines = report.read_text(encoding="utf-8").splitlines()
    report.unlink()
    return lines


def is_here(host: Any) -> bool:
    """Return whether a host is this machine: its own name, loopback, none at all, or a path."""
    if host in LOOPBACK_NAMES:
        return True
    name = host.decode(errors="replace") if isinstance(host, bytes) else str(host)
    if name == socket.gethostname():
        return True
    try:
        return ipaddress.ip_address(name.partition("%")[0]).is_loopback
    except ValueError:
        return name.casefold() in LOOPBACK_NAMES or name.startswith("/")


def _host_of_address(arguments: tuple[Any, ...]) -> Any:
    """Return the host of (socket, address); a path or a number is no host of another machine."""
    address = arguments[1]
    return address[0] if isinstance(address, tuple) and address else None


def _host_of_name(arguments: tuple[Any, ...]) -> Any:
    return arguments[0]


HOSTS: dict[str, Callable[[tuple[Any, ...]], Any]] = {
    "socket.connect": _host_of_address,
    "socket.sendto": _host_of_address,
    "socket.sendmsg": _host_of_address,
    "socket.getaddrinfo": _host_of_name,
    "socket.gethostbyname": _host_of_name,
    "socket.gethostbyaddr": _host_of_name,
}
"""What an event says of where it leads, by its name."""


def _look(event: str, arguments: tuple[Any, ...]) -> None:
    host_of = HOSTS.get(event)
    if host_of is None:
        return
    host = host_of(arguments)
    if not is_here(host):
        _report(f"{event} {host!r}")
        raise UnaskedConnectionError(f"{event} to {host!r}: no other machine may be reached")


def _report(line: str) -> None:
    path = os.environ.get(REPORT)
    if path:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(f"{line} by {' '.join(sys.argv[:2])}\n")
