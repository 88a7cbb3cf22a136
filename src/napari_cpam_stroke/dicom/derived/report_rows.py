"""Rows of a report: a measurement group for each class, and one for each lesion."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from highdicom import sr
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from napari_cpam_stroke.core import Lesion, LesionClass, LesionTable
from napari_cpam_stroke.dicom.derived import codes
from napari_cpam_stroke.dicom.derived.algorithm import Algorithm

ML_DIGITS, PERCENT_DIGITS = 3, 2

Group = sr.VolumetricROIMeasurementsAndQualitativeEvaluations | sr.MeasurementsAndQualitativeEvaluations


@dataclass(frozen=True, eq=False)
class ReportRows:
    """What the rows of one report have in common.

    Attributes
    ----------
    images
        From `source_images`.
    indices
        For each slice its index among the frames of `images`.
    segmentation
        The SEG reported on.
    algorithm
        What made the mask; None for a drawn one.
    """

    images: Sequence[Dataset]
    indices: Sequence[int]
    segmentation: Dataset
    algorithm: Algorithm | None

    def of(self, table: LesionTable) -> list[Group]:
        """Return the groups of all classes, then of all lesions."""
        classes = [self._class(c, table.volumes_ml[c.label] or 0.0) for c in LesionClass]
        return [*classes, *(self._lesion(lesion, number) for number, lesion in enumerate(table.lesions, start=1))]

    def _class(self, lesion_class: LesionClass, volume_ml: float) -> Group:
        segment = next(s for s in self.segmentation.SegmentSequence if s.SegmentNumber == int(lesion_class))
        return sr.VolumetricROIMeasurementsAndQualitativeEvaluations(
            tracking_identifier=sr.TrackingIdentifier(uid=segment.TrackingUID, identifier=segment.TrackingID),
            referenced_segment=self._segment(lesion_class),
            measurements=[_volume(volume_ml), *self._operating_point(lesion_class.label)],
            **self._shared(lesion_class),
        )

    def _segment(self, lesion_class: LesionClass) -> sr.ReferencedSegment:
        """Return the segment with the images it was drawn on; of one without frames, with the series."""
        numbers = {
            item.ReferencedSegmentNumber
            for group in self.segmentation.PerFrameFunctionalGroupsSequence
            for item in group.get("SegmentIdentificationSequence", [])
        }
        if int(lesion_class) in numbers:
            return sr.ReferencedSegment.from_segmentation(self.segmentation, segment_number=int(lesion_class))
        return sr.ReferencedSegment(
            sop_class_uid=self.segmentation.SOPClassUID,
            sop_instance_uid=self.segmentation.SOPInstanceUID,
            segment_number=int(lesion_class),
            source_series=sr.SourceSeriesForSegmentation(self.images[0].SeriesInstanceUID),
        )

    def _operating_point(self, name: str) -> list[sr.Measurement]:
        """Return probability of the series and limits of one class, as far as the model says them."""
        run = None if self.algorithm is None else self.algorithm.run
        if run is None:
            return []
        low, high = run.refer_band.get(name, (None, None))
        shares = {
            codes.CERTAINTY: run.series_probabilities.get(name),
            codes.SERIES_THRESHOLD: run.series_thresholds.get(name),
            codes.REFER_FROM: low,
            codes.REFER_TO: high,
            codes.PIXEL_THRESHOLD: run.thresholds.get(name),
        }
        found = [m for concept, value in shares.items() for m in _percent(concept, value)]
        smallest = run.min_lesion_ml.get(name)
        return found + ([] if smallest is None else [_volume(smallest, codes.SMALLEST_LESION)])

    def _lesion(self, lesion: Lesion, number: int) -> Group:
        identifier = f"{lesion.lesion_class.label} lesion {number}"
        mean = None if self.algorithm is None else lesion.mean_probability
        return sr.MeasurementsAndQualitativeEvaluations(
            tracking_identifier=sr.TrackingIdentifier(uid=generate_uid(prefix=None), identifier=identifier),
            measurements=[
                _volume(lesion.volume_ml or 0.0),
                _slice(codes.FIRST_SLICE, lesion.first_slice),
                _slice(codes.LAST_SLICE, lesion.last_slice),
                *_percent(codes.CERTAINTY, mean, derivation=codes.MEAN),
            ],
            source_images=self._images_of(lesion),
            **self._shared(lesion.lesion_class),
        )

    def _images_of(self, lesion: Lesion) -> list[sr.SourceImageForMeasurementGroup]:
        frames = [self.indices[z] for z in range(lesion.first_slice, lesion.last_slice + 1)]
        if len(self.images) > 1:
            return [sr.SourceImageForMeasurementGroup.from_source_image(self.images[i]) for i in frames]
        numbers = [i + 1 for i in sorted(frames)] if "NumberOfFrames" in self.images[0] else None
        return [sr.SourceImageForMeasurementGroup.from_source_image(self.images[0], numbers)]

    def _shared(self, lesion_class: LesionClass) -> dict[str, Any]:
        return {
            "finding_type": codes.FINDING[lesion_class],
            "finding_category": codes.ABNORMAL_STRUCTURE,
            "finding_sites": [sr.FindingSite(anatomic_location=codes.BRAIN)],
            "algorithm_id": None if self.algorithm is None else _identification(self.algorithm),
        }


def _identification(algorithm: Algorithm) -> sr.AlgorithmIdentification:
    parameters = algorithm.parameters
    return sr.AlgorithmIdentification(
        name=algorithm.name,
        version=algorithm.full_version,
        parameters=None if parameters is None else [f"{name}={value}" for name, value in parameters.items()],
    )


def _volume(ml: float, name: sr.CodedConcept = codes.VOLUME) -> sr.Measurement:
    return sr.Measurement(name=name, value=round(ml, ML_DIGITS), unit=codes.MILLILITRE)


def _slice(name: sr.CodedConcept, index: int) -> sr.Measurement:
    return sr.Measurement(name=name, value=index, unit=codes.NO_UNITS)


def _percent(name: sr.CodedConcept, share: float | None, **more: Any) -> Iterator[sr.Measurement]:
    """Yield a probability of 0..1 in percent; nothing where there is none or it is no number."""
    if share is not None and math.isfinite(share):
        yield sr.Measurement(name=name, value=round(100 * float(share), PERCENT_DIGITS), unit=codes.PERCENT, **more)
