"""What an importer hands over, and what an import reports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from napari_cpam_stroke.annotations.records import TruthSource
from napari_cpam_stroke.core import Annotation, CTVolume

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
    """

    volume: CTVolume
    annotation: Annotation
    author: str
    hu_range: tuple[int, int] | None = FULL_RANGE
    truth_source: TruthSource = "this CT"


@dataclass(frozen=True)
class Candidate:
    """A case found in a source, not read yet.

    Attributes
    ----------
    case_id
        Name it will have in the store.
    load
        Reads it; raises `InputError` where it cannot be used.
    """

    case_id: str
    load: Callable[[], ImportedCase]


@dataclass(frozen=True)
class SkippedCase:
    """A case that was left out, and why in one sentence."""

    case_id: str
    reason: str


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
    slices_with
        Class name to number of new slices on which the class is labelled present.
    groups
        Patients, or groups standing in for them, of the new cases.
    doubts
        New cases whose values a reader should look at before training.
    """

    source: str
    cases: int = 0
    slices: int = 0
    already_there: int = 0
    slices_with: dict[str, int] = field(default_factory=dict)
    groups: int = 0
    skipped: tuple[SkippedCase, ...] = ()
    doubts: tuple[DoubtfulCase, ...] = ()

    @property
    def sentence(self) -> str:
        """The summary as one line for a person."""
        classes = ", ".join(f"{count} with {name}" for name, count in self.slices_with.items())
        return (
            f"{self.source}: {self.cases} new cases with {self.slices} slices ({classes}) of {self.groups} patients, "
            f"{self.already_there} already there, {len(self.skipped)} skipped"
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
