"""Hazards of files: Enhanced multi-frame, damage, archives, directories, character sets, odd neighbours."""

from __future__ import annotations

import zipfile
from copy import deepcopy
from pathlib import Path

import imagecodecs
import numpy as np
from hazard_suite.base import EVEN, Hazard, Truth, datasets, save_all, subset, truth_of
from hazard_suite.geometry import TEN, TEN_THICK
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.fileset import FileSet
from pydicom.uid import EnhancedCTImageStorage, ExplicitVRLittleEndian, JPEG2000Lossless

from napari_cpam_stroke.samples import save_dataset

MIDDLE = 12
META_BYTES = 128 + 4


def _item(**values: object) -> Dataset:
    item = Dataset()
    for name, value in values.items():
        setattr(item, name, value)
    return item


def enhanced_dataset(truth: Truth, *, shared_rescale: bool = True, seed: int | None = 5) -> Dataset:
    """Return an Enhanced CT dataset of the truth, frames shuffled, rescale shared or per frame."""
    singles = datasets(truth)
    order = np.random.default_rng(seed).permutation(len(singles)) if seed is not None else np.arange(len(singles))
    enhanced = datasets(truth)[0]
    for name in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness", "RescaleSlope"):
        delattr(enhanced, name)
    for name in ("RescaleIntercept", "RescaleType", "ConvolutionKernel"):
        delattr(enhanced, name)
    enhanced.SOPClassUID, enhanced.NumberOfFrames = EnhancedCTImageStorage, len(singles)
    frames, pixels = [], []
    for place in order:
        single = singles[place]
        intercept = -1024 if shared_rescale else -1024 - int(place)
        frame = _item(
            FrameContentSequence=[_item(StackID="1", InStackPositionNumber=int(place) + 1)],
            PlanePositionSequence=[_item(ImagePositionPatient=single.ImagePositionPatient)],
            PixelMeasuresSequence=[_item(PixelSpacing=single.PixelSpacing, SliceThickness=single.SliceThickness)],
        )
        if not shared_rescale:
            frame.PixelValueTransformationSequence = [_rescale(intercept)]
        frames.append(frame)
        pixels.append((truth.hu[place].astype(int) - intercept).astype("<u2").tobytes())
    shared = _item(
        PlaneOrientationSequence=[_item(ImageOrientationPatient=singles[0].ImageOrientationPatient)],
        CTImageFrameTypeSequence=[_item(FrameType=["ORIGINAL", "PRIMARY", "VOLUME", "NONE"])],
        CTReconstructionSequence=[_item(ConvolutionKernel="STANDARD")],
    )
    if shared_rescale:
        shared.PixelValueTransformationSequence = [_rescale(-1024)]
    enhanced.SharedFunctionalGroupsSequence = [shared]
    enhanced.PerFrameFunctionalGroupsSequence = frames
    enhanced.PixelData = b"".join(pixels)
    return enhanced


def _rescale(intercept: int) -> Dataset:
    return _item(RescaleSlope="1", RescaleIntercept=str(intercept), RescaleType="HU")


def _enhanced(*, syntax: str = ExplicitVRLittleEndian, shared_rescale: bool = True, **geometry: object):
    def build(folder: Path) -> Truth:
        truth = truth_of(**geometry)
        dataset = enhanced_dataset(truth, shared_rescale=shared_rescale)
        save_dataset(folder / "enhanced", dataset, transfer_syntax=syntax)
        return truth

    return build


def _enhanced_compressed(folder: Path) -> Truth:
    truth = truth_of()
    dataset = enhanced_dataset(truth)
    frames = np.frombuffer(dataset.PixelData, "<u2").reshape(len(EVEN), dataset.Rows, dataset.Columns)
    coded = [imagecodecs.jpeg2k_encode(f.copy(), codecformat="j2k", reversible=True, level=0) for f in frames]
    dataset.PixelData = encapsulate([bytes(c) for c in coded])
    dataset["PixelData"].VR, dataset["PixelData"].is_undefined_length = "OB", True
    save_dataset(folder / "enhanced", dataset, transfer_syntax=JPEG2000Lossless)
    return truth


def _enhanced_perfusion(folder: Path) -> None:
    """Three time points of every place in one file."""
    dataset = enhanced_dataset(truth_of(), seed=None)
    frames, pixels = list(dataset.PerFrameFunctionalGroupsSequence), dataset.PixelData
    repeated = []
    for moment in range(3):
        for frame in frames:
            again = deepcopy(frame)
            again.FrameContentSequence[0].TemporalPositionIndex = moment + 1
            repeated.append(again)
    dataset.PerFrameFunctionalGroupsSequence, dataset.NumberOfFrames = repeated, len(repeated)
    dataset.PixelData = pixels * 3
    save_dataset(folder / "enhanced", dataset)


def _multi_frame_without_positions(folder: Path) -> None:
    dataset = datasets(truth_of())[0]
    dataset.NumberOfFrames = 3
    dataset.PixelData = dataset.PixelData * 3
    save_dataset(folder / "many", dataset)


def _frame_count_lies(folder: Path) -> None:
    dataset = enhanced_dataset(truth_of())
    dataset.NumberOfFrames = len(EVEN) + 3
    save_dataset(folder / "enhanced", dataset)


def _no_preamble(folder: Path) -> Truth:
    """Files without preamble and meta group, as old archives keep them."""
    truth = truth_of()
    for number, item in enumerate(datasets(truth)):
        item.save_as(folder / f"{number}.raw", implicit_vr=True, little_endian=True, enforce_file_format=False)
    return truth


def _preamble_cut(folder: Path) -> Truth:
    """Files that begin with the meta group."""
    truth = truth_of()
    save_all(folder, datasets(truth))
    for path in folder.iterdir():
        path.write_bytes(path.read_bytes()[META_BYTES:])
    return truth


def _spoilt(spoil):
    """One slice's file is damaged; the rest is as it was."""

    def build(folder: Path) -> Truth:
        truth = truth_of()
        items = datasets(truth)
        keep = [i for i in range(len(items)) if i != MIDDLE]
        save_all(folder, [items[i] for i in keep])
        path = save_dataset(folder / "damaged", items[MIDDLE])
        path.write_bytes(spoil(path.read_bytes()))
        return subset(truth, keep)

    return build


def _truncated_end(folder: Path) -> Truth:
    """The last slice is cut short: no gap shows it, so it must be said."""
    truth = truth_of()
    items = datasets(truth)
    save_all(folder, items[:-1])
    path = save_dataset(folder / "damaged", items[-1])
    path.write_bytes(path.read_bytes()[:-500])
    return subset(truth, range(len(items) - 1))


def _corrupt(data: bytes) -> bytes:
    noise = np.random.default_rng(0).integers(0, 256, 400, dtype=np.uint8).tobytes()
    return data[:300] + noise + data[700:]


def _zip(folder: Path) -> Truth:
    truth = truth_of()
    save_all(folder / "series", datasets(truth))
    with zipfile.ZipFile(folder / "series.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted((folder / "series").iterdir()):
            archive.write(path, f"deep/er/{path.name}")
            path.unlink()
    return truth


def _dicomdir(folder: Path) -> Truth:
    truth = truth_of()
    media = FileSet()
    for item in datasets(truth):
        item.StudyDescription = ""
        path = save_dataset(folder.parent / "slice.dcm", item)
        media.add(path)
    media.write(folder)
    return truth


def _neighbours(folder: Path) -> Truth:
    """Text, pictures, an empty file, a random file and a program beside the series."""
    truth = truth_of()
    save_all(folder, datasets(truth))
    (folder / "README.txt").write_text("No DICOM here, but a long enough text to look into. " * 20, encoding="utf-8")
    (folder / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(500))
    (folder / "empty").touch()
    (folder / "random").write_bytes(np.random.default_rng(1).integers(0, 256, 5000, dtype=np.uint8).tobytes())
    (folder / "program").write_bytes(b"\x7fELF" + bytes(600))
    return truth


def _icon(folder: Path) -> Truth:
    """A compressed preview picture in a sequence of undefined length before the pixels."""
    truth = truth_of()
    items = datasets(truth)
    for item in items:
        values = np.frombuffer(item.PixelData, "<u2").reshape(item.Rows, item.Columns)
        item.PixelData = encapsulate([bytes(imagecodecs.jpegls_encode(values.copy()))])
        item["PixelData"].VR, item["PixelData"].is_undefined_length = "OB", True
        icon = _item(Rows=8, Columns=8, BitsAllocated=8, PixelData=encapsulate([b"\xff\xd8" + bytes(70) + b"\xff\xd9"]))
        icon["PixelData"].VR, icon["PixelData"].is_undefined_length = "OB", True
        icon.is_undefined_length_sequence_item = True
        item.IconImageSequence = [icon]
        item["IconImageSequence"].is_undefined_length = True
    save_all(folder, items, transfer_syntax="1.2.840.10008.1.2.4.80")
    return truth


def _charset(label: str | None, name: bytes):
    """Names and a description in some character set, labelled rightly or wrongly."""

    def build(folder: Path) -> Truth:
        truth = truth_of()
        items = datasets(truth)
        for item in items:
            item.SpecificCharacterSet = label.split("\\") if label else ""
            item.add_new("PatientName", "PN", "x")
            item["PatientName"]._value = name
            item.add_new("SeriesDescription", "LO", "x")
            item["SeriesDescription"]._value = name
        for number, item in enumerate(items):
            _save_bytes(folder / str(number), item, name)
        return truth

    return build


def _save_bytes(path: Path, item: Dataset, name: bytes) -> None:
    """Write a dataset whose name and description hold raw bytes."""
    marker = "M" * len(name)
    item.PatientName = item.SeriesDescription = marker
    item.SpecificCharacterSet, label = "", item.SpecificCharacterSet
    item.add_new("SpecificCharacterSet", "CS", label)
    save_dataset(path, item)
    path.write_bytes(path.read_bytes().replace(marker.encode(), name))


HAZARDS = [
    Hazard("Enhanced multi-frame", _enhanced(), slices=26),
    Hazard("Enhanced, rescale per frame", _enhanced(shared_rescale=False)),
    Hazard("Enhanced, tilted", _enhanced(tilt=15.0), ml=0.1, says=("tilt 15.0",)),
    Hazard("Enhanced, 5 then 10 mm", _enhanced(distances=TEN, thickness=TEN_THICK), ml=0.1, says=("variable",)),
    Hazard("Enhanced, implicit VR", _enhanced(syntax="1.2.840.10008.1.2")),
    Hazard("Enhanced, deflated", _enhanced(syntax="1.2.840.10008.1.2.1.99")),
    Hazard("Enhanced, JPEG 2000", _enhanced_compressed),
    Hazard("Enhanced perfusion", _enhanced_perfusion, "split", ("perfusion",), parts=(26, 26, 26)),
    Hazard("multi-frame without positions", _multi_frame_without_positions, "rejected", ("without a position",)),
    Hazard("Enhanced, frame count lies", _frame_count_lies, "rejected", ("NumberOfFrames",)),
    Hazard("no preamble, no meta group", _no_preamble),
    Hazard("meta group without preamble", _preamble_cut),
    Hazard(
        "one file truncated", _spoilt(lambda d: d[: len(d) // 2]), ml=0.1, says=("truncated", "z = 37.5 and z = 47.5")
    ),
    Hazard("the last file truncated", _truncated_end, says=("truncated", "z = 107.5")),
    Hazard("one file's header cut", _spoilt(lambda d: d[:500]), ml=0.1, says=("missing between",)),
    Hazard("one header corrupt", _spoilt(_corrupt), ml=0.1, says=("missing between",), slices=25),
    Hazard("one file empty", _spoilt(lambda d: b""), ml=0.1, says=("missing between",)),
    Hazard("compressed icon before the pixels", _icon),
    Hazard("zip archive", _zip),
    Hazard("DICOMDIR", _dicomdir, directory=True),
    Hazard("folder with a DICOMDIR", _dicomdir),
    Hazard("other files beside the series", _neighbours, says=("not a DICOM file",), slices=26),
    Hazard("UTF-8 names", _charset("ISO_IR 192", "Wörld^Ærø 頭".encode())),
    Hazard("Japanese names", _charset("\\ISO 2022 IR 87", b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B")),
    Hazard("GB18030 names", _charset("GB18030", "王^小东".encode("gb18030"))),
    Hazard("Cyrillic names", _charset("ISO_IR 144", b"\xbb\xee\xda\xe1\xd5\xdc\xd1\xe3\xe0\xd3")),
    Hazard("wrong character set label", _charset("ISO_IR 192", "Müller^Jürgen".encode("latin-1"))),
    Hazard("unknown character set label", _charset("KLINGON", "Müller^Jürgen".encode("latin-1"))),
]
