"""Which revisions go on the main line, which beside it, and which are refused."""

import pytest

from napari_cpam_stroke.core import Annotation
from napari_cpam_stroke.errors import RevisionConflictError


@pytest.fixture
def case(store, volume):
    return store.add_case(volume(), source="reader").case_id


@pytest.fixture
def save(store, mask):
    """Save a mask of so many voxels."""

    def make(case_id, voxels=4, **settings):
        return store.save(case_id, Annotation.from_mask(mask(voxels)), **{"author": "Ada", **settings})

    return make


@pytest.fixture
def forked(case, save):
    """A main line of two revisions and a branch from the first."""
    first = save(case)
    second = save(case, 5, author="Bo", parent=first.id)
    return first, second, save(case, 6, parent=first.id, branch=True)


def test_the_newest_version_is_continued_on_the_main_line_even_where_a_branch_would_be_allowed(store, case, save):
    first = save(case, branch=True)
    second = save(case, 5, parent=first.id, branch=True)
    assert (first.branch, second.branch) == (False, False)
    assert store.head(case) == second


def test_the_end_of_a_branch_is_continued_without_asking(store, case, save, forked):
    _, second, branch = forked
    further = save(case, 7, parent=branch.id)
    last = save(case, 8, parent=further.id)
    assert (further.branch, last.branch) == (True, True)
    assert store.head(case) == second


def test_a_branch_continued_already_is_not_continued_twice_unasked(store, case, save, forked):
    _, second, branch = forked
    further = save(case, 7, parent=branch.id)
    with pytest.raises(RevisionConflictError, match=r"changed meanwhile by Bo \(version 2\)"):
        save(case, 8, parent=branch.id)
    assert [r.id for r in store.revisions(case)][-1] == further.id
    again = save(case, 8, parent=branch.id, branch=True)
    assert again.branch
    assert store.head(case) == second


def test_an_old_version_of_the_main_line_is_no_branch_to_be_continued(case, save, forked):
    first, _, _ = forked
    with pytest.raises(RevisionConflictError, match=f"got an edit of {first.id}"):
        save(case, 8, parent=first.id)


def test_the_branch_of_another_case_is_not_continued(store, volume, save, forked):
    _, _, branch = forked
    other = store.add_case(volume("other", seed=1), source="reader").case_id
    mine = save(other)
    with pytest.raises(RevisionConflictError, match="Case other was changed meanwhile by Ada"):
        save(other, 8, parent=branch.id)
    assert store.head(other) == mine


def test_an_edit_of_the_empty_case_is_refused_once_there_is_a_version(store, case, save):
    first = save(case, author="")
    with pytest.raises(RevisionConflictError, match=r"by someone \(version 1\), got an edit of the empty case"):
        save(case, 5)
    beside = save(case, 5, branch=True)
    assert (beside.branch, beside.parent, beside.number) == (True, None, 2)
    assert store.head(case) == first


def test_what_was_saved_and_could_not_be_answered_is_no_conflict_when_it_is_saved_again(store, case, save):
    first = save(case)
    second = save(case, 5, parent=first.id, comment="seen")
    assert save(case, 5, parent=first.id, comment="seen") == second
    assert [revision.number for revision in store.revisions(case)] == [1, 2]
    assert store.check() == []


@pytest.mark.parametrize(
    "other", [{"voxels": 6}, {"author": "Bo"}, {"comment": "other"}, {"status": "accepted"}, {"kind": "reference"}]
)
def test_anything_else_said_of_the_same_version_is_a_conflict(case, save, other):
    first = save(case)
    save(case, 5, parent=first.id, comment="seen")
    with pytest.raises(RevisionConflictError, match=r"changed meanwhile by Ada \(version 2\)"):
        save(case, **{"voxels": 5, "parent": first.id, "comment": "seen"} | other)


def test_the_same_as_a_branch_is_kept_beside(case, save):
    first = save(case)
    save(case, 5, parent=first.id)
    assert save(case, 5, parent=first.id, branch=True).branch


def test_a_branch_changes_nothing_of_what_the_worklist_shows_but_can_be_searched(store, case, save):
    first = save(case, comment="plain", status="second_read")
    before = store.case(case)
    save(case, 0, parent=first.id, comment="main")
    main = store.case(case)
    assert (main.comment, main.status, main.labels) == ("main", "second_read", (0, 0))
    assert before.labels == (1, 0)
    save(case, 9, parent=first.id, branch=True, comment="beside", status="accepted", author="Bo")
    after = store.case(case)
    assert (after.head, after.comment, after.status, after.labels) == (main.head, "main", "second_read", (0, 0))
    assert [found.case_id for found in store.cases(search="beside")] == [case]


def test_versions_are_numbered_across_branches(store, case, save, forked):
    save(case, 7, parent=forked[1].id)
    assert [(r.number, r.branch) for r in store.revisions(case)] == [(1, False), (2, False), (3, True), (4, False)]


def test_a_comment_left_empty_keeps_the_one_before(store, case, save):
    first = save(case, comment="motion")
    save(case, 5, parent=first.id)
    assert store.case(case).comment == "motion"


@pytest.mark.parametrize(
    ("before", "after"), [("accepted", "accepted"), ("rejected", "rejected"), ("in_review", "in_review")]
)
def test_a_reading_keeps_the_status_a_person_gave(store, case, save, before, after):
    first = save(case, status=before)
    save(case, 5, parent=first.id)
    assert store.case(case).status == after
