"""What a damaged or lying DICOM segmentation raises while its values are taken out: one sentence, whatever it is."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from napari_cpam_stroke.dicom.file.header_faults import HEADER_FAULTS
from napari_cpam_stroke.dicom.headers.plain import plain_text
from napari_cpam_stroke.errors import InputError


@contextmanager
def told_in_words(name: str) -> Iterator[None]:
    """Turn whatever the values of file `name` raise into an `InputError`; pydicom's own warnings are not shown."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except HEADER_FAULTS as error:
        raise InputError(
            f"{plain_text(name)} cannot be read as a segmentation",
            got=f"a header that is damaged ({plain_text(str(error)) or type(error).__name__})",
            remedy="copy the file again, or write it anew",
        ) from error
