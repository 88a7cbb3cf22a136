"""Measurements in words: beside the shape, in the table, and as rows of a CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict

from napari_cpam_stroke.core.region_statistics import RegionStatistics
from napari_cpam_stroke.widgets.viewer.measurement import Measurement

NAMES = {"ruler": "ruler", "region": "region", "midline": "ideal midline", "shift": "midline shift"}
NO_MM = "no mm"
EMPTY = "no pixel"
FIGURES = ("pixels", "mean_hu", "sd_hu", "min_hu", "max_hu", "area_mm2")
HEADS = (
    "number", "kind", "place", "length_mm", *FIGURES, *(f"mirrored_{name}" for name in FIGURES), "difference_hu",
    "shift_mm", "side",
)  # fmt: skip


def shape_label(measurement: Measurement) -> str:
    """Return what stands beside a shape."""
    if measurement.kind == "midline":
        return ""
    if measurement.kind != "region":
        return _length(measurement)
    if measurement.region is None:
        return EMPTY
    lines = [f"{measurement.region.mean_hu:.1f} \u00b1 {measurement.region.sd_hu:.1f} HU"]
    if measurement.difference_hu is not None:
        lines.append(f"{measurement.difference_hu:+.1f} to the other side")
    return "\n".join(lines)


def figures_line(measurement: Measurement) -> str:
    """Return every figure of a measurement, for the table."""
    if measurement.kind == "midline":
        return "fitted to the head"
    if measurement.kind != "region":
        return _length(measurement)
    if measurement.region is None:
        return EMPTY
    lines = [_region(measurement.region)]
    if measurement.mirrored is not None and measurement.difference_hu is not None:
        lines.append(f"other side {_region(measurement.mirrored)}")
        lines.append(f"difference of means {measurement.difference_hu:+.1f} HU")
    return "\n".join(lines)


def measurements_csv(measurements: Sequence[Measurement]) -> str:
    """Return comma-separated rows with a header, places as they are displayed; what does not exist is empty."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(HEADS)
    for number, each in enumerate(measurements, start=1):
        regions = [_cell(value) for part in (each.region, each.mirrored) for value in _values(part)]
        figures = (each.difference_hu, each.shift_mm)
        rows.writerow(
            [number, NAMES[each.kind], each.place, _cell(each.length_mm), *regions, *map(_cell, figures), each.side]
        )
    return text.getvalue()


def _length(measurement: Measurement) -> str:
    if measurement.kind == "ruler":
        return NO_MM if measurement.length_mm is None else f"{measurement.length_mm:.1f} mm"
    if measurement.shift_mm is None:
        return NO_MM
    return f"{measurement.shift_mm:.1f} mm to the patient's {measurement.side}"


def _region(region: RegionStatistics) -> str:
    area = NO_MM if region.area_mm2 is None else f"{region.area_mm2:.1f} mm\u00b2"
    return (
        f"mean {region.mean_hu:.1f}, SD {region.sd_hu:.1f} HU\nmin {region.min_hu}, max {region.max_hu} HU\n"
        f"{area}, n {region.pixels}"
    )


def _values(region: RegionStatistics | None) -> list[float | None]:
    return [None] * len(FIGURES) if region is None else [asdict(region)[name] for name in FIGURES]


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"
