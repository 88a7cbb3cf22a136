"""The annotation store that the settings name, opened when it is first asked for."""

from __future__ import annotations

from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.errors import CpamError
from napari_cpam_stroke.widgets.reading.state import RoomState


class RoomStore:
    """One open store, or the sentence that says why there is none.

    Attributes
    ----------
    problem
        Why the store could not be opened when it was asked for last; empty where it could.
    """

    def __init__(self, state: RoomState) -> None:
        self._state = state
        self._store: AnnotationStore | None = None
        self.problem = ""

    def open(self) -> AnnotationStore | None:
        """Return the store; None, with a sentence to the reader, where it cannot be opened."""
        if self._store is None:
            try:
                self._store = AnnotationStore.open(self._state.settings.values.store_location)
                self.problem = ""
            except CpamError as error:
                self.problem = str(error)
                self._state.warn(self.problem)
        return self._store

    def close(self) -> None:
        """Let the store go; the next wish opens it again, wherever the settings say then."""
        if self._store is not None:
            self._store.close()
            self._store = None
