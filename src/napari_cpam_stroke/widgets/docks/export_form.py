"""What is written of the open case, and where: a form that magicgui builds from a function."""

# No `from __future__ import annotations`: magicgui resolves what is a string without the names of this module.

from pathlib import Path

from magicgui import magicgui
from magicgui.widgets import FunctionGui

from napari_cpam_stroke.widgets.reading.session import ReviewSession

NO_FOLDER = Path()
CHOOSE_FOLDER = "Choose the folder to export into."


def export_form(session: ReviewSession) -> FunctionGui[..., None]:
    """Return the form that exports the open case; it closes once the export has begun."""

    def export(folder: Path, resampled: bool = False, keep_patient: bool = False) -> None:
        if folder == NO_FOLDER:
            session.said.emit(CHOOSE_FOLDER)
            return
        session.settings.change(last_folder=str(folder))
        session.records.export(folder, resampled=resampled, keep_patient=keep_patient)
        form.native.close()

    form = magicgui(
        export,
        call_button="Export",
        folder={
            "label": "into",
            "mode": "d",
            "value": session.settings.values.last_folder,
            "tooltip": "A folder of the case's own is made in it: SEG, SR, NIfTI, CSV and report",
        },
        resampled={
            "label": "also a resampled SEG",
            "tooltip": "On an even grid, for viewers that refuse tilted or unevenly spaced frames",
        },
        keep_patient={
            "label": "keep the patient",
            "tooltip": "Write the patient of the source into SEG and SR, to send them back to the archive",
        },
    )
    return form
