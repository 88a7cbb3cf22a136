"""The SEG on an even grid: evenly spaced, in place in mm, said to be resampled, valid for others."""

import highdicom as hd
import numpy as np
import pydicom
import pytest
from hazard_suite.base import truth_of
from hazard_suite.geometry import TEN, TEN_THICK

from napari_cpam_stroke.dicom import write_resampled_segmentation
from napari_cpam_stroke.errors import GeometryMismatchError, UnreferableError

from .test_segmentation import MODEL, errors_of, mask_for

UNEVEN = {
    "tilted": {"tilt": 18.5},
    "5 then 10 mm": {"distances": TEN, "thickness": TEN_THICK},
    "prone and tilted": {"row": (-1.0, 0.0, 0.0), "column": (0.0, -1.0, 0.0), "tilt": -12.0},
}


def places_mm(segmentation: hd.seg.Segmentation, number: int) -> np.ndarray:
    """Return the centre (LPS mm) of every voxel of one segment, from the file's own positions."""
    shared = segmentation.SharedFunctionalGroupsSequence[0]
    dy, dx = map(float, shared.PixelMeasuresSequence[0].PixelSpacing)
    cosines = np.array(shared.PlaneOrientationSequence[0].ImageOrientationPatient, float)
    places = []
    for group, frame in zip(segmentation.PerFrameFunctionalGroupsSequence, segmentation.pixel_array, strict=True):
        if group.SegmentIdentificationSequence[0].ReferencedSegmentNumber == number:
            y, x = np.nonzero(frame)
            corner = np.array(group.PlanePositionSequence[0].ImagePositionPatient, float)
            places.append(corner + x[:, None] * dx * cosines[:3] + y[:, None] * dy * cosines[3:])
    return np.concatenate(places)


@pytest.mark.parametrize("name", UNEVEN)
def test_every_plane_is_even_and_the_mask_is_in_its_place(series_of, tmp_path, name):
    volume = series_of(truth_of(**UNEVEN[name]))
    mask = mask_for(volume)
    path, note = write_resampled_segmentation(tmp_path / "r.dcm", mask, volume, **MODEL)
    segmentation = hd.seg.segread(path)
    corners = {
        tuple(map(float, g.PlanePositionSequence[0].ImagePositionPatient))
        for g in segmentation.PerFrameFunctionalGroupsSequence
    }
    along = np.sort(np.array(sorted(corners)) @ volume.geometry.normal)
    np.testing.assert_allclose(np.diff(along), np.diff(along)[0], atol=1e-3)
    step = float(segmentation.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].SpacingBetweenSlices)
    assert step == pytest.approx(np.diff(along)[0], abs=1e-3)
    for number in (1, 2):
        native = volume.geometry.index_to_patient(np.argwhere(mask == number)).mean(axis=0)
        np.testing.assert_allclose(places_mm(segmentation, number).mean(axis=0), native, atol=step)
    assert segmentation.FrameOfReferenceUID == volume.geometry.frame_of_reference_uid
    assert "RESAMPLED" in segmentation.SeriesDescription
    assert "resampled" in note
    assert errors_of(path) == []


def test_it_refers_to_images_of_the_source_only(series_of, tmp_path):
    volume = series_of(truth_of(tilt=18.5))
    path, _ = write_resampled_segmentation(tmp_path / "r.dcm", mask_for(volume), volume, **MODEL)
    (series,) = pydicom.dcmread(path).ReferencedSeriesSequence
    named = {str(item.ReferencedSOPInstanceUID) for item in series.ReferencedInstanceSequence}
    assert named == {frame.sop_instance_uid for frame in volume.source}


def test_a_mask_of_another_shape_is_refused(series_of, tmp_path):
    volume = series_of(truth_of(tilt=18.5))
    with pytest.raises(GeometryMismatchError, match="another shape"):
        write_resampled_segmentation(tmp_path / "r.dcm", mask_for(volume)[1:], volume, **MODEL)


def test_an_even_series_needs_none(plain_volume, tmp_path):
    with pytest.raises(UnreferableError, match="even grid already"):
        write_resampled_segmentation(tmp_path / "r.dcm", mask_for(plain_volume), plain_volume, **MODEL)
    assert not (tmp_path / "r.dcm").exists()
