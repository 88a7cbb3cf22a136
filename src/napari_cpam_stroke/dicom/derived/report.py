"""Write measurements as a DICOM structured report (TID 1500): volumes in ml from what each slice stands for."""

from __future__ import annotations

import warnings
from pathlib import Path

from highdicom import sr
from highdicom.coding_schemes import CodingSchemeIdentificationItem
from pydicom import dcmread
from pydicom.errors import InvalidDicomError
from pydicom.sr.codedict import codes as dicom_codes

from napari_cpam_stroke.core import CTVolume, LesionTable
from napari_cpam_stroke.dicom.derived import codes
from napari_cpam_stroke.dicom.derived.algorithm import (
    MANUFACTURER,
    SERIES_NUMBER,
    Algorithm,
    AlgorithmType,
    ModelRun,
    written_series,
)
from napari_cpam_stroke.dicom.derived.export_checks import check_report
from napari_cpam_stroke.dicom.derived.object_file import save_dataset
from napari_cpam_stroke.dicom.derived.references import frame_indices, referring, source_images
from napari_cpam_stroke.dicom.derived.report_rows import Group, ReportRows
from napari_cpam_stroke.errors import InputError

SERIES_DESCRIPTION = "Stroke measurements (research)"
"""Series description of what is written."""


def write_report(  # noqa: PLR0913 - everything a report says, by name
    path: Path | str,
    table: LesionTable,
    volume: CTVolume,
    segmentation_path: Path | str,
    *,
    algorithm_type: AlgorithmType,
    algorithm_name: str,
    algorithm_version: str,
    run: ModelRun | None = None,
    keep_patient: bool = False,
) -> Path:
    """Write volumes and probabilities as a TID 1500 report on a segmentation, and return its path.

    One measurement group per class, with 0 ml too: volume and, of a model, probability and thresholds. Then one group
    per lesion: volume, first and last slice and, of a model, its mean probability.

    Other programs compute volumes of a SEG with one mean slice distance; the report says what they really are.

    Parameters
    ----------
    table
        From `measure_lesions` on the same mask.
    segmentation_path
        The SEG just written for the same mask; the report refers to its segments.
    run, keep_patient
        As in `write_segmentation`.

    Raises
    ------
    UnreferableError
        If the source files lack what a report must name.
    SeriesError
        If the source files are missing or others.
    InputError
        If there is no segmentation at `segmentation_path`.
    """
    images = source_images(volume, keep_patient=keep_patient)
    try:
        segmentation = dcmread(segmentation_path)
    except (OSError, InvalidDicomError) as error:
        raise InputError("The segmentation to report on cannot be read", got=Path(segmentation_path).name) from error
    drawn = algorithm_type == "MANUAL"
    algorithm = Algorithm(algorithm_name, algorithm_version, None if drawn else run)
    with referring("report"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # unusual names: highdicom says so on standard error
        rows = ReportRows(images, frame_indices(volume, images), segmentation, None if drawn else algorithm)
        report = sr.Comprehensive3DSR(
            evidence=[*images, segmentation],
            content=_measurements(rows.of(table), algorithm)[0],
            is_complete=True,
            is_final=False,
            is_verified=False,
            coding_schemes=[_private_scheme()],
            device_serial_number=algorithm.serial_number,
            **written_series(SERIES_NUMBER + 1, SERIES_DESCRIPTION),
        )
        report.DeviceUID = algorithm.uid
    check_report(report, table)
    return save_dataset(Path(path), report)


def _measurements(groups: list[Group], algorithm: Algorithm) -> sr.MeasurementReport:
    return sr.MeasurementReport(
        observation_context=sr.ObservationContext(observer_device_context=_device(algorithm)),
        procedure_reported=codes.CT_OF_HEAD,
        imaging_measurements=groups,
        title=dicom_codes.DCM.ImagingMeasurementReport,
    )


def _device(algorithm: Algorithm) -> sr.ObserverContext:
    return sr.ObserverContext(
        observer_type=dicom_codes.DCM.Device,
        observer_identifying_attributes=sr.DeviceObserverIdentifyingAttributes(
            uid=algorithm.uid,
            name=MANUFACTURER,
            manufacturer_name=MANUFACTURER,
            model_name=f"{algorithm.name} {algorithm.version or 'unknown'}",
            serial_number=algorithm.serial_number,
        ),
    )


def _private_scheme() -> CodingSchemeIdentificationItem:
    return CodingSchemeIdentificationItem(
        designator=codes.PRIVATE_SCHEME, name=codes.PRIVATE_SCHEME_NAME, responsible_organization=MANUFACTURER
    )
