"""Sound inputs of every kind, small, of an invented patient."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import imagecodecs
import nibabel as nib
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.fileset import FileSet
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    EnhancedCTImageStorage,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    JPEG2000Lossless,
    JPEGExtended12Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from hostile.doors import NUMBER, SURNAME
from napari_cpam_stroke.annotations import AnnotationStore, ModelRecord
from napari_cpam_stroke.core import Annotation, CTVolume, LesionClass, VolumeGeometry, measure_lesions
from napari_cpam_stroke.dicom import read_series, scan_folder, write_report, write_segmentation
from napari_cpam_stroke.review import Autosave, CaseReview
from napari_cpam_stroke.samples import (
    HeadPhantom,
    SeriesText,
    even_steps,
    save_dataset,
    series_datasets,
    stack_geometry,
)

SLICES, SHAPE, SPACING_MM = 4, (28, 24), (8.0, 9.0)
PERSON = SeriesText(patient_name=f"{SURNAME}^Ada", patient_id=NUMBER)
TRAINING_SIZE = 64
"""Pixels along an edge of heads to train on."""

MADE_BY = {"algorithm_type": "MANUAL", "algorithm_name": "nobody", "algorithm_version": "1"}


def series(number: int = 0) -> list[Dataset]:
    """Return the slices of a head, uncompressed."""
    geometry = stack_geometry(even_steps(SLICES, 5.0), shape_yx=SHAPE, pixel_spacing_mm=SPACING_MM, thickness_mm=5.0)
    hu = HeadPhantom.measured().render(geometry, SHAPE)
    return series_datasets(hu, geometry, text=replace(PERSON, series=f"series-{number}"))


def plain_series(folder: Path) -> None:
    _save(folder, series())


def deflated_series(folder: Path) -> None:
    _save(folder, series(), DeflatedExplicitVRLittleEndian)


def enhanced_series(folder: Path) -> None:
    """Write all slices as the frames of one file."""
    singles = series()
    whole = series()[0]
    for name in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness", "RescaleSlope"):
        delattr(whole, name)
    for name in ("RescaleIntercept", "RescaleType", "ConvolutionKernel"):
        delattr(whole, name)
    whole.SOPClassUID, whole.NumberOfFrames = EnhancedCTImageStorage, len(singles)
    whole.SharedFunctionalGroupsSequence = [
        _item(
            PlaneOrientationSequence=[_item(ImageOrientationPatient=singles[0].ImageOrientationPatient)],
            CTImageFrameTypeSequence=[_item(FrameType=["ORIGINAL", "PRIMARY", "VOLUME", "NONE"])],
            CTReconstructionSequence=[_item(ConvolutionKernel="STANDARD")],
            PixelValueTransformationSequence=[_item(RescaleSlope="1", RescaleIntercept="-1024", RescaleType="HU")],
        )
    ]
    whole.PerFrameFunctionalGroupsSequence = [_frame(number, single) for number, single in enumerate(singles, start=1)]
    whole.PixelData = b"".join(single.PixelData for single in singles)
    folder.mkdir(parents=True)
    save_dataset(folder / "enhanced.dcm", whole)


def _frame(number: int, single: Dataset) -> Dataset:
    return _item(
        FrameContentSequence=[_item(StackID="1", InStackPositionNumber=number)],
        PlanePositionSequence=[_item(ImagePositionPatient=single.ImagePositionPatient)],
        PixelMeasuresSequence=[_item(PixelSpacing=single.PixelSpacing, SliceThickness=single.SliceThickness)],
    )


def _item(**values: object) -> Dataset:
    item = Dataset()
    for name, value in values.items():
        setattr(item, name, value)
    return item


Encode = Callable[[NDArray[np.uint16]], bytes]

ENCODERS: dict[str, tuple[str, Encode]] = {
    "jpeg-lossless": (JPEGLosslessSV1, imagecodecs.ljpeg_encode),
    "jpeg": (JPEGExtended12Bit, lambda values: imagecodecs.jpeg8_encode(values, bitspersample=12)),
    "jpeg-ls": (JPEGLSLossless, imagecodecs.jpegls_encode),
    "jpeg-2000": (
        JPEG2000Lossless, lambda v: imagecodecs.jpeg2k_encode(v, codecformat="j2k", reversible=True, level=0)
    ),
    "htj2k": (HTJ2KLossless, imagecodecs.htj2k_encode),
}  # fmt: skip


def compressed_series(syntax: str) -> Callable[[Path], None]:
    """Return what writes a series whose pixels are in a compressed syntax."""
    uid, encode = ENCODERS[syntax]

    def make(folder: Path) -> None:
        items = series()
        for item in items:
            values = np.frombuffer(item.PixelData, "<u2").reshape(item.Rows, item.Columns)
            item.PixelData = encapsulate([bytes(encode(values.copy()))])
            item["PixelData"].VR, item["PixelData"].is_undefined_length = "OB", True
        _save(folder, items, uid)

    return make


def rle_series(folder: Path) -> None:
    plain_series(folder)
    for path, item in zip(sorted(folder.iterdir()), series(), strict=True):
        save_dataset(path, item)
        item.compress(RLELossless, encoding_plugin="pydicom")
        item.save_as(path, enforce_file_format=True)


def zipped_series(folder: Path) -> None:
    plain_series(folder / "apart")
    with zipfile.ZipFile(folder / "series.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted((folder / "apart").iterdir()):
            archive.write(path, f"deep/{path.name}")
            path.unlink()
    (folder / "apart").rmdir()


def disc(folder: Path) -> None:
    """Write a series and its DICOMDIR."""
    media = FileSet()
    plain_series(folder.parent / "slices")
    for number, item in enumerate(series()):
        item.StudyDescription = ""
        media.add(save_dataset(folder.parent / "slices" / f"{number}", item))
    media.write(folder)


def series_with_masks(folder: Path) -> None:
    """Write a series with a SEG, a SR and a NIfTI mask of it beside."""
    volume = series_volume(folder / "ct")
    mask = a_mask(volume.shape)
    write_segmentation(folder / "seg.dcm", mask, volume, **MADE_BY, keep_patient=True)
    table = measure_lesions(mask, volume)
    write_report(folder / "sr.dcm", table, volume, folder / "seg.dcm", **MADE_BY, keep_patient=True)


def series_volume(folder: Path) -> CTVolume:
    """Write a plain series and return it as it is read."""
    plain_series(folder)
    return read_series(scan_folder(folder).series[0])


def a_mask(shape: tuple[int, ...]) -> NDArray[np.uint8]:
    mask = np.zeros(shape, np.uint8)
    mask[1:3, 4:9, 5:11], mask[2, 15:18, 12:20] = 1, 2
    return mask


def head(number: int, slices: int = 1) -> tuple[NDArray[np.int16], NDArray[np.uint8]]:
    """Return HU and mask (Z, Y, X) of a noisy head with a bleed."""
    noise, size = np.random.default_rng(number), TRAINING_SIZE
    y, x = np.mgrid[:size, :size] / size - 0.5
    far = np.hypot(x / 0.31, y / 0.37)
    plane = np.where(far < 1, 34.0, np.where(far < 1.1, 900.0, -1000.0))
    hu = np.repeat(plane[None], slices, axis=0) + (far < 1) * noise.normal(0, 3, (slices, size, size))
    place = np.hypot(x - 0.17, y) < 0.08
    hu[:, place] += 35
    return hu.astype(np.int16), np.repeat(place[None], slices, axis=0).astype(np.uint8)


def write_nifti(path: Path, values: NDArray[np.generic]) -> None:
    """Write (Z, Y, X) values on a plain grid."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = nib.Nifti1Image(np.ascontiguousarray(values.transpose(2, 1, 0)), np.diag([-0.5, -0.5, 5.0, 1.0]))
    nib.save(image, path)


def nifti_pairs(ending: str) -> Callable[[Path], None]:
    """Return what writes two volumes with their masks."""

    def make(folder: Path) -> None:
        for number in range(2):
            hu, mask = head(number, slices=2)
            write_nifti(folder / "images" / f"case{number}{ending}", hu)
            write_nifti(folder / "masks" / f"case{number}{ending}", mask)

    return make


def nnunet_set(folder: Path) -> None:
    for number in range(2):
        hu, mask = head(number, slices=2)
        write_nifti(folder / "imagesTr" / f"case{number}_0000.nii.gz", hu)
        write_nifti(folder / "labelsTr" / f"case{number}.nii.gz", mask)
    values = {
        "channel_names": {"0": "CT"},
        "labels": {"background": 0, "hemorrhage": 1},
        "numTraining": 2,
        "file_ending": ".nii.gz",
    }
    (folder / "dataset.json").write_text(json.dumps(values))


def monai_list(folder: Path) -> None:
    nnunet_set(folder)
    (folder / "dataset.json").unlink()
    pairs = [
        {"image": f"imagesTr/case{n}_0000.nii.gz", "label": f"labelsTr/case{n}.nii.gz", "fold": n} for n in range(2)
    ]
    (folder / "datalist.json").write_text(json.dumps({"training": pairs, "testing": ["imagesTr/x.nii.gz"]}))


def pictures(folder: Path) -> None:
    """Write slices and masks as PNG."""
    for part in ("images", "masks"):
        (folder / part).mkdir(parents=True)
    for number in range(2):
        hu, mask = head(number)
        grey(hu[0]).save(folder / "images" / f"s{number}.png")
        Image.fromarray(mask[0] * np.uint8(255)).save(folder / "masks" / f"s{number}.png")


def grey(hu: NDArray[np.int16]) -> Image.Image:
    return Image.fromarray(((hu.clip(-20, 100) + 20.0) / 120 * 255).astype(np.uint8))


def coco_set(folder: Path) -> None:
    pictures(folder)
    listed = [{"id": n, "file_name": f"s{n}.png", "height": TRAINING_SIZE, "width": TRAINING_SIZE} for n in range(2)]
    outlines = [
        {"id": 1, "image_id": 0, "category_id": 7, "segmentation": [[10, 20, 40, 20, 40, 30, 10, 30]], "iscrowd": 0},
        {
            "id": 2,
            "image_id": 1,
            "category_id": 7,
            "segmentation": {"size": [64, 64], "counts": [100, 20, 3976]},
            "iscrowd": 1,
        },
    ]
    values = {"images": listed, "categories": [{"id": 7, "name": "hemorrhage"}], "annotations": outlines}
    (folder / "instances.json").write_text(json.dumps(values))


def label_table(folder: Path) -> None:
    pictures(folder)
    lines = ["file,label,patient", "images/s0.png,bleed,p0", "images/s1.png,normal,p1"]
    (folder / "labels.csv").write_text("\n".join(lines) + "\n")
    (folder / "patients.csv").write_text("case,patient\ns0,p0\ns1,p1\n")


def slice_table(folder: Path) -> None:
    """Write two single slices and a table of what they show."""
    plain_series(folder)
    (folder / "labels.csv").write_text("file,label\nIM1.dcm,bleed\nIM2.dcm,normal\n")


def volume_of(number: int) -> CTVolume:
    hu, _ = head(number, slices=2)
    places = np.c_[np.zeros(2), np.zeros(2), [0.0, 5.0]]
    where = VolumeGeometry(places, np.eye(3)[0], np.eye(3)[1], (0.5, 0.5), np.full(2, 5.0), "1.2.3")
    return CTVolume(hu, where, f"c{number}", f"p{number}")


def filled_store(folder: Path, cases: int = 3) -> None:
    """Make a store with a case of each split."""
    with AnnotationStore.open(folder) as store:
        for number in range(cases):
            store.add_case(volume_of(number), source="reader", split=("train", "validation", "test")[number % 3])
            _, mask = head(number, slices=2)
            first = store.save(f"c{number}", Annotation.from_mask(mask * np.uint8(2)), author="Ada")
            store.save(f"c{number}", Annotation.from_mask(mask), author="Bo", parent=first.id, comment="näher")
            model = ModelRecord("default", "1.0", "ab" * 32)
            store.record_prediction(f"c{number}", {"ischemia": 0.1, "hemorrhage": 0.2}, model, thresholds=THRESHOLDS)


THRESHOLDS = {"ischemia": 0.3, "hemorrhage": 0.6}


def exported_store(folder: Path) -> None:
    filled_store(folder.parent / "first")
    with AnnotationStore.open(folder.parent / "first", create=False) as store:
        store.export(folder)


def drafts(folder: Path) -> None:
    """Leave the unsaved strokes of two cases behind."""
    for number in range(2):
        review = CaseReview(volume_of(number), author="Ada")
        review.reading[1, 20:30, 20:30] = 1
        review.touch([1])
        review.comment, review.difficulty = "half way", "hard"
        review.overrule_slice(0, LesionClass.ISCHEMIA, 1)
        Autosave(review, folder=folder).run(force=True)


@dataclass(frozen=True)
class Tiny:
    """A model of a few kilobytes in a folder."""

    folder: Path

    def make(self) -> None:
        from napari_cpam_stroke.bundles import ModelCard, save_bundle
        from napari_cpam_stroke.bundles.card import KnownFailure
        from napari_cpam_stroke.config import AttentionConfig, PreprocessConfig, SegmenterConfig
        from napari_cpam_stroke.models import build_model

        attention = AttentionConfig(token_grid=4, width=16, heads=2)
        network = SegmenterConfig(base_width=4, depth=3, input_size=32, attention=attention)
        failure = KnownFailure("missed", "small bleeds", picture="failures/one.png")
        card = ModelCard(name="tiny", architecture=network, preprocess=PreprocessConfig(size=32), failures=(failure,))
        picture = b"\x89PNG\r\n\x1a\n" + bytes(100)
        save_bundle(self.folder, card, build_model(network).state_dict(), pictures={failure.picture: picture})


def _save(folder: Path, items: list[Dataset], syntax: str = ExplicitVRLittleEndian) -> None:
    folder.mkdir(parents=True)
    for number, item in enumerate(items):
        save_dataset(folder / f"IM{number}.dcm", item, transfer_syntax=syntax)
