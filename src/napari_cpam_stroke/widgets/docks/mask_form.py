"""Which mask comes in, and as what: a form that magicgui builds from a function."""

# No `from __future__ import annotations`: magicgui resolves what is a string without the names of this module.

from pathlib import Path

from magicgui import magicgui
from magicgui.widgets import FunctionGui

from napari_cpam_stroke.widgets.reading.imported_masks import Use
from napari_cpam_stroke.widgets.reading.session import ReviewSession

NO_FILE = Path()
CHOOSE_FILE = "Choose the mask: a DICOM SEG or a NIfTI file."


def mask_form(session: ReviewSession) -> FunctionGui[..., None]:
    """Return the form that takes a mask into the open case; it closes once the mask is being read."""

    def take(mask: Path, use: Use = "reading", meanings: str = "") -> None:
        if mask == NO_FILE:
            session.said.emit(CHOOSE_FILE)
            return
        session.imported.take(mask, use, labels=meanings)
        form.native.close()

    form = magicgui(
        take,
        call_button="Take",
        mask={"mode": "r", "filter": "*.dcm *.nii *.nii.gz *", "tooltip": "DICOM SEG or NIfTI, of this very series"},
        use={"label": "as", "tooltip": "reading: one undo step. AI layer: D compares. comparison: only what differs"},
        meanings={"tooltip": "What labels stand for that are not understood: Segment_1=hemorrhage, 3=ischemia"},
    )
    return form
