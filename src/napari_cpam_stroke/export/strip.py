"""The slice strip: what the model says from slice to slice, and where the mask is, as SVG inside the page."""

from __future__ import annotations

from napari_cpam_stroke.core import CLASS_NAMES
from napari_cpam_stroke.core.labels import CLASS_COLOURS
from napari_cpam_stroke.export.result import CaseResult

BAR_WIDTH, BAR_HEIGHT, ROW_GAP, MARK_HEIGHT, LABEL_WIDTH = 14, 46, 20, 5, 100


def slice_strip(result: CaseResult) -> str:
    """Return an SVG: per class a bar for each slice (full height: probability 1), and a mark where the mask is."""
    slices = result.volume.shape[0]
    row = BAR_HEIGHT + MARK_HEIGHT + ROW_GAP
    width, height = LABEL_WIDTH + slices * BAR_WIDTH, len(CLASS_NAMES) * row
    rows = [_row(result, name, column, column * row) for column, name in enumerate(CLASS_NAMES)]
    ends = f'<text x="{LABEL_WIDTH}" y="{height - 4}">1</text>'
    ends += f'<text x="{width}" y="{height - 4}" text-anchor="end">{slices}</text>'
    return (
        f'<svg viewBox="0 0 {width} {height}" style="max-width:{width}px" role="img" aria-label="slice strip">'
        f"{''.join(rows)}{ends}</svg>"
    )


def _row(result: CaseResult, name: str, column: int, top: int) -> str:
    base, colour = top + BAR_HEIGHT, CLASS_COLOURS[name]
    parts = [
        f'<text x="0" y="{base - 4}">{name}</text>',
        f'<line x1="{LABEL_WIDTH}" y1="{base}" x2="{LABEL_WIDTH + BAR_WIDTH * len(result.marked)}" y2="{base}"/>',
    ]
    for z, marked in enumerate(result.marked[:, column]):
        number = result.slice_number(z)
        x = LABEL_WIDTH + (number - 1) * BAR_WIDTH + 1
        if result.prediction is not None:
            probability = float(result.prediction.slice_probabilities[z, column])
            tall = BAR_HEIGHT * min(max(probability, 0.0), 1.0)
            parts.append(
                f'<rect x="{x}" y="{base - tall:.1f}" width="{BAR_WIDTH - 2}" height="{tall:.1f}" fill="{colour}">'
                f"<title>slice {number}: {name} {probability:.2f}</title></rect>"
            )
        if marked:
            parts.append(f'<rect x="{x}" y="{base + 2}" width="{BAR_WIDTH - 2}" height="{MARK_HEIGHT}" fill="#333"/>')
    return "".join(parts)
