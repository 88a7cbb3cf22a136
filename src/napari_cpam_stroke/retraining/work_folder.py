"""One retraining on the disk: what was asked for, the process that works on it, and where it stands.

``request.json``, ``process.json`` (the step, and its process), ``log.txt`` (what it complains of), ``told.jsonl`` (what
a comparison tells), and in ``run/`` what the trainer leaves. A run folder that somebody else trains is watched as
it is.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path

from pydantic import TypeAdapter

from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.files import read_text, write_whole
from napari_cpam_stroke.retraining.comparison import VERDICT_FILE, Comparison, read_comparison
from napari_cpam_stroke.retraining.request import Request, judging, request_from_json, request_to_json, taking
from napari_cpam_stroke.retraining.run_events import Event, EventFile, Standing
from napari_cpam_stroke.retraining.started_process import start_process
from napari_cpam_stroke.retraining.state import Findings, State, Step, Work, state_of
from napari_cpam_stroke.user_folder import application_home

REQUEST, PROCESS, LOG, TOLD = "request.json", "process.json", "log.txt", "told.jsonl"
EVENTS, SETTINGS, CONTINUATION = "progress.jsonl", "config.json", "last.safetensors"
"""What the trainer leaves in a run folder: events, settings, and where it goes on."""

FOUND = "best.json"
"""In the folder of a search: settings of its best trial."""

LOG_TAIL = 8192
"""Bytes of the log in which its last sentence is looked for."""


class WorkFolder:
    """The folder of one retraining.

    Parameters
    ----------
    path
        A folder made by `create`, or any run folder of the trainer.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.request = _request_in(path)
        self.run = path if self.request is None else path / "run"
        self.study = path / "study"
        self._events, self._told = EventFile(self.run / EVENTS), EventFile(path / TOLD)
        self._standing = Standing()
        self._last_told: Event | None = None

    @classmethod
    def create(cls, request: Request, home: Path | None = None) -> WorkFolder:
        """Make the folder of a new retraining; nothing is started."""
        place = (home or application_home()) / "retrainings" / _stamp(request.name)
        place.mkdir(parents=True)
        write_whole(place / REQUEST, request_to_json(request), durable=True)
        return cls(place)

    @classmethod
    def watch(cls, path: Path) -> WorkFolder:
        """Return any folder of a run, whoever trains it.

        Raises
        ------
        InputError
            If no run tells its progress there.
        """
        found = cls(path)
        if found.request is None and not (path / EVENTS).is_file() and not (path / SETTINGS).is_file():
            raise InputError(
                f"{path} is no folder of a training",
                expected=f"a folder with {EVENTS}",
                remedy="train with cpam-train fit ... --progress jsonl, and choose what --run names",
            )
        return found

    def begin(self) -> None:
        """Start the first step, or go on where one was stopped."""
        request = self._required()
        if request.preset == "tune" and not self._searched():
            self._start("tune", request.searching(self.study))
            return
        resume = (self.run / SETTINGS).is_file()
        found = self.study / FOUND if request.preset == "tune" else None
        self._start("fit", request.fitting(self.run, found=found, resume=resume))

    def compare(self, store: str, name: str) -> None:
        """Start comparing the run with the model it would follow."""
        (self.run / VERDICT_FILE).unlink(missing_ok=True)
        self._start("compare", judging(self.run, store, name))

    def take(self, store: str, name: str, *, insist: str, before: str) -> None:
        """Start publishing the run.

        Parameters
        ----------
        insist
            Why it is taken though it is not shown to be better; empty: only if it is.
        before
            The model in use, to go back to.
        """
        self._start("take", taking(self.run, store, name, insist), before=before)

    def stop(self) -> None:
        """Ask the step under way to end."""
        work = self.work()
        if work is not None:
            self._note(replace(work, stopped=True))
            work.process.stop()

    def work(self) -> Work | None:
        """Return the step under way or done last; None where nothing was started from here."""
        try:
            return TypeAdapter(Work).validate_json(read_text(self.path / PROCESS))
        except (OSError, ValueError):
            return None

    def catch_up(self) -> WorkFolder:
        """Read all that was told so far, however much; return itself."""
        self._standing = self._standing.after(self._events.read_all())
        return self

    def look(self) -> State:
        """Return where it stands now: what was added since the last look is read, no more."""
        work = self.work()
        running = work is not None and work.process.running
        self._standing = self._standing.after(self._events.read())
        told = self._told.read()
        self._last_told = told[-1] if told else self._last_told
        return state_of(work, self._standing, self._findings(work), running=running)

    def comparison(self) -> Comparison | None:
        """Return what a comparison found, None before one.

        Raises
        ------
        InputError
            If its file is damaged.
        """
        return read_comparison(self.run)

    def _searched(self) -> bool:
        work = self.work()
        broken_off = work is not None and work.step == "tune" and work.stopped
        return (self.study / FOUND).is_file() and not broken_off

    def _findings(self, work: Work | None) -> Findings:
        """Return what lies in the folder."""
        return Findings(
            searched=(self.study / FOUND).is_file(),
            trials=sum(1 for _ in self.study.glob("trial-*")),
            compared=(self.run / VERDICT_FILE).is_file(),
            continuation=(self.run / CONTINUATION).is_file(),
            silent=work is not None and _size(self.run / EVENTS) == work.heard,
            told=self._last_told,
            last_words=self._last_words(),
        )

    def _last_words(self) -> str:
        try:
            with (self.path / LOG).open("rb") as stream:
                stream.seek(max(stream.seek(0, 2) - LOG_TAIL, 0))
                lines = stream.read().decode("utf-8", errors="replace").split("\n")
        except OSError:
            return ""
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

    def _start(self, step: Step, command: list[str], *, before: str = "") -> None:
        if step in {"compare", "take"}:
            (self.path / TOLD).unlink(missing_ok=True)
            self._told, self._last_told = EventFile(self.path / TOLD), None
        (self.path / LOG).unlink(missing_ok=True)
        out = self.path / TOLD if step in {"compare", "take"} else None
        heard = _size(self.run / EVENTS)
        self._note(Work(step, start_process(command, log=self.path / LOG, out=out), heard=heard, before=before))

    def _note(self, work: Work) -> None:
        write_whole(self.path / PROCESS, json.dumps(asdict(work)), durable=True)

    def _required(self) -> Request:
        if self.request is None:
            raise InputError(f"{self.path} is trained by somebody else", remedy="go on with it where it was started")
        return self.request


def newest_for(store: str, home: Path | None = None) -> WorkFolder | None:
    """Return the retraining of a store that was begun last, None without one."""
    folders = sorted(((home or application_home()) / "retrainings").glob(f"*/{REQUEST}"), reverse=True)
    found = (WorkFolder(file.parent) for file in folders)
    return next((folder for folder in found if folder.request is not None and folder.request.store == store), None)


def _size(file: Path) -> int:
    return file.stat().st_size if file.is_file() else 0


def _request_in(path: Path) -> Request | None:
    try:
        return request_from_json(read_text(path / REQUEST))
    except (OSError, ValueError):
        return None


def _stamp(name: str) -> str:
    """Return a folder name that sorts by its moment."""
    return f"{datetime.now().astimezone():%Y%m%d-%H%M%S-%f}-{name}"
