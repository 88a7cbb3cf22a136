import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError
from datetime import UTC, datetime

import numpy as np
import pytest

from napari_cpam_stroke.annotations import BlindedRead, Rejection
from napari_cpam_stroke.annotations.rows import labels_to_json
from napari_cpam_stroke.core import Annotation, LesionClass
from napari_cpam_stroke.errors import GeometryMismatchError, InputError, RevisionConflictError, StoreError
from napari_cpam_stroke.prompting import Prompt, PromptKind, PromptsUsed, UsedPrompt
from napari_cpam_stroke.prompting.used import MOST_PLACES


@pytest.fixture
def case(store, volume):
    return store.add_case(volume(), source="reader").case_id


def test_a_revision_says_everything(store, case, mask, model):
    annotation = Annotation(
        mask(6),
        mask_known=np.array([[1, 0], [1, 1], [0, 0]], bool),
        slice_labels=np.array([[0, -1], [1, 0], [-1, -1]], np.int8),
        series_labels=np.array([1, -1], np.int8),
    )
    rejection = Rejection(LesionClass.HEMORRHAGE, (1.0, 2.5, 3.0), "calcification")
    before = datetime.now(UTC)
    saved = store.save(
        case, annotation, author="Ada", model=model, algorithm_type="SEMIAUTOMATIC", status="second_read",
        comment="motion", difficulty="hard", truth_source="MR", rejections=[rejection], prediction_mask=mask(9),
        blinded=BlindedRead(before, 3, mask(2)),
    )  # fmt: skip
    assert store.revisions(case) == [saved]
    assert store.revision(saved.id) == store.head(case) == saved
    assert before <= saved.created <= datetime.now(UTC)
    assert (saved.number, saved.parent, saved.branch, saved.kind) == (1, None, False, "reading")
    assert (saved.changed_voxels, saved.changed_from_prediction, saved.changed_after_reveal) == (6, 3, 3)
    assert (saved.author, saved.model, saved.algorithm_type) == ("Ada", model, "SEMIAUTOMATIC")
    assert (saved.rejections, saved.truth_source, saved.difficulty) == ((rejection,), "MR", "hard")
    assert (saved.blinded, saved.revealed_at) == (True, before)
    read = store.read_annotation(saved.id)
    for name in ("mask", "mask_known", "slice_labels", "series_labels"):
        np.testing.assert_array_equal(getattr(read, name), getattr(annotation, name))
    np.testing.assert_array_equal(store.read_prediction_mask(saved.id), mask(9))
    np.testing.assert_array_equal(store.read_blinded_mask(saved.id), mask(2))
    np.testing.assert_array_equal(store.read_mask(saved.id, [1]), mask(6)[[1]])
    record = store.case(case)
    assert (record.status, record.head, record.labels, record.comment) == ("second_read", saved.id, (1, -1), "motion")


def test_a_revision_tells_the_prompts_it_was_made_with(store, case, mask):
    prompts = PromptsUsed(
        "random walker",
        (
            UsedPrompt(LesionClass.ISCHEMIA, Prompt(PromptKind.POINT, 1, ((3.5, 4.0),))),
            UsedPrompt(LesionClass.HEMORRHAGE, Prompt(PromptKind.BOX, 2, ((1.0, 2.0), (5.0, 6.0)), adds=False)),
        ),
    )
    saved = store.save(case, Annotation.from_mask(mask(6)), author="Ada", prompts=prompts)
    assert store.revision(saved.id).prompts == prompts
    np.testing.assert_array_equal(store.read_annotation(saved.id).mask, mask(6))


def test_a_revision_without_prompts_is_stored_as_it_always_was(store, case, mask):
    assert store.save(case, Annotation.from_mask(mask(6)), author="Ada").prompts is None
    assert set(json.loads(labels_to_json(Annotation.from_mask(mask(6))))) == {
        "mask_known",
        "slice_labels",
        "series_labels",
    }


def test_prompts_are_part_of_what_a_revision_is(store, case, mask):
    one, other = (PromptsUsed(name, ()) for name in ("random walker", "clicks@1.0"))
    first = labels_to_json(Annotation.from_mask(mask(6)), one)
    assert first != labels_to_json(Annotation.from_mask(mask(6)), other)


def test_a_long_scribble_is_kept_thinned(store, case, mask):
    line = tuple((float(n), n / 3) for n in range(500))
    scribble = UsedPrompt(LesionClass.ISCHEMIA, Prompt(PromptKind.SCRIBBLE, 0, line))
    saved = store.save(
        case, Annotation.from_mask(mask(6)), author="Ada", prompts=PromptsUsed("random walker", (scribble,))
    )
    kept = saved.prompts.prompts[0].prompt.path
    assert len(kept) == MOST_PLACES
    assert (kept[0], kept[-1]) == ((0.0, 0.0), (499.0, 166.3))


def test_a_revision_cannot_be_changed(store, case, mask):
    saved = store.save(case, Annotation.from_mask(mask()), author="Ada")
    with pytest.raises(FrozenInstanceError):
        saved.comment = "other"
    again = store.save(case, Annotation.from_mask(mask(5)), author="Ada", parent=saved.id)
    assert store.revision(saved.id) == saved
    np.testing.assert_array_equal(store.read_mask(saved.id), mask())
    assert (again.number, again.changed_voxels) == (2, 1)


@pytest.mark.parametrize(
    ("kind", "given", "expected"),
    [("reading", None, "in_review"), ("reference", None, "accepted"), ("reading", "rejected", "rejected")],
)
def test_status_after_saving(store, case, mask, kind, given, expected):
    store.save(case, Annotation.from_mask(mask()), author="Ada", kind=kind, status=given)
    assert store.case(case).status == expected


def test_nobody_overwrites_anybody(store, case, mask):
    first = store.save(case, Annotation.from_mask(mask()), author="Ada")
    theirs = store.save(case, Annotation.from_mask(mask(5)), author="Bo", parent=first.id)
    mine = Annotation.from_mask(mask(7))
    with pytest.raises(RevisionConflictError, match=r"changed meanwhile by Bo \(version 2\)"):
        store.save(case, mine, author="Ada", parent=first.id)
    with pytest.raises(RevisionConflictError):
        store.save(case, mine, author="Ada")
    assert len(store.revisions(case)) == 2
    branch = store.save(case, mine, author="Ada", parent=first.id, branch=True, status="rejected")
    further = store.save(case, mine, author="Ada", parent=branch.id)
    assert (branch.branch, further.branch, branch.changed_voxels, further.changed_voxels) == (True, True, 3, 0)
    assert store.head(case) == theirs
    assert store.case(case).status == "in_review"
    back = store.save(case, mine, author="Ada", parent=theirs.id)
    assert (back.branch, store.head(case)) == (False, back)


def test_of_many_at_once_exactly_one_wins(store, case, mask):
    first = store.save(case, Annotation.from_mask(mask()), author="Ada")

    def attempt(i):
        try:
            return store.save(case, Annotation.from_mask(mask(i)), author=f"reader {i}", parent=first.id)
        except RevisionConflictError:
            return None

    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(attempt, range(6)))
    won = [result for result in results if result is not None]
    assert len(won) == 1
    assert store.revisions(case) == [first, won[0]]


def test_an_annotation_of_another_shape_is_refused(store, case, mask):
    with pytest.raises(GeometryMismatchError, match="does not belong to case"):
        store.save(case, Annotation.from_mask(mask(slices=4)), author="Ada")
    with pytest.raises(GeometryMismatchError, match="prediction"):
        store.save(case, Annotation.from_mask(mask()), author="Ada", prediction_mask=mask(slices=4))
    assert store.revisions(case) == []


@pytest.mark.parametrize(
    "wrong",
    [{"algorithm_type": "MANUEL"}, {"status": "done"}, {"difficulty": "awful"}, {"truth_source": "CT"}, {"kind": "x"}],
)
def test_unknown_words_are_refused(store, case, mask, wrong):
    with pytest.raises(InputError, match="expected one of"):
        store.save(case, Annotation.from_mask(mask()), author="Ada", **wrong)
    with pytest.raises(InputError, match="expected one of"):
        Rejection(LesionClass.ISCHEMIA, (0, 0, 0), "bored")


def flip_last_byte(store, revision_id):
    with store._database.reading() as session:
        from napari_cpam_stroke.annotations.saving import require_revision

        path = store._blobs.path(require_revision(session, revision_id).mask)
    damaged = bytearray(path.read_bytes())
    damaged[-1] ^= 1
    path.write_bytes(damaged)


def test_a_flipped_byte_is_found_and_the_older_whole_revision_named(store, case, mask):
    first = store.save(case, Annotation.from_mask(mask(4)), author="Ada")
    second = store.save(case, Annotation.from_mask(mask(5)), author="Ada", parent=first.id)
    third = store.save(case, Annotation.from_mask(mask(6)), author="Ada", parent=second.id)
    flip_last_byte(store, third.id)
    flip_last_byte(store, second.id)
    with pytest.raises(StoreError, match=f"version 3.*open version 1 \\({first.id}\\)"):
        store.read_annotation(third.id)
    flip_last_byte(store, first.id)
    with pytest.raises(StoreError, match="no older one is whole"):
        store.read_mask(third.id)


def test_new_work_is_kept_even_if_what_it_began_from_is_damaged(store, case, mask):
    first = store.save(case, Annotation.from_mask(mask(4)), author="Ada")
    flip_last_byte(store, first.id)
    second = store.save(case, Annotation.from_mask(mask(6)), author="Ada", parent=first.id)
    np.testing.assert_array_equal(store.read_mask(second.id), mask(6))


def test_unknown_names_are_one_sentence(store, case, mask):
    with pytest.raises(StoreError, match="no revision 'x'"):
        store.read_annotation("x")
    with pytest.raises(StoreError, match="no case 'x'"):
        store.save("x", Annotation.from_mask(mask()), author="Ada")


def test_threads_share_a_store(store, volume, mask):
    def work(i):
        case = store.add_case(volume(f"t{i}", seed=i), source="x").case_id
        head = store.save(case, Annotation.from_mask(mask(i)), author="Ada")
        return np.count_nonzero(store.read_mask(head.id)) == i and len(store.revisions(case)) == 1

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(work, range(1, 13)))
    assert store.check() == []
