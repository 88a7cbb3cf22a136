"""The annotation store that the settings name, opened when it is first asked for."""

from __future__ import annotations

from dataclasses import replace

from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.annotations.location import without_password
from napari_cpam_stroke.errors import CpamError, StoreError
from napari_cpam_stroke.widgets.parts.background import Job
from napari_cpam_stroke.widgets.reading.state import RoomState

OPENING_S = 60.0
"""How long a store may take to open; longer than a database is waited for."""

MAKE, STAY = "make", "stay"

NOT_KEPT = (
    "The password is not kept: it is used until the program ends. Put it into PostgreSQL's password file "
    "(~/.pgpass, for its owner's eyes only) to have it next time."
)


class RoomStore:
    """One open store, or the sentence that says why there is none.

    Attributes
    ----------
    problem
        Why the store could not be opened when it was asked for last; empty where it could.
    """

    def __init__(self, state: RoomState) -> None:
        self._state = state
        self._address = ""
        self._store: AnnotationStore | None = None
        self.problem = ""

    def open(self) -> AnnotationStore | None:
        """Return the store; None, with a sentence to the reader, where it cannot be opened."""
        if self._store is None:
            try:
                found = self._open_aside(self._address or self._state.settings.values.store_location)
                self._take(found)
                self.problem = ""
            except CpamError as error:
                self.problem = str(error)
                self._state.fail(error)
        return self._store

    def move(self, location: str, *, ask: bool) -> bool:
        """Use another store from now on; the one in use stays where that one cannot be opened.

        Parameters
        ----------
        location
            A folder or an address; empty: the program's own folder.
        ask
            Ask before a store is made where there is none.
        """
        values = replace(self._state.settings.values, store=location)
        try:
            found = self._opened(values.store_location, ask=ask and bool(location))
        except CpamError as error:
            self._state.fail(error)
            return False
        if found is None:
            return False
        self.close()
        self._store, self.problem = found, ""
        kept = without_password(location)
        self._address = "" if kept == location else location
        self._state.settings.change(store=kept)
        if self._address:
            self._state.warn(NOT_KEPT)
        return True

    def _opened(self, address: str, *, ask: bool) -> AnnotationStore | None:
        """Return a store; None where there is none and the reader wants none."""
        try:
            return self._open_aside(address, create=not ask)
        except StoreError as error:
            if not ask:
                raise
            if self._state.ask(f"{error} Make a store there?", (MAKE, STAY)) != MAKE:
                return None
            return self._open_aside(address)

    def _open_aside(self, address: str, *, create: bool = True) -> AnnotationStore:
        """Open a store in a thread of its own: a slow disk or server stops no drawing of the window."""
        outcome: list[AnnotationStore | Exception] = []
        job = Job(lambda *_: AnnotationStore.open(address, create=create), self._state)
        job.done.connect(outcome.append)
        job.failed.connect(outcome.append)
        if not job.wait(OPENING_S, listening=False):
            job.cancel()
        if not outcome:
            raise StoreError(
                f"The store at {without_password(address)} does not answer",
                got=f"nothing for {OPENING_S:g} s",
                remedy="look at the disk or the server, then do it again",
            )
        if isinstance(outcome[0], Exception):
            raise outcome[0]
        return outcome[0]

    def _take(self, found: AnnotationStore) -> None:
        """Use a store, unless one was opened while this one was."""
        if self._store is None:
            self._store = found
        else:
            found.close()

    def close(self) -> None:
        """Let the store go; the next wish opens it again, wherever the settings say then."""
        if self._store is not None:
            self._store.close()
            self._store = None
