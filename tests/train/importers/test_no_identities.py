"""A canary in every name and free text of what is imported: none of them may get into the store or what is made of it.

The user's own terminal may name the user's own files where one cannot be read; a sound import says nothing of them.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import nibabel as nib
import numpy as np
import pydicom
import pytest
from PIL import Image
from typer.testing import CliRunner

from cpam_train.cli import app
from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.core import CTVolume
from napari_cpam_stroke.dicom import read_series, scan_folder, write_segmentation
from napari_cpam_stroke.samples import SeriesText, write_dicom_series

WHO, OTHER, NUMBER = "Canarybird_Ada", "Canarybird_Bo", "C4NARY-17"
MARKS = ("canary", "c4nary")
EDGE = 64
MADE_BY = {"algorithm_type": "SEMIAUTOMATIC", "algorithm_name": "drawn", "algorithm_version": "1"}


def pixels(number: int, slices: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """HU and mask (Z, Y, X) of a head with a bleed."""
    y, x = np.mgrid[:EDGE, :EDGE] - EDGE / 2
    far = np.hypot(y / 24, x / 20)
    plane = np.select([far < 0.9, far < 1.0], [34, 900], -1000)
    hu = np.repeat(plane[None], slices, 0) + np.random.default_rng(number).integers(-3, 4, (slices, EDGE, EDGE))
    mask = np.repeat((np.hypot(y - 4, x) < 5)[None], slices, 0)
    hu[mask] += 35
    return hu.astype(np.int16), mask.astype(np.uint8)


def write_nifti(path: Path, zyx: np.ndarray) -> None:
    image = nib.Nifti1Image(np.ascontiguousarray(zyx.transpose(2, 1, 0)), np.diag([-0.5, -0.5, 5.0, 1.0]))
    image.header["descrip"] = f"head of {WHO}".encode()
    image.header["aux_file"] = f"{WHO}.txt".encode()
    image.header["intent_name"] = b"of Canarybird"
    image.header["db_name"] = NUMBER.encode()
    image.header.extensions.append(nib.nifti1.Nifti1Extension("comment", f"{WHO} {NUMBER}".encode()))
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(image, path)


def nifti_pairs(folder: Path, images: str, masks: str, ending: str = "") -> None:
    for number, name in enumerate((WHO, OTHER)):
        hu, mask = pixels(number)
        write_nifti(folder / images / f"{name}{ending}.nii.gz", hu)
        write_nifti(folder / masks / f"{name}.nii.gz", mask)


ABOUT = {"name": WHO, "description": f"heads of {WHO}", "reference": NUMBER, "licence": WHO, "release": NUMBER}


def nnunet(folder: Path) -> Path:
    nifti_pairs(folder, "imagesTr", "labelsTr", "_0000")
    labels = {"background": 0, "hemorrhage": 1}
    about = {**ABOUT, "channel_names": {"0": "CT"}, "labels": labels, "numTraining": 2, "file_ending": ".nii.gz"}
    (folder / "dataset.json").write_text(json.dumps(about))
    return folder


def nifti(folder: Path) -> Path:
    nifti_pairs(folder, "images", "masks")
    return folder


def monai(folder: Path) -> Path:
    nifti_pairs(folder, "images", "labels")
    listed = [
        {"image": f"images/{n}.nii.gz", "label": f"labels/{n}.nii.gz", "patient": n, "id": NUMBER} for n in (WHO, OTHER)
    ]
    (folder / "list.json").write_text(json.dumps({**ABOUT, "training": listed}))
    return folder / "list.json"


def bids(folder: Path) -> Path:
    for number, name in enumerate(("CanarybirdAda", "CanarybirdBo")):
        hu, mask = pixels(number)
        write_nifti(folder / f"sub-{name}" / "ct" / f"sub-{name}_ct.nii.gz", hu)
        write_nifti(folder / "derivatives" / f"sub-{name}" / f"sub-{name}_label-lesion_mask.nii.gz", mask)
    (folder / "participants.tsv").write_text(f"participant_id\tname\nsub-CanarybirdAda\t{WHO}\n")
    return folder


def pictures(folder: Path) -> None:
    for number, name in enumerate((WHO, OTHER)):
        hu, mask = pixels(number)
        for part, values in (("images", np.clip((hu[0] + 20) * 2, 0, 255)), ("masks", mask[0])):
            (folder / part).mkdir(parents=True, exist_ok=True)
            Image.fromarray(values.astype(np.uint8)).save(folder / part / f"{name}.png", **told_in_png())


def told_in_png() -> dict[str, object]:
    from PIL.PngImagePlugin import PngInfo

    told = PngInfo()
    told.add_text("Author", WHO)
    told.add_itxt("Description", f"{WHO} {NUMBER}")
    return {"pnginfo": told}


def png(folder: Path) -> Path:
    pictures(folder)
    return folder


def coco(folder: Path) -> Path:
    pictures(folder)
    images = [
        {"id": n, "file_name": f"{name}.png", "height": EDGE, "width": EDGE, "patient": name, "flickr_url": NUMBER}
        for n, name in enumerate((WHO, OTHER))
    ]
    corners = [20, 20, 40, 20, 40, 30, 20, 30]
    outlines = [
        {"id": n, "image_id": n, "category_id": 7, "segmentation": [corners], "iscrowd": 0, "reader": WHO}
        for n in range(2)
    ]
    categories = [{"id": 7, "name": "hemorrhage", "supercategory": WHO}]
    about = {"contributor": WHO, "description": NUMBER, "url": WHO}
    whole = {"info": about, "licenses": [ABOUT], "images": images, "categories": categories, "annotations": outlines}
    (folder / "instances.json").write_text(json.dumps(whole))
    return folder / "instances.json"


def csv(folder: Path) -> Path:
    pictures(folder)
    lines = ["file,label,patient,remark", f"images/{WHO}.png,bleed,{WHO},{NUMBER}", f"images/{OTHER}.png,none,{OTHER},"]
    (folder / "labels.csv").write_text("\n".join(lines) + "\n")
    return folder / "labels.csv"


def dicom_seg(folder: Path) -> Path:
    series_with_foreign_mask(folder / WHO)
    return folder


def series_with_foreign_mask(folder: Path) -> CTVolume:
    """Write a series and the mask of another program on it, with names of people wherever a text may stand."""
    from napari_cpam_stroke.samples import HeadPhantom, even_steps, stack_geometry

    place = stack_geometry(even_steps(4, 5.0), shape_yx=(28, 24), pixel_spacing_mm=(8.0, 9.0), thickness_mm=5.0)
    text = SeriesText(patient_name=WHO.replace("_", "^"), patient_id=NUMBER)
    write_dicom_series(folder / "ct", HeadPhantom.measured().render(place, (28, 24)), place, text=text)
    volume = read_series(scan_folder(folder / "ct").series[0])
    mask = np.zeros(volume.shape, np.uint8)
    mask[1:3, 4:9, 5:11] = 2
    path = write_segmentation(folder / f"{WHO}.dcm", mask, volume, keep_patient=True, **MADE_BY)
    file = pydicom.dcmread(path)
    file.PatientName, file.PatientID = WHO.replace("_", "^"), NUMBER
    file.ContentCreatorName = file.OperatorsName = file.ReferringPhysicianName = "Canarydoctor^Eve"
    file.ContentLabel, file.ContentDescription = "CANARY", f"of {WHO}"
    file.SeriesDescription = file.StudyDescription = file.ImageComments = f"{WHO} {NUMBER}"
    file.SoftwareVersions = f"for {NUMBER}"
    for segment in file.SegmentSequence:
        segment.SegmentLabel = "Hemorrhage Canarybird Ada"
        segment.SegmentDescription = segment.TrackingID = f"{WHO} {NUMBER}"
        segment.SegmentAlgorithmName = "drawn for Canarybird by Canarydoctor"
        if "SegmentationAlgorithmIdentificationSequence" in segment:
            segment.SegmentationAlgorithmIdentificationSequence[0].AlgorithmName = "drawn for Canarybird"
            segment.SegmentationAlgorithmIdentificationSequence[0].AlgorithmVersion = NUMBER
    file.save_as(path)
    return volume


SOURCES: dict[str, tuple[Callable[[Path], Path], tuple[str, ...]]] = {
    "nnunet": (nnunet, ()),
    "nifti": (nifti, ("--map", "1=hemorrhage")),
    "monai": (monai, ("--map", "1=hemorrhage")),
    "bids": (bids, ("--map", "1=hemorrhage")),
    "png": (png, ("--map", "1=hemorrhage", "--window", "40/120")),
    "coco": (coco, ("--window", "40/120")),
    "csv": (csv, ("--window", "40/120")),
    "dicom-seg": (dicom_seg, ()),
}


def named(text: str) -> list[str]:
    return [mark for mark in MARKS if mark in text.casefold()]


def named_in(folder: Path) -> Iterator[str]:
    """Yield what names somebody below a folder: names of files and folders, and whatever is in them."""
    for path in folder.rglob("*"):
        content = path.read_bytes().decode("latin-1") if path.is_file() else ""
        if named(f"{path.relative_to(folder)} {content}"):
            yield str(path)


def test_the_search_finds_what_is_there(tmp_path):
    dicom_seg(tmp_path / "a")
    assert list(named_in(tmp_path / "a"))


@pytest.mark.parametrize("source", SOURCES)
def test_no_name_of_a_source_gets_into_the_store(source, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    make, options = SOURCES[source]
    found = make(tmp_path / "of Canarybird" / WHO)
    caplog.clear()
    store = tmp_path / "store"
    done = CliRunner().invoke(app, ["import", source, str(found), "--store", str(store), *options])
    assert done.exit_code == 0, done.output
    again = CliRunner().invoke(app, ["import", source, str(found), "--store", str(store), "--again", *options])
    checked = CliRunner().invoke(app, ["check", "--store", str(store)])
    with AnnotationStore.open(store, create=False) as opened:
        assert opened.count_cases() > 0
        opened.export(tmp_path / "export")
        told = repr([(case, opened.revisions(case.case_id)) for case in opened.cases()])
    AnnotationStore.back_up(store, tmp_path / "backup")
    assert named(told) == []
    assert list(named_in(store)) == []
    assert list(named_in(tmp_path / "export")) == []
    assert list(named_in(tmp_path / "backup")) == []
    assert list(named_in(Path(os.environ["CPAM_STROKE_HOME"]))) == []
    assert named(caplog.text) == []
    assert named(done.output + again.output + checked.output) == []
