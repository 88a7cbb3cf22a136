"""One web page that holds everything: tables, intervals, curves, the worst cases. It loads nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape

from matplotlib.figure import Figure

from cpam_train.evaluation.figures import (
    bland_altman,
    calibration,
    data_url,
    picture_row,
    pixel_calibration,
    roc,
)
from cpam_train.evaluation.run import Evaluation
from cpam_train.evaluation.summary import ClassSummary, Figures
from cpam_train.evaluation.tables import split_rule
from cpam_train.metrics.bootstrap import Estimate
from napari_cpam_stroke.core.preprocess import describe_context

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #1a1a1a;
background: #fff; }
table { border-collapse: collapse; margin: .6rem 0 1.4rem; } th, td { padding: .25rem .8rem; text-align: right;
border-bottom: 1px solid #ddd; } th:first-child, td:first-child { text-align: left; } thead th { border-bottom: 2px
solid #888; } .note { color: #555; } .warn { background: #fff3cd; padding: .6rem 1rem; border-left: 4px solid #d39e00; }
img { max-width: 100%; }
"""

PARTS = (
    ("lesion_cases", "Masks, cases whose reference holds the class"),
    ("empty_cases", "Marks in cases whose reference does not hold the class"),
    ("pixels", "Probabilities of pixels, from 0.1 up"),
    ("slices", "Probabilities, per slice"),
    ("cases", "Probabilities, per case"),
)

LABELS = {
    "dice": "Dice, mean over cases",
    "dice_median": "Dice, median",
    "dice_per_slice": "Dice, mean over slices with the class",
    "dice_per_patient": "Dice, mean over patients",
    "dice_pooled": "Dice, all pixels together",
    "iou": "IoU, mean over cases",
    "iou_pooled": "IoU, all pixels together",
    "sensitivity": "Sensitivity (recall) of pixels",
    "precision": "Precision of pixels, where anything was marked",
    "specificity": "Specificity of pixels (high by the background alone)",
    "hd95_mm_median_marked": "HD95 in mm, median where anything was marked",
    "not_marked_at_all": "Share of cases where nothing was marked",
    "volume_difference_ml": "Volume, marked - true, ml",
    "absolute_volume_difference_ml": "Volume, absolute difference, ml",
    "lesion_sensitivity": "Lesions found, share",
    "lesion_f1": "Lesions, F1",
    "false_lesions_per_case": "False lesions per case",
    "marked_share": "Share of cases with any mark",
    "false_pixels_per_million": "Marked pixels per million",
    "false_ml_median": "False volume in ml, median",
    "false_ml_mean": "False volume in ml, mean",
    "positives": "With the class",
    "auc": "AUC",
    "sensitivity_at_specificity_90": "Sensitivity at specificity 0.90",
    "sensitivity_at_specificity_95": "Sensitivity at specificity 0.95",
    "ece": "Calibration error (ECE)",
    "brier": "Brier score",
}

COUNTED = ("positives",)
"""Figures that are numbers of something."""

KINDS = (("worst", "Lowest Dice"), ("false alarm", "Largest marks without a lesion"), ("best", "Highest Dice"))


def render_report(evaluation: Evaluation) -> str:
    """Return the page."""
    card = evaluation.card
    title = f"{card.name} {card.version} on the {evaluation.split} split"
    summaries = evaluation.summaries()
    body = [
        f"<h1>{escape(title)}</h1>",
        _preamble(evaluation),
        *(_section(part, heading, {n: getattr(s, part) for n, s in summaries.items()}) for part, heading in PARTS),
        *_group_sections(evaluation),
        *_plots(evaluation),
        *_pictures(evaluation),
        f"<p class='note'>{escape(card.intended_use)}</p>",
    ]
    return (
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>{escape(title)}</title>"
        f"<style>{STYLE}</style></head><body>{''.join(body)}</body></html>\n"
    )


def _preamble(evaluation: Evaluation) -> str:
    card, rule = evaluation.card, split_rule(evaluation)
    results = next(iter(evaluation.results.values()))
    patients = len({r.patient_id for r in results})
    rows = [
        ("Model", f"{card.name} {card.version}, sha256 {card.weights_sha256[:16]}"),
        ("Judged on", f"{len(results)} cases of {patients} patients; test set {evaluation.fingerprint}"),
        ("Training and judged patients parted", rule),
        ("Thresholds (chosen on validation data)", ", ".join(f"{n} {t:.2f}" for n, t in card.thresholds.items())),
        ("The network sees", describe_context(card.preprocess)),
        ("Prediction", f"{evaluation.seconds:.0f} s on {evaluation.device}"),
    ]
    warning = "" if rule.startswith("by patient") else f"<p class='warn'>Beware: split {escape(rule)}.</p>"
    if evaluation.split != "test":
        warning += "<p class='warn'>These are not test cases: thresholds or weights have seen them.</p>"
    listed = "".join(f"<tr><td>{escape(k)}</td><td>{escape(v)}</td></tr>" for k, v in rows)
    return (
        f"{warning}<table>{listed}</table><p class='note'>Brackets are 95 % intervals over patients. Background is in "
        "no mean; cases without a reference lesion are told apart and never count as Dice 1.</p>"
    )


def _section(part: str, heading: str, figures: Mapping[str, Figures]) -> str:
    keys = list(dict.fromkeys(key for own in figures.values() for key in own))
    if not keys:
        return ""
    counts = {n: next(iter(own.values())) for n, own in figures.items() if own}
    unit = "slices" if part == "slices" else "cases"
    head = ["", *(f"{n}{_size(counts.get(n), unit)}" for n in figures)]
    rows = [[label(key), *(_cell(own.get(key), whole=key in COUNTED) for own in figures.values())] for key in keys]
    return f"<h2>{escape(heading)}</h2>{table(head, rows)}"


def _group_sections(evaluation: Evaluation) -> Iterable[str]:
    for kind, groups in evaluation.groups().items():
        head = [kind, "class", "cases", "Dice", "lesions found", "marked without lesion", "AUC of slices"]
        rows = [_group_row(group, name, s) for group, classes in groups.items() for name, s in classes.items()]
        yield f"<h2>By {escape(kind)}</h2>{table(head, [r for r in rows if r])}"


def _group_row(group: str, name: str, summary: ClassSummary) -> list[str]:
    slices = summary.slices.get("auc")
    sizes = [f.cases for part in (summary.lesion_cases, summary.empty_cases) for f in list(part.values())[:1]]
    if not sizes and slices is None:
        return []
    return [
        group,
        name,
        str(sum(sizes)),
        _cell(summary.lesion_cases.get("dice")),
        _cell(summary.lesion_cases.get("lesion_sensitivity")),
        _cell(summary.empty_cases.get("marked_share")),
        _cell(slices),
    ]


def _plots(evaluation: Evaluation) -> Iterable[str]:
    yield f"<h2>ROC curves of slices</h2>{_image(roc(dict(evaluation.results)), 'ROC curves')}"
    yield f"<h2>Calibration</h2>{_image(calibration(dict(evaluation.results)), 'calibration')}"
    pixels = pixel_calibration(dict(evaluation.results))
    if pixels is not None:
        yield f"<h2>Calibration of pixels</h2>{_image(pixels, 'calibration of pixels')}"
    volumes = bland_altman(dict(evaluation.results))
    if volumes is not None:
        yield f"<h2>Volumes</h2>{_image(volumes, 'Bland-Altman plot of volumes')}"


def _pictures(evaluation: Evaluation) -> Iterable[str]:
    for kind, heading in KINDS:
        for name in evaluation.results:
            pictures = evaluation.gallery.pictures.get((name, kind))
            if pictures:
                yield f"<h2>{escape(heading)}: {escape(name)}</h2>{_image(picture_row(pictures), f'{kind} {name}')}"


def label(key: str) -> str:
    """Return the words for a figure's name."""
    if key.startswith("surface_dice_"):
        return f"Surface Dice at {key.removeprefix('surface_dice_').removesuffix('mm')} mm"
    return LABELS.get(key, key)


def table(head: list[str], rows: list[list[str]]) -> str:
    """Return an HTML table of plain text."""
    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    lines = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{top}</tr></thead><tbody>{lines}</tbody></table>"


def _cell(figure: Estimate | None, *, whole: bool = False) -> str:
    if figure is None:
        return ""
    return f"{figure.value:.0f}" if whole and figure.value is not None else str(figure)


def _size(figure: Estimate | None, unit: str) -> str:
    return "" if figure is None else f" ({figure.cases} {unit}, {figure.patients} patients)"


def _image(figure: Figure, alt: str) -> str:
    return f"<img alt='{escape(alt)}' src='{data_url(figure)}'>"
