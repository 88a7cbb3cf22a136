"""The main job on the bundled synthetic stroke case: in a window where there is one, headless otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from napari_cpam_stroke.bundles import Registry
from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.files import write_whole
from napari_cpam_stroke.user_folder import application_home
from napari_cpam_stroke.window_check import WindowCheck, check_window

if TYPE_CHECKING:
    from napari_cpam_stroke.progress import Stage

DEFAULT_OUT = Path("cpam-stroke-demo")
OVERVIEW = "overview.png"
MOST_SLICES = 12


@dataclass(frozen=True)
class HeadlessDemo:
    """What the demo wrote without a window: the case's folder, the overview picture, and what a window would need."""

    folder: Path
    overview: Path
    needs: str


def run_demo(
    *,
    screenshot: Path | None = None,
    out: Path | None = None,
    model: str = "default",
    device: str = "auto",
    check: WindowCheck | None = None,
    stage: Stage | None = None,
) -> HeadlessDemo | None:
    """Show the stroke case in napari with the model run; without a display write the same into a folder.

    Parameters
    ----------
    screenshot
        Window: a picture of it, then it closes. Headless: the overview of slices is saved there too.
    out
        Where the headless run writes; with a window it writes only where this is given.
    check
        Left out: found out here.

    Returns
    -------
    What was written, or None where a window was shown and nothing was to be written.

    Raises
    ------
    CpamError
        If there is no such model or device, or nothing can be written.
    """
    from napari_cpam_stroke.samples.installed import installed_stroke_case

    Registry().resolve(model)
    sample = installed_stroke_case()
    check = check or check_window()
    done = None
    if out is not None or not check.possible:
        done = write_demo(sample, out or DEFAULT_OUT, model=model, device=device, needs=check.needs, stage=stage)
    if check.possible:
        from napari_cpam_stroke.widgets.launch import open_window

        own = application_home() / "demo"
        open_window(sample, run_models=True, model=model, device=device, screenshot=screenshot, own_folder=own)
    elif screenshot is not None and done is not None:
        write_whole(screenshot, done.overview.read_bytes())
    return done


def write_demo(
    sample: Path, out: Path, *, model: str, device: str, needs: str = "", stage: Stage | None = None
) -> HeadlessDemo:
    """Run the model on the sample and write its folder of results, and pictures of its slices.

    Raises
    ------
    InputError
        If the sample is damaged, or nothing can be written in `out`.
    """
    from napari_cpam_stroke.dicom import scan_folder
    from napari_cpam_stroke.export import contact_sheet, png_bytes, run_case
    from napari_cpam_stroke.inference import Predictor

    entry = scan_folder(sample).proposed
    if entry is None:
        raise InputError(f"The sample case in {sample} is damaged", remedy="delete that folder and try again")
    result, files = run_case(entry, Predictor.load(model, device), out, stage=stage)
    sheet = contact_sheet(result.volume, result.mask, result.noteworthy_slices(MOST_SLICES))
    overview = out / OVERVIEW
    write_whole(overview, png_bytes(sheet))
    return HeadlessDemo(files.folder, overview, needs)
