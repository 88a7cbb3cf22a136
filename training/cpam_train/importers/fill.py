"""Bring candidate cases into the store, each once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

from cpam_train.importers.options import ImportOptions
from cpam_train.importers.patients import follow_up_sentence, require_same_patients
from cpam_train.importers.record import Candidate, ImportedCase, ImportSummary, KeptCase, SkippedCase
from cpam_train.importers.replacement import Earlier, earlier_imports, put_aside, same_statement, touched
from cpam_train.importers.tally import Tally
from cpam_train.importers.value_check import with_value_notices
from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.core import Notice, NoticeCode
from napari_cpam_stroke.core.mask_reading import most_automatic
from napari_cpam_stroke.core.notice import info
from napari_cpam_stroke.errors import GeometryMismatchError, InputError, SeriesError
from napari_cpam_stroke.progress import Progress

CASES_PER_COMMIT = 16
"""Cases that reach the disk together; a stopped import loses at most these and a second run brings them."""


def fill_store(
    store: AnnotationStore,
    source: str,
    candidates: Sequence[Candidate],
    options: ImportOptions,
    *,
    again: bool = False,
    progress: Progress | None = None,
) -> ImportSummary:
    """Read every candidate that the store does not hold yet and save it with its annotation as reference.

    Parameters
    ----------
    again
        Read those it holds anew as well: what an earlier import said of the same file is replaced, and stays in the
        history, but for cases that a person has touched, which are kept and named.

    Raises
    ------
    InputError
        When not one case of the source could be used, or a case is there as another patient's than is said now.
    """
    require_same_patients(store, source, candidates)
    earlier = earlier_imports(store, source, candidates)
    there = {name: found.current.patient_id for name, found in earlier.items()}
    tally = Tally(source, already_there=0 if again else len(there), patient_of=there)
    wanted = _wanted(store, candidates, earlier, tally) if again else [c for c in candidates if c.case_id not in there]
    chosen = list(islice(wanted, options.limit))
    for start in range(0, len(chosen), CASES_PER_COMMIT):
        with store.bulk():
            for candidate in chosen[start : start + CASES_PER_COMMIT]:
                _take(store, source, candidate, earlier.get(candidate.case_id), tally)
        if progress is not None:
            progress(min(start + CASES_PER_COMMIT, len(chosen)), len(chosen))
    tally.refuse_nothing()
    return tally.summary(alike=follow_up_sentence(candidates, tally.patient_of))


def _wanted(
    store: AnnotationStore, candidates: Sequence[Candidate], earlier: dict[str, Earlier], tally: Tally
) -> list[Candidate]:
    """Return the candidates to be read again; those that a person has touched are noted as kept."""
    wanted = []
    for candidate in candidates:
        found = earlier.get(candidate.case_id)
        why = next(filter(None, (touched(store, record) for record in found.records)), "") if found else ""
        if why:
            tally.kept.append(KeptCase(candidate.case_id, why, candidate.name))
        else:
            wanted.append(candidate)
    return wanted


def _take(store: AnnotationStore, source: str, candidate: Candidate, found: Earlier | None, tally: Tally) -> None:
    """Read and save one case, or note why it was left out."""
    try:
        case = _whose(candidate, with_value_notices(candidate.load()))
        if found is None:
            _add(store, source, case)
            tally.add(case)
        elif _replace(store, source, case, found):
            tally.replaced += 1
        else:
            tally.unchanged += 1
    except (InputError, SeriesError, GeometryMismatchError) as error:
        tally.skipped.append(SkippedCase(candidate.case_id, str(error), candidate.name))
    else:
        tally.hear(case)


def _whose(candidate: Candidate, case: ImportedCase) -> ImportedCase:
    """Return the case with the patient the user names, or with a notice of the cases that may be the same patient's."""
    volume = case.volume
    if candidate.patient:
        return replace(case, volume=replace(volume, patient_id=candidate.patient))
    if not candidate.alike:
        return case
    return replace(case, volume=replace(volume, notices=(*volume.notices, *map(_alike, candidate.alike))))


def _alike(other: str) -> Notice:
    return info(NoticeCode.NAME_ALIKE, f"its name is like that of {other}: perhaps the same patient", case=other)


def _add(store: AnnotationStore, source: str, case: ImportedCase) -> None:
    volume = case.volume
    record = store.add_case(volume, source=source, hu_range=case.hu_range, group=volume.patient_id)
    if record.case_id != volume.case_id:
        raise InputError("Pixels are the same as those of a case that is there", got=record.case_id)
    if record.head is not None:
        raise InputError(f"Case {record.case_id} has been read already", remedy="correct it in the viewer")
    _save(store, record.case_id, case, parent=None)


def _replace(store: AnnotationStore, source: str, case: ImportedCase, earlier: Earlier) -> bool:
    """Keep a case that was read again in the place of the earlier one; False: it says what that one said."""
    volume = case.volume
    held = earlier.same_pixels(volume.content_hash)
    if held is not None and held is earlier.current and same_statement(store, held, case):
        return False
    if held is None:
        made = store.add_case(volume, source=source, hu_range=case.hu_range, group=volume.patient_id)
        if made.head is not None or made.source != source:
            raise InputError("Pixels are the same as those of a case that is there", got=made.case_id)
        held = made
    _save(store, held.case_id, case, parent=held.head)
    if held.case_id != earlier.current.case_id:
        put_aside(store, earlier.current, held.case_id)
    return True


def _save(store: AnnotationStore, case_id: str, case: ImportedCase, *, parent: str | None) -> None:
    store.save(
        case_id,
        case.annotation,
        author=case.author,
        parent=parent,
        model=None,
        algorithm_type=most_automatic(case.makers) or "MANUAL",
        comment=case.made_in_words,
        status="accepted",
        truth_source=case.truth_source,
        kind="reference",
    )
