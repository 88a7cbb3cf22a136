"""What an importer hands over, and what an import reports."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from napari_cpam_stroke.annotations.records import TruthSource
from napari_cpam_stroke.core import Annotation, CTVolume
from napari_cpam_stroke.core.mask_reading import MaskMaker
from napari_cpam_stroke.core.notice import Notice
from napari_cpam_stroke.errors import InputError

FULL_RANGE: tuple[int, int] | None = None
"""`hu_range` of a source that kept all Hounsfield units."""


@dataclass(frozen=True, eq=False)
class ImportedCase:
    """One case as its source gives it.

    Attributes
    ----------
    volume
        `volume.patient_id` names the group that must stay in one split.
    annotation
        What the source says, and only that.
    hu_range
        Range of HU the source kept, None for all of it.
    author
        Who drew or wrote the reference: the data set's readers, never a person's name.
    truth_source
        What they looked at.
    makers
        Programs and algorithms that made the mask, where its files tell; kept with the case.
    notices
        How the mask was read, for whoever imports it.
    left_out
        Slices of the case that could not be used.
    """

    volume: CTVolume
    annotation: Annotation
    author: str
    hu_range: tuple[int, int] | None = FULL_RANGE
    truth_source: TruthSource = "this CT"
    makers: tuple[MaskMaker, ...] = ()
    notices: tuple[Notice, ...] = ()
    left_out: tuple[SkippedCase, ...] = ()

    @property
    def made_in_words(self) -> str:
        """What made the mask, as the case's history tells it; empty where its files do not say."""
        return "; ".join(maker.words for maker in self.makers if maker.words)


@dataclass(frozen=True)
class Candidate:
    """A case found in a source, not read yet.

    Attributes
    ----------
    case_id
        Name it will have in the store.
    load
        Reads it; raises `InputError` where it cannot be used.
    names
        What the source calls it, the usual name first, where that is not the case id; never written into the store.
    patient
        Pseudonym of the patient whom the user names; empty: the source's own word counts.
    alike
        Cases whose names look like other scans of this patient.
    astray
        A file that belongs to no case: `load` only says why, and nobody can name its patient.
    """

    case_id: str
    load: Callable[[], ImportedCase]
    names: tuple[str, ...] = ()
    patient: str = ""
    alike: tuple[str, ...] = ()
    astray: bool = False

    @property
    def name(self) -> str:
        """The source's name of the case."""
        return self.names[0] if self.names else self.case_id

    @property
    def called(self) -> tuple[str, ...]:
        """Every name by which a list of patients may mean it."""
        return (*self.names, self.case_id)

    def without_source(self, source: str) -> Candidate:
        """Return the candidate called as in its public source, where it has no other name."""
        return self if self.names else replace(self, names=(self.case_id.removeprefix(f"{source}-"),))


@dataclass(frozen=True)
class SkippedCase:
    """A case, or one slice of a case, that was left out, and why in one sentence.

    Attributes
    ----------
    name
        What the source calls it, where that is not the case id; for whoever imports it, never written into the store.
    """

    case_id: str
    reason: str
    name: str = ""


@dataclass(frozen=True)
class KeptCase:
    """A case that an import made again left as it is, and what a person has done with it."""

    case_id: str
    reason: str
    name: str = ""


@dataclass(frozen=True)
class DoubtfulCase:
    """A case that was imported although its pictures may not be plain CT in Hounsfield units, and why."""

    case_id: str
    reason: str


@dataclass(frozen=True)
class ImportSummary:
    """What one import did.

    Attributes
    ----------
    cases, slices
        Newly added.
    already_there
        Cases that the store held before.
    replaced, unchanged, kept
        Of an import made again: earlier cases that are read otherwise now, that are read as before, and those left
        alone because a person has touched them.
    slices_with
        Class name to number of new slices on which the class is labelled present.
    groups
        Patients, or groups standing in for them, of the new cases.
    doubts
        New cases whose values a reader should look at before training.
    notices
        What the masks' readers had to say, and of how many cases.
    own_patients
        New cases of which nothing says whose they are: each counts as a patient of its own.
    alike
        One sentence on names that look like several scans of one patient.
    order
        One sentence on how the new slices are ordered and how many have neighbours.
    """

    source: str
    cases: int = 0
    slices: int = 0
    already_there: int = 0
    replaced: int = 0
    unchanged: int = 0
    kept: tuple[KeptCase, ...] = ()
    slices_with: dict[str, int] = field(default_factory=dict)
    groups: int = 0
    skipped: tuple[SkippedCase, ...] = ()
    doubts: tuple[DoubtfulCase, ...] = ()
    notices: dict[str, int] = field(default_factory=dict)
    own_patients: int = 0
    alike: str = ""
    order: str = ""

    @property
    def patient_doubts(self) -> tuple[str, ...]:
        """What must be said of patients, one sentence each."""
        if not self.own_patients:
            return (self.alike,) if self.alike else ()
        own = (
            f"{self.own_patients} of {self.cases} cases count as a patient of their own each: nothing says whose they "
            "are. Where a patient has several, say so before a split is given: import into a new store with --patients "
            "FILE.csv (columns case,patient) or --patient-pattern '(pat\\d+)_.*'."
        )
        return (own, self.alike) if self.alike else (own,)

    @property
    def sentence(self) -> str:
        """The summary as one line for a person."""
        classes = ", ".join(f"{count} with {name}" for name, count in self.slices_with.items())
        again = (("replaced", self.replaced), ("unchanged", self.unchanged), ("kept as they are", len(self.kept)))
        anew = "".join(f", {count} {what}" for what, count in again if count)
        return (
            f"{self.source}: {self.cases} new cases with {self.slices} slices ({classes}) of {self.groups} patients, "
            f"{self.already_there} already there{anew}, {len(self.skipped)} skipped"
        )

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is doubtful of the new cases, one sentence for each reason, with the first case."""
        cases: dict[str, list[str]] = {}
        for doubt in self.doubts:
            cases.setdefault(doubt.reason, []).append(doubt.case_id)
        return tuple(
            f"{names[0]}{f' and {len(names) - 1} more' if len(names) > 1 else ''}: {reason}"
            for reason, names in cases.items()
        )

    @property
    def complaints(self) -> tuple[str, ...]:
        """What else must be said, one sentence each: how masks were read, and why cases were kept or left out."""
        read = [f"{notice} ({count} cases)" if count > 1 else notice for notice, count in self.notices.items()]
        kept = [f"Kept {case.case_id} as it is: {case.reason}." for case in self.kept]
        left_out = [f"Skipped {case.case_id}: {case.reason}" for case in self.skipped]
        return (*read, *kept, *left_out)


class NoneImportedError(InputError):
    """A source of which no case could be used.

    Attributes
    ----------
    skipped
        Every case with its reason.
    """

    def __init__(self, skipped: Sequence[SkippedCase]) -> None:
        reasons = "; ".join(f"{case.case_id}: {case.reason.rstrip('.')}" for case in skipped)
        super().__init__(f"None of {len(skipped)} cases could be imported: {reasons}")
        self.skipped = tuple(skipped)
