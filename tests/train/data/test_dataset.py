"""Training input is inference input, bit for bit, cached or not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from cpam_train.data.cache import GridCache, grid_key
from cpam_train.data.dataset import SliceDataset
from cpam_train.data.slices import collect_slices
from cpam_train.data.synthesis import SynthesisConfig
from napari_cpam_stroke.config import STROKE, PreprocessConfig
from napari_cpam_stroke.core import Annotation, CTVolume, VolumeGeometry
from napari_cpam_stroke.core.head import locate_head
from napari_cpam_stroke.core.orientation import places_mm, radiological_view
from napari_cpam_stroke.core.preprocess import mask_input, network_input
from napari_cpam_stroke.errors import InputError

CONFIGS = [
    PreprocessConfig(size=64),
    PreprocessConfig(size=64, context_slices=3),
    PreprocessConfig(size=64, context_slices=3, context_windows=(STROKE,)),
    PreprocessConfig(size=48, crop_to_head=False, windows=(STROKE,)),
    PreprocessConfig(size=64, align_midline=False, clip_hu=(0.0, 80.0)),
]


def geometry(slices: int, *, flip_z: bool = False, flip_y: bool = False) -> VolumeGeometry:
    """Axial, 5 mm; optionally with native frames from head to feet, or with anterior at the bottom."""
    row = np.array([1.0, 0, 0])
    column = np.array([0, -1.0 if flip_y else 1.0, 0])
    row = -row if flip_z != flip_y else row
    normal = np.cross(row, column)
    return VolumeGeometry(np.arange(slices)[:, None] * 5.0 * normal, row, column, (0.5, 0.5), np.full(slices, 5.0))


@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("cached", [False, True])
def test_item_equals_what_inference_feeds_the_network(filled_store, tmp_path, config, cached):
    rows = collect_slices(filled_store, sources=["jpeg"])
    data = SliceDataset(filled_store, config, rows, cache=tmp_path if cached else None)
    data.prepare()
    for index in (0, 1, len(rows) - 1):
        row, item = data.rows[index], data[index]
        volume = filled_store.read_volume(row.case.case_id)
        frame = locate_head(volume.hu, config)
        expected = network_input(volume.hu, frame, config, [row.z])[0]
        mask = filled_store.read_mask(row.case.revision)
        assert item["image"].dtype == torch.float32
        assert np.array_equal(item["image"].numpy(), expected)
        assert np.array_equal(item["mask"].numpy(), mask_input(mask, frame, config)[row.z])
        assert item["index"] == index


@pytest.mark.parametrize(("flip_z", "flip_y"), [(False, False), (True, False), (False, True), (True, True)])
def test_series_in_any_native_order_are_seen_as_inference_sees_them(store, head, flip_z, flip_y):
    hu, mask = head(3, slices=4, lesion=1)
    mask[[0, 3]] = 0
    volume = CTVolume(hu, geometry(4, flip_z=flip_z, flip_y=flip_y), "case")
    assert volume.geometry.display_flips[:2] == (flip_z, flip_y)
    store.add_case(volume, source="reader")
    store.save("case", Annotation.from_mask(mask), author="test")
    config = PreprocessConfig(size=64, context_slices=3, context_mm=10.0)
    data = SliceDataset(store, config, collect_slices(store))
    places = places_mm(volume.geometry)
    view, mask_view = (radiological_view(array, volume.geometry) for array in (hu, mask))
    frame = locate_head(view, config)
    for index, row in enumerate(data.rows):
        place = 3 - row.z if flip_z else row.z
        assert np.array_equal(data[index]["image"].numpy(), network_input(view, frame, config, [place], places)[0])
        assert np.array_equal(data[index]["mask"].numpy(), mask_input(mask_view, frame, config)[place])
        assert data[index]["slice_label"].tolist() == [int(row.z in (1, 2)), 0]


def test_only_slices_of_which_something_is_known_are_offered(store, head):
    hu, mask = head(1, slices=3, lesion=2)
    known = np.array([[False, False], [False, True], [False, False]])
    labels = np.array([[-1, -1], [-1, 1], [0, -1]], dtype=np.int8)
    store.add_case(CTVolume(hu, None, "case"), source="x")
    store.save("case", Annotation(mask, known, labels, np.array([-1, 1], dtype=np.int8)), author="test")
    rows = collect_slices(store)
    item = SliceDataset(store, PreprocessConfig(size=64), rows)[0]
    assert [row.z for row in rows] == [1, 2]
    assert item["mask_known"].tolist() == [False, True]
    assert item["slice_label"].tolist() == [-1, 1]
    assert item["slice_label"].dtype == torch.int8


def test_a_correction_replaces_the_reference_and_its_cache(store, head, tmp_path):
    hu, mask = head(1, lesion=1)
    store.add_case(CTVolume(hu, None, "case"), source="x")
    first = store.save("case", Annotation.from_mask(mask), author="a", kind="reference")
    config = PreprocessConfig(size=64)
    before = SliceDataset(store, config, collect_slices(store), cache=tmp_path)[0]
    store.save("case", Annotation.from_mask(np.zeros_like(mask)), author="b", parent=first.id)
    after = SliceDataset(store, config, collect_slices(store), cache=tmp_path)[0]
    assert before["mask"].any()
    assert not after["mask"].any()
    assert after["slice_label"].tolist() == [0, 0]
    assert torch.equal(before["image"], after["image"])


def test_rejected_cases_are_left_out_and_reasons_of_rejected_findings_kept(store, head):
    from napari_cpam_stroke.annotations.records import Rejection

    for number, status in enumerate(("accepted", "rejected")):
        hu, mask = head(number, slices=3)
        store.add_case(CTVolume(hu, None, f"case{number}"), source="x")
        finding = Rejection(2, (1.2, 5.0, 5.0), "calcification")
        store.save(f"case{number}", Annotation.from_mask(mask), author="r", status=status, rejections=[finding])
    rows = collect_slices(store)
    assert {row.case.case_id for row in rows} == {"case0"}
    assert [row.rejected for row in rows] == [(), ("calcification",), ()]


def test_split_and_sources_filter(filled_store):
    everything = collect_slices(filled_store)
    by_split = [collect_slices(filled_store, split=split) for split in ("train", "validation", "test")]
    people = [{row.case.patient_id for row in rows} for rows in by_split]
    assert sum(map(len, by_split)) == len(everything)
    assert sum(map(len, people)) == len(set.union(*people))
    assert {r.case.source for r in collect_slices(filled_store, leave_out=["jpeg"])} == {"dicom"}


def test_cache_is_shared_by_windows_but_not_by_grids():
    base = PreprocessConfig()
    assert grid_key(base) == grid_key(replace(base, windows=(STROKE,), context_slices=3, context_mm=5.0))
    assert grid_key(base) == grid_key(replace(base, context_slices=3, context_windows=(STROKE,)))
    others = [replace(base, size=128), replace(base, margin=0.1), replace(base, align_midline=False)]
    assert len({grid_key(base), *(grid_key(other) for other in others)}) == 4


def test_cache_is_written_once_and_leaves_no_half_files(filled_store, tmp_path):
    rows = collect_slices(filled_store, sources=["dicom"])
    SliceDataset(filled_store, PreprocessConfig(size=64), rows, cache=tmp_path).prepare()
    files = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.npy")}
    SliceDataset(filled_store, PreprocessConfig(size=64), rows, cache=tmp_path).prepare()
    assert len(files) == 2 * len({row.case for row in rows})
    assert files == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.npy")}
    assert not list(tmp_path.rglob("*.part"))


def test_a_prepared_cache_needs_no_pixels_of_the_store(filled_store, tmp_path):
    rows = collect_slices(filled_store, sources=["jpeg"])
    config = PreprocessConfig(size=64)
    SliceDataset(filled_store, config, rows, cache=tmp_path).prepare()
    case = GridCache(tmp_path, config).case(None, rows[0].case)  # no store at hand
    assert case.codes.dtype == np.uint8
    assert isinstance(case.codes, np.memmap)


def test_loader_processes_read_the_cache(filled_store, tmp_path):
    rows = collect_slices(filled_store)
    data = SliceDataset(filled_store, PreprocessConfig(size=64), rows, cache=tmp_path)
    data.prepare()
    batches = list(torch.utils.data.DataLoader(data, batch_size=4, num_workers=1))
    assert torch.equal(torch.cat([b["index"] for b in batches]), torch.arange(len(rows)))
    assert torch.equal(batches[0]["image"][0], data[0]["image"])


def test_what_is_drawn_depends_on_seed_epoch_and_index_only(filled_store, tmp_path):
    rows = collect_slices(filled_store, sources=["dicom"])
    config = SynthesisConfig(hemorrhage_p=1, heal_p=0)

    def images(seed, epoch, repeat=1):
        data = SliceDataset(filled_store, PreprocessConfig(size=64), rows, cache=tmp_path, synthesis=config, seed=seed)
        data.set_epoch(epoch)
        return torch.stack([data[i]["image"] for _ in range(repeat) for i in range(len(rows))][-len(rows) :])

    assert torch.equal(images(1, 0), images(1, 0, repeat=2))
    assert not torch.equal(images(1, 0), images(1, 1))
    assert not torch.equal(images(1, 0), images(2, 0))


def test_data_set_without_a_slice_is_refused(filled_store):
    with pytest.raises(InputError, match="has no slice"):
        SliceDataset(filled_store, PreprocessConfig(), [])
