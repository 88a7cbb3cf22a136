"""What the parts of the store share: a database and a folder of pixels."""

from __future__ import annotations

from napari_cpam_stroke.annotations.blobs import BlobFolder
from napari_cpam_stroke.annotations.database import Database


class StorePart:
    """Parent of the parts that make up `AnnotationStore`."""

    def __init__(self, database: Database, blobs: BlobFolder) -> None:
        self._database, self._blobs = database, blobs
