"""Who is who: the user's word on which cases are one patient's, from a list or from a pattern on names."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from cpam_train.importers.follow_ups import likely_follow_ups
from cpam_train.importers.listed import table_lines
from cpam_train.importers.options import ImportOptions
from cpam_train.importers.record import Candidate
from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.errors import InputError, nearest

OWN_GROUPS = "teknofest"
"""The format that reads `groups` itself."""

COLUMNS = {"case": "case", "slice": "case", "patient": "patient", "group": "patient"}
"""Name of a column -> what it holds."""

EXPECTED = "a UTF-8 CSV with the columns case,patient"

ENDINGS = (".nii.gz", ".nii", ".dcm", ".png", ".jpg", ".jpeg", "_0000")
"""What a list may add to the name of a case."""

SHOWN_GROUPS = 20
"""Groups of names alike that a sentence shows."""


def with_patients(source: str, candidates: Sequence[Candidate], options: ImportOptions) -> list[Candidate]:
    """Return the candidates with the patients that the user names, as keyed pseudonyms; else with what looks alike.

    Raises
    ------
    InputError
        If the list or the pattern does not say it of every case, or speaks of others.
    """
    astray = [candidate for candidate in candidates if candidate.astray]
    cases = [candidate.without_source(source) for candidate in candidates if not candidate.astray]
    return _of_patients(source, cases, options) + astray


def _of_patients(source: str, candidates: Sequence[Candidate], options: ImportOptions) -> list[Candidate]:
    table = options.patients or (None if source == OWN_GROUPS else options.groups)
    if table is not None and options.patient_pattern is not None:
        raise InputError("A list of patients and a pattern on names contradict", remedy="give one of the two")
    if table is not None:
        return _named(source, candidates, _listed(candidates, read_patients(table), table))
    if options.patient_pattern is not None:
        return _named(source, candidates, _matched(candidates, options.patient_pattern))
    alike = likely_follow_ups({c.case_id: c.name for c in candidates if not c.patient})
    return [replace(c, alike=alike.get(c.case_id, ())) for c in candidates]


def read_patients(path: Path) -> dict[str, str]:
    """Return case -> patient of a CSV, in its order.

    Raises
    ------
    InputError
        If it cannot be read, a column or a value is missing, or a case is named twice.
    """
    patients: dict[str, str] = {}
    for line, case, patient in _rows(path):
        if not case or not patient:
            raise InputError(
                f"Line {line} of {path.name} has no {'patient' if case else 'case'}", expected="both in every line"
            )
        if case in patients:
            raise InputError(f"{path.name} names the case {case!r} twice", remedy="name every case once")
        patients[case] = patient
    if not patients:
        raise InputError(f"The list of patients {path.name} is empty", expected=EXPECTED)
    return patients


def pseudonym_of_patient(source: str, name: str) -> str:
    """Return what the store calls a patient whom the user, or the source's own layout, names."""
    from napari_cpam_stroke.dicom.headers.pseudonym import patient_pseudonym

    return patient_pseudonym("named", source, name)


def require_same_patients(store: AnnotationStore, source: str, candidates: Sequence[Candidate]) -> None:
    """Refuse a list that contradicts what the store holds: a patient's split is fixed for ever.

    Raises
    ------
    InputError
        If a case is there as another patient's than the user says now.
    """
    held = {record.case_id: record.patient_id for record in store.cases(source=source)}
    moved = [c for c in candidates if c.patient and held.get(c.case_id, c.patient) != c.patient]
    if moved:
        raise InputError(
            f"{len(moved)} cases are in the store as other patients than is said now, the first {moved[0].name!r}",
            remedy="import into a new store: a patient's split is fixed for ever",
        )


def follow_up_sentence(candidates: Sequence[Candidate], patient_of: Mapping[str, str]) -> str:
    """Return one sentence that names what looks like scans of one patient but counts as several, else nothing.

    Parameters
    ----------
    patient_of
        Case id -> patient, of the cases that are in the store.
    """
    name_of = {c.case_id: c.name for c in candidates if c.case_id in patient_of}
    alike = [name_of.keys() & {c.case_id, *c.alike} for c in candidates if c.alike]
    divided = [cases for cases in alike if len({patient_of[case] for case in cases}) > 1]
    groups = {tuple(sorted(name_of[case] for case in cases)) for cases in divided}
    if not groups:
        return ""
    shown = "; ".join(", ".join(group) for group in sorted(groups)[:SHOWN_GROUPS])
    more = f"; and {len(groups) - SHOWN_GROUPS} more" if len(groups) > SHOWN_GROUPS else ""
    return f"Names like several scans of one patient, though they count as different patients: {shown}{more}."


def _rows(path: Path) -> Iterator[tuple[int, str, str]]:
    """Yield line number, case and patient."""
    try:
        lines, delimiter = table_lines(path)
        reader = csv.DictReader(lines, delimiter=delimiter, strict=True)
        held = _columns(reader.fieldnames or (), path)
        for row in reader:
            if any((value or "").strip() for value in row.values() if isinstance(value, str)):
                yield reader.line_num, (row[held["case"]] or "").strip(), (row[held["patient"]] or "").strip()
    except OSError as error:
        raise InputError(f"The list of patients {path} cannot be read", got=error.strerror) from error
    except (UnicodeError, csv.Error) as error:
        raise InputError(
            f"The list of patients {path} cannot be read", got=error, expected=EXPECTED, remedy="save it as UTF-8 CSV"
        ) from error


def _columns(names: Sequence[str], path: Path) -> Mapping[str, str]:
    """Return which column holds the case and which the patient."""
    found: dict[str, str] = {}
    for name in names:
        holds = COLUMNS.get(name.strip().casefold())
        if holds is not None and holds not in found:
            found[holds] = name
    if set(found) != set(COLUMNS.values()):
        raise InputError(f"The list of patients {path} has other columns", got=", ".join(names), expected=EXPECTED)
    return found


def _listed(candidates: Sequence[Candidate], patients: Mapping[str, str], path: Path) -> dict[str, str]:
    """Return case id -> patient; every case must be in the list, and every line must be a case or a slice of one."""
    cases_of: defaultdict[str, list[str]] = defaultdict(list)
    for candidate in candidates:
        for name in set(candidate.called):
            cases_of[name].append(candidate.case_id)
    found: dict[str, str] = {}
    named: set[str] = set()
    for name, patient in patients.items():
        known = name if name in cases_of else _without_ending(name)
        cases = cases_of.get(known)
        if not cases:
            raise InputError(
                f"{path.name} names the case {name!r}, which is not there{nearest(name, list(cases_of))}",
                remedy="correct the line or take it out",
            )
        if known in named:
            raise InputError(f"{path.name} names the case {name!r} twice", remedy="name every case once")
        if any(found.get(case, patient) != patient for case in cases):
            raise InputError(f"{path.name} gives the slice {name!r} another patient than others of its series")
        named.add(known)
        found |= dict.fromkeys(cases, patient)
    missing = [c.name for c in candidates if c.case_id not in found]
    if missing:
        raise InputError(
            f"{path.name} says nothing of {len(missing)} of {len(candidates)} cases, the first {missing[0]!r}",
            remedy="add a line for each; a case without a patient could stand on both sides of the split",
        )
    return found


def _matched(candidates: Sequence[Candidate], pattern: str) -> dict[str, str]:
    """Return case id -> what the pattern's group finds in its name, read from the start of the name."""
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise InputError("The pattern on names is no regular expression", got=f"{pattern!r} ({error})") from error
    if compiled.groups != 1:
        raise InputError(
            "The pattern on names needs one group, the patient", got=f"{pattern!r}", expected=r"such as '(pat\d+)_.*'"
        )
    return {c.case_id: _patient_in(c, compiled) for c in candidates}


def _patient_in(candidate: Candidate, pattern: re.Pattern[str]) -> str:
    match = next((m for m in map(pattern.match, candidate.names) if m and m[1]), None)
    if match is None:
        raise InputError(
            f"The pattern {pattern.pattern!r} finds no patient in the name {candidate.name!r}",
            expected="a pattern that fits every name from its start",
        )
    following = match.string[match.end(1) : match.end(1) + 1]
    if match[1][-1].isdigit() and following.isdigit():
        raise InputError(
            f"The pattern {pattern.pattern!r} cuts a number of the name {candidate.name!r} in two",
            got=f"{match[1]!r}",
            remedy=r"write \d+ for a number of any length",
        )
    return match[1]


def _named(source: str, candidates: Sequence[Candidate], patient_of: Mapping[str, str]) -> list[Candidate]:
    """Return the candidates with the pseudonyms of their patients; a name that may be a person's goes no further."""
    return [replace(c, patient=pseudonym_of_patient(source, patient_of[c.case_id])) for c in candidates]


def _without_ending(name: str) -> str:
    """Return the name of a file's case: without folders and the endings of `ENDINGS`."""
    bare = name.rpartition("/")[2]
    for ending in ENDINGS:
        bare = bare.removesuffix(ending)
    return bare
