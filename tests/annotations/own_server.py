"""A PostgreSQL server of a test's own, in a folder for the moment and on a socket only: it may be killed."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

USER = "cpam"

SETTINGS = "-c listen_addresses='' -c unix_socket_directories='{folder}' -c max_connections=20 -c fsync=off"
"""Nothing is synced: the server goes, the machine stays."""


def found_program(name: str) -> str | None:
    """Return a program of the server; Debian keeps them out of the path."""
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), *map(str, places)]))


@dataclass(frozen=True)
class OwnServer:
    """A server by its folder, which belongs to whoever runs it: never root."""

    folder: Path

    def new_database(self, name: str) -> str:
        """Make an empty database and return its address."""
        self._run("createdb", "-h", str(self.folder), "-U", USER, name)
        return f"postgresql://{USER}@/{name}?host={self.folder}"

    def make(self) -> None:
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres")
        self._run(
            "initdb", "-D", str(self.folder / "data"), "-U", USER, "-A", "trust", "-E", "UTF8", "--no-locale", "-N"
        )

    def start(self) -> None:
        options = SETTINGS.format(folder=self.folder)
        self._control("start", "-w", "-t", "120", "-o", options, "-l", str(self.folder / "log"))

    def stop(self, how: str) -> None:
        """Stop `fast`, as an administrator does, or `immediate`, which is a crash."""
        self._control("stop", "-w", "-t", "120", "-m", how)

    def restart(self, how: str) -> None:
        self.stop(how)
        self.start()

    def _control(self, what: str, *options: str) -> None:
        self._run("pg_ctl", what, "-D", str(self.folder / "data"), *options)

    def _run(self, name: str, *arguments: str) -> None:
        program = found_program(name)
        assert program is not None
        whose = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
        with (self.folder / "said").open("a") as said:
            subprocess.run([program, *arguments], check=True, stdout=said, stderr=said, cwd=self.folder, **whose)
