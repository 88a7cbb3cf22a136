"""What the parts of the store share: a database and a folder of pixels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import URL

from napari_cpam_stroke.annotations.blobs import BlobFolder
from napari_cpam_stroke.annotations.database import Database, open_database


class StorePart:
    """Parent of the parts that make up `AnnotationStore`."""

    def __init__(self, database: Database, blobs: BlobFolder) -> None:
        self._database, self._blobs = database, blobs

    def __reduce__(self) -> tuple[Callable[..., StorePart], tuple[type[StorePart], URL, Path]]:
        """Reach another process as an address: it opens the store again."""
        return _open_again, (type(self), self._database.url, self._blobs.root)


def _open_again(kind: type[StorePart], url: URL, blobs: Path) -> StorePart:
    return kind(open_database(url, create=False), BlobFolder(blobs))
