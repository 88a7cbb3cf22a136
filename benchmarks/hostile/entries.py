"""Every entry of the program by its name."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random

from hostile import inputs
from hostile.archive_changes import change_archive, change_packed
from hostile.byte_changes import change_bytes, change_header
from hostile.dicom_changes import change_codestream, change_deflated, change_elements, change_words
from hostile.doors import Answer, UndeclaredError, command, one_line, open_series
from hostile.entry import Door, Entry, one_of, same_facts, same_slices, same_slices_alone
from hostile.kept_changes import change_database, change_journal, change_weights, seal_bundle
from hostile.text_changes import change_json, change_table, change_yaml
from napari_cpam_stroke.dicom import read_mask
from napari_cpam_stroke.dicom.pixels.decode import DecodeWorkers

NIFTI_HEADER_BYTES = 352
HOME = "CPAM_STROKE_HOME"


def series_door(folder: Path, name: str = "") -> Door:
    """Open a folder, or a file in it, as the room does; now and then list it by the command."""
    workers, path = DecodeWorkers(), folder / name

    def read(_aside: Path, _random: Random) -> Answer:
        return open_series(path, workers)

    def listed(_aside: Path, random: Random) -> Answer:
        how = ("--json",) if random.random() < 0.5 else ()
        answer = command("cpam-stroke", "series", path, *how)
        return Answer(answer.said, refused=True)  # nothing was read: there is nothing to compare

    return one_of([(15, read), (1, listed)])


def mask_door(folder: Path, name: str) -> Door:
    """Read a mask onto the series beside it."""
    volume = _volume(folder)

    def read(_aside: Path, _random: Random) -> Answer:
        reading = read_mask(folder / name, volume)
        if reading.mask.shape != volume.shape or reading.mask.max() > 2:
            raise UndeclaredError(f"a mask of {reading.mask.shape} with values up to {reading.mask.max()}")
        said = [notice.sentence for notice in reading.notices]
        return Answer("\n".join(map(one_line, said)), refused=False, facts={"mask": reading.mask.tobytes()})

    return read


def _volume(folder: Path) -> inputs.CTVolume:
    from napari_cpam_stroke.dicom import read_series, scan_folder

    return read_series(scan_folder(folder / "ct").series[0])


def nifti_mask(ending: str) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        from napari_cpam_stroke.dicom import write_nifti

        volume = inputs.series_volume(folder / "ct")
        write_nifti(folder / f"mask{ending}", inputs.a_mask(volume.shape), volume)

    return make


def import_door(folder: Path, form: str, *options: object, source: str = "") -> Door:
    """Import into a store that is thrown away."""

    def read(aside: Path, _random: Random) -> Answer:
        place = folder / source if source else folder
        return command("cpam-train", "import", form, place, "--store", aside / "store", "--dry-run", *options)

    return read


MEANING = ("--map", "1=hemorrhage")
WINDOW = ("--window", "40/120")


def table_import(folder: Path) -> Door:
    return import_door(folder, "csv", *WINDOW, source="labels.csv")


def patient_import(folder: Path) -> Door:
    listed = ("--patients", folder / "patients.csv")
    return import_door(folder, "png", *WINDOW, "--map", "255=hemorrhage", *listed)


def bundle_door(folder: Path) -> Door:
    def at(*words: str) -> Door:
        def typed(aside: Path, _random: Random) -> Answer:
            os.environ[HOME] = str(aside / "home")
            return command("cpam-stroke", "models", words[0], folder, *words[1:])

        return typed

    return one_of([(4, at("verify")), (2, at("import")), (2, at("show")), (1, at("show", "--json"))])


def signed_bundle(folder: Path) -> None:
    """Write a tiny model that somebody signed."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from napari_cpam_stroke.bundles import load_bundle
    from napari_cpam_stroke.bundles.signature import sign_bundle

    inputs.Tiny(folder).make()
    sign_bundle(load_bundle(folder), Ed25519PrivateKey.from_private_bytes(bytes(range(32))))


def home_door(folder: Path) -> Door:
    """Ask for everything that is read from the program's own folder."""
    from napari_cpam_stroke.widgets.reading.settings import SettingsFile

    def typed(*words: object) -> Door:
        def ask(_aside: Path, _random: Random) -> Answer:
            os.environ[HOME] = str(folder)
            return command("cpam-stroke", *words)

        return ask

    def room(_aside: Path, _random: Random) -> Answer:
        settings = SettingsFile(folder / "room.json")
        return Answer(str(settings.change(author="Bo").author), refused=False)

    models = [
        typed("models", *words) for words in (("list",), ("show", "tiny"), ("verify", "tiny"), ("rollback", "tiny"))
    ]
    series = typed("series", folder.parent / "ct")
    return one_of([(4, room), (1, series), *((1, door) for door in models)])


def home(folder: Path) -> None:
    """Fill the program's own folder: settings, the key of pseudonyms, a model in two versions, whom it trusts."""
    from napari_cpam_stroke.bundles import Registry
    from napari_cpam_stroke.widgets.reading.settings import SettingsFile

    inputs.plain_series(folder.parent / "ct")
    os.environ[HOME] = str(folder)
    signed_bundle(folder.parent / "tiny")
    registry = Registry()
    for _ in range(2):
        registry.install(folder.parent / "tiny")
    registry.use("tiny@2.0")
    registry.trust.add("ada", bytes(32))
    SettingsFile().change(author="Ada", keys={"undo": ("u",)}, store="annotations", brush_hu=(40, 80))
    open_series(folder.parent / "ct")


def journal_door(folder: Path) -> Door:
    """List the drafts that were left behind, and bring those of a case back into its review."""
    from napari_cpam_stroke.annotations import Journal
    from napari_cpam_stroke.review import Autosave, CaseReview

    volumes = {volume.content_hash: volume for volume in map(inputs.volume_of, range(2))}

    def look(aside: Path, _random: Random) -> Answer:
        found, unreadable = Journal.left_behind(folder)
        for pending in found:
            review = CaseReview(volumes.get(pending.content_hash, inputs.volume_of(0)), author="Bo")
            Autosave(review, folder=aside).recover(pending)
        return Answer("", refused=bool(unreadable))

    return look


def left_drafts(folder: Path) -> None:
    """Let a program that has ended leave drafts behind."""
    program = "import sys, pathlib; from hostile import inputs; inputs.drafts(pathlib.Path(sys.argv[1]))"
    path = os.pathsep.join(filter(None, sys.path))
    subprocess.run([sys.executable, "-c", program, str(folder)], check=True, env={**os.environ, "PYTHONPATH": path})


def store_door(folder: Path) -> Door:
    def take_over(aside: Path, _random: Random) -> Answer:
        return command("cpam-stroke", "store", "import", aside / "mine", folder)

    def check(_aside: Path, _random: Random) -> Answer:
        return command("cpam-stroke", "store", "check", folder)

    def back_up(aside: Path, _random: Random) -> Answer:
        return command("cpam-stroke", "store", "backup", folder, aside / "copy")

    def judge(_aside: Path, _random: Random) -> Answer:
        return command("cpam-train", "check", "--store", folder, "--no-compare")

    return one_of([(3, take_over), (2, check), (1, back_up), (1, judge)])


def config_door(name: str) -> Callable[[Path], Door]:
    def open_(folder: Path) -> Door:
        inputs.filled_store(folder.parent / "store")

        def plan(aside: Path, _random: Random) -> Answer:
            where = ("--store", folder.parent / "store", "--run", aside / "run")
            return command("cpam-train", "fit", "segmenter", *where, "--config", folder / name, "--dry-run")

        return plan

    return open_


def config(name: str) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        from cpam_train.presets import build_train_config
        from napari_cpam_stroke.config import plain

        folder.mkdir()
        values = plain(build_train_config("segmenter", preset="quick"))
        (folder / name).write_text(json.dumps(values))

    return make


SLICE = "IM1.dcm"


def _compressed(make: Callable[[Path], None]) -> Entry:
    return Entry(make, {SLICE: change_codestream}, series_door)


ENTRIES: dict[str, Entry] = {
    "dicom": Entry(inputs.plain_series, {SLICE: change_elements}, series_door),
    "dicom-words": Entry(inputs.plain_series, {SLICE: change_words}, series_door, rule=same_slices_alone),
    "dicom-deflated": Entry(inputs.deflated_series, {SLICE: change_deflated}, series_door),
    "dicom-multi-frame": Entry(inputs.enhanced_series, {"*.dcm": change_elements}, series_door),
    **{f"dicom-{name}": _compressed(inputs.compressed_series(name)) for name in inputs.ENCODERS},
    "dicom-rle": _compressed(inputs.rle_series),
    "seg": Entry(inputs.series_with_masks, {"seg.dcm": change_elements}, partial(mask_door, name="seg.dcm"), short=60),
    "seg-import": Entry(
        inputs.series_with_masks, {"seg.dcm": change_elements}, partial(import_door, form="dicom-seg"), short=8
    ),
    "sr": Entry(inputs.series_with_masks, {"sr.dcm": change_elements}, series_door, rule=same_slices, short=60),
    "nifti-mask": Entry(
        nifti_mask(".nii"), {"mask.nii": change_header(NIFTI_HEADER_BYTES)}, partial(mask_door, name="mask.nii")
    ),
    "nifti-gz-mask": Entry(
        nifti_mask(".nii.gz"),
        {"mask.nii.gz": change_packed(change_header(NIFTI_HEADER_BYTES))},
        partial(mask_door, name="mask.nii.gz"),
    ),
    "nifti-gz-mask-bytes": Entry(
        nifti_mask(".nii.gz"), {"mask.nii.gz": change_bytes}, partial(mask_door, name="mask.nii.gz"), rule=same_facts
    ),
    "nifti-import": Entry(
        inputs.nifti_pairs(".nii"),
        {"images/*": change_header(NIFTI_HEADER_BYTES), "masks/*": change_header(NIFTI_HEADER_BYTES)},
        lambda folder: import_door(folder, "nifti", *MEANING),
        short=8,
    ),
    "zip": Entry(
        inputs.zipped_series,
        {"*.zip": change_archive(change_elements)},
        partial(series_door, name="series.zip"),
        short=60,
    ),
    "zip-bytes": Entry(
        inputs.zipped_series,
        {"*.zip": change_bytes},
        partial(series_door, name="series.zip"),
        rule=same_slices,
        short=60,
    ),
    "dicomdir": Entry(
        inputs.disc, {"DICOMDIR": change_elements}, partial(series_door, name="DICOMDIR"), rule=same_slices, short=60
    ),
    "bundle": Entry(
        signed_bundle,
        {
            "card.json": change_json,
            "model.safetensors": change_weights,
            "signature.json": change_json,
            "failures/*": change_bytes,
        },
        bundle_door,
        seal=seal_bundle,
        short=60,
    ),
    "home": Entry(
        home,
        {"*.json": change_json, "room.json": change_json, "pseudonym*": change_bytes},
        home_door,
        short=60,
    ),
    "journal": Entry(left_drafts, {"*.journal": change_journal}, journal_door),
    "store": Entry(
        inputs.exported_store, {"store.db": change_database, "blobs/*/*": change_bytes}, store_door, short=25
    ),
    "config-json": Entry(config("config.json"), {"*.json": change_json}, config_door("config.json"), short=60),
    "config-yaml": Entry(config("config.yaml"), {"*.yaml": change_yaml}, config_door("config.yaml"), short=30),
    "csv": Entry(inputs.label_table, {"labels.csv": change_table}, table_import, short=12),
    "slice-import": Entry(inputs.slice_table, {SLICE: change_elements}, table_import, short=12),
    "patients-csv": Entry(inputs.label_table, {"patients.csv": change_table}, patient_import, short=12),
    "monai": Entry(
        inputs.monai_list,
        {"datalist.json": change_json},
        lambda folder: import_door(folder, "monai", *MEANING, source="datalist.json"),
        short=12,
    ),
    "nnunet": Entry(
        inputs.nnunet_set,
        {"dataset.json": change_json, "*Tr/*": change_packed(change_header(NIFTI_HEADER_BYTES))},
        lambda folder: import_door(folder, "nnunet"),
        short=8,
    ),
    "coco": Entry(
        inputs.coco_set,
        {"instances.json": change_json},
        lambda folder: import_door(folder, "coco", *WINDOW, source="instances.json"),
        short=30,
    ),
    "png": Entry(
        inputs.pictures,
        {"images/*": change_bytes, "masks/*": change_bytes},
        lambda folder: import_door(folder, "png", *WINDOW, "--map", "255=hemorrhage"),
        short=12,
    ),
}
