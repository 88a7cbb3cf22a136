"""report.html: one case on one page that needs nothing else; no patient data in it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from html import escape

from napari_cpam_stroke import __version__
from napari_cpam_stroke.core import CLASS_NAMES
from napari_cpam_stroke.core.slice_number import first_slice_words
from napari_cpam_stroke.export.pictures import png_bytes, slice_picture
from napari_cpam_stroke.export.result import PROGRAM, CaseResult
from napari_cpam_stroke.export.strip import slice_strip

MOST_PICTURES = 12

RESEARCH_ONLY = (
    "Research use only. This is no medical device and this page is no diagnosis: it shows where a model or a reader "
    "marked something, and a specialist must review the images."
)

DECISION_WORDS = {
    "present": "above the model's threshold",
    "absent": "below the model's threshold",
    "refer": "undecided: in the band in which the model refers the case to a reader",
}

TRUE_PROBABILITIES = (
    "Probabilities are the model's, 0 to 1. The viewer shows them as suspicion, 0 to 100, on which the model's own "
    "threshold is 50."
)

MASK_WORDS = {
    "AUTOMATIC": "by the model, untouched",
    "SEMIAUTOMATIC": "by the model or by a reader's prompts, edited by a reader",
    "MANUAL": "drawn by a reader",
}

STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:1000px;margin:2em auto;padding:0 1em;color:#222;background:#fff}
h1{font-size:1.5em;margin-bottom:.2em}h2{font-size:1.15em;margin-top:1.6em;border-bottom:1px solid #ddd}
table{border-collapse:collapse}td,th{padding:.2em .9em .2em 0;text-align:left;vertical-align:top}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
.research{border:1px solid #b45309;background:#fffbeb;padding:.6em 1em}
.pictures{display:flex;flex-wrap:wrap;gap:8px}.pictures img{width:312px;background:#000}
figure{margin:0}figcaption{font-size:.85em;color:#555}
svg text{font:12px system-ui,sans-serif;fill:#333}svg line{stroke:#999}
.ischemia,.hemorrhage{display:inline-block;width:1.6em;vertical-align:middle;border-top:3px solid #56b4e9}
.hemorrhage{border-top:3px dashed #e69f00}
"""


def render_page(result: CaseResult, notes: Sequence[str] = ()) -> str:
    """Return the page as HTML; `notes` say what was left out of the other files, and why."""
    sections = [
        f"<h1>Head CT, case {escape(result.volume.case_id)}</h1>",
        f'<p class="research">{RESEARCH_ONLY}</p>',
        _section("Result", _classes(result)),
        _section("Lesions", _lesions(result)),
        _section("Slices", _strip(result)),
        _section("Pictures", _pictures(result)),
        _section("Warnings", _listed(result.warnings, "None.")),
        *([_section("Files", _listed(notes, ""))] if notes else []),
        _section("Series", _facts(result)),
        _section("How this was made", _table((), _made_by(result))),
    ]
    head = f'<meta charset="utf-8"><title>Case {escape(result.volume.case_id)}</title><style>{STYLE}</style>'
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body>\n' + "\n".join(sections) + "\n</body></html>\n"


def _classes(result: CaseResult) -> str:
    prediction = result.prediction
    rows = []
    for name in CLASS_NAMES:
        decision = "no model was run" if prediction is None else DECISION_WORDS[prediction.decisions[name]]
        probability = "-" if prediction is None else f"{prediction.series_probabilities[name]:.2f}"
        rows.append((name, probability, decision, _ml(result.table.volumes_ml[name])))
    words = "" if prediction is None else f"<p>{TRUE_PROBABILITIES}</p>"
    return _table(("finding", "probability", "", "marked volume"), rows, numbers=(1, 3)) + words


def _lesions(result: CaseResult) -> str:
    rows = [
        (
            str(number),
            lesion.lesion_class.label,
            _ml(lesion.volume_ml),
            " to ".join(str(number) for number in result.slice_numbers(lesion)),
            "-" if lesion.centroid_lps_mm is None else ", ".join(f"{v:.0f}" for v in lesion.centroid_lps_mm),
        )
        for number, lesion in enumerate(result.table.lesions, start=1)
    ]
    heads = ("", "class", "volume", "slices", "centre, LPS mm")
    return _table(heads, rows, numbers=(0, 2)) if rows else "<p>The mask is empty.</p>"


def _strip(result: CaseResult) -> str:
    first = first_slice_words(result.volume.geometry)
    words = "Bars: probability on each slice. Dark marks: slices on which the mask shows the class."
    return f"<p>{words} Slices are counted from 1, as the viewer shows them: {first}.</p>{slice_strip(result)}"


def _pictures(result: CaseResult) -> str:
    legend = '<p><span class="ischemia"></span> ischemia &nbsp; <span class="hemorrhage"></span> hemorrhage. Window '
    legend += "centre 40, width 80 HU; radiological view, the patient's right is on the left.</p>"
    figures = "".join(_figure(result, z) for z in result.noteworthy_slices(MOST_PICTURES))
    return f'{legend}<div class="pictures">{figures}</div>'


def _figure(result: CaseResult, z: int) -> str:
    data = b64encode(png_bytes(slice_picture(result.volume, result.mask, z))).decode("ascii")
    height = result.slice_z_mm[z]
    place = "" if height is None else f", z {height:.1f} mm"
    caption = f"slice {result.slice_number(z)}{place}"
    return (
        f'<figure><img alt="{caption}" src="data:image/png;base64,{data}"><figcaption>{caption}</figcaption></figure>'
    )


def _facts(result: CaseResult) -> str:
    z, y, x = result.volume.shape
    facts = [f"{z} slices of {y} x {x} pixels."]
    geometry = result.volume.geometry
    if geometry is not None:
        dy, dx = geometry.pixel_spacing_mm
        facts.append(f"Pixels of {dy:.3g} x {dx:.3g} mm; a slice stands for {_span(geometry.slice_interval_mm)} mm.")
    return _listed((*facts, *result.volume.facts), "")


def _made_by(result: CaseResult) -> list[tuple[str, str]]:
    rows = [("mask", MASK_WORDS[result.algorithm_type]), ("program", f"{PROGRAM} {__version__}")]
    prediction = result.prediction
    if prediction is not None:
        model = prediction.model
        rows += [
            ("model", f"{model.name} {model.version}, weights sha256 {model.sha256}"),
            ("device", f"{prediction.device}, {prediction.precision}, {prediction.seconds:.1f} s"),
        ]
        if result.algorithm_type == "AUTOMATIC":
            limits = ", ".join(f"{name} {prediction.thresholds[name]:.2f}" for name in CLASS_NAMES)
            rows.append(("mask from probability", limits))
    return rows + ([("reader", result.author)] if result.author else [])


def _span(values: Iterable[float]) -> str:
    low, high = min(values), max(values)
    return f"{low:.3g}" if high - low < 0.01 else f"{low:.3g} to {high:.3g}"


def _ml(value: float | None) -> str:
    return "- (no geometry)" if value is None else f"{value:.1f} ml"


def _section(title: str, body: str) -> str:
    return f"<h2>{title}</h2>\n{body}"


def _listed(items: Iterable[str], otherwise: str) -> str:
    lines = "".join(f"<li>{escape(item)}</li>" for item in items)
    return f"<ul>{lines}</ul>" if lines else f"<p>{otherwise}</p>"


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]], numbers: tuple[int, ...] = ()) -> str:
    def line(cells: tuple[str, ...], tag: str) -> str:
        kinds = [' class="n"' if i in numbers else "" for i in range(len(cells))]
        return "".join(f"<{tag}{kind}>{escape(cell)}</{tag}>" for kind, cell in zip(kinds, cells, strict=True))

    head = f"<tr>{line(heads, 'th')}</tr>" if heads else ""
    body = "".join(f"<tr>{line(row, 'td')}</tr>" for row in rows)
    return f"<table>{head}{body}</table>"
