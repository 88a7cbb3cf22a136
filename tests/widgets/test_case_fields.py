"""Every field belongs to the case it was typed in: in a real window, by mouse and keys where the focus is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_cpam_stroke.core import CTVolume, LesionClass
from napari_cpam_stroke.widgets.reading.session import CANCEL, DISCARD, SAVE

CASES = ("alpha", "beta", "gamma")
CORRECT, LIST, HISTORY = "Correct and save", "Cases", "History and export"
VERDICTS = {"F12": "accepted", "F10": "second_read", "Shift+F12": "rejected"}
STEPS = 35
WAITING = 0.6
"""Share of steps after which the reader waits for the room."""


@pytest.fixture
def reader(room: Any, small_case: Callable[[str], CTVolume]) -> Any:
    """A room with three cases in its worklist, the first one open; the mouse on each shows its dock."""
    store = room.session.store.open()
    for name in CASES:
        store.add_case(small_case(name), source="reader")
    room.session.worklist.refresh(order="id")
    room.session.wait()
    open_from_list(room, "alpha")
    room.session.wait()
    return room


def open_from_list(hands: Any, name: str) -> None:
    hands.open_listed(name)


def open_name(hands: Any) -> str:
    return str(hands.session.review.volume.case_id)


def kept(hands: Any, name: str) -> Any:
    """The newest version of a case in the store, None without one."""
    record = next(case for case in hands.session.store.open().cases() if case.case_id == name)
    return None if record.head is None else hands.session.store.open().revision(record.head)


def type_comment(hands: Any, text: str) -> None:
    hands.click(hands.dock(CORRECT).comment)
    hands.type(text)


def choose(hands: Any, combo: Any, steps: int) -> None:
    """A word of a choice, by the mouse that opens it and the keys in its list."""
    hands.click(combo)
    view = combo.view()
    QTest.keyClick(view, Qt.Key.Key_Home)
    for _ in range(steps):
        QTest.keyClick(view, Qt.Key.Key_Down)
    QTest.keyClick(view, Qt.Key.Key_Return)
    hands.window.activateWindow()  # a window manager does this once the list is gone


def test_f12_keeps_the_comment_that_is_being_typed_with_its_case(reader: Any) -> None:
    type_comment(reader, "motion")
    reader.key(Qt.Key.Key_F12)
    reader.session.wait()
    assert kept(reader, "alpha").comment == "motion"
    assert open_name(reader) == "beta"
    assert reader.dock(CORRECT).comment.text() == ""
    reader.key(Qt.Key.Key_F12)
    reader.session.wait()
    assert kept(reader, "beta").comment == ""


def test_opening_another_case_keeps_what_has_the_focus_with_the_one_it_was_typed_in(reader: Any) -> None:
    reader.session.ask = lambda _question, _answers: SAVE
    type_comment(reader, "calcified")
    open_from_list(reader, "beta")
    reader.session.wait()
    assert kept(reader, "alpha").comment == "calcified"
    assert reader.dock(CORRECT).comment.text() == ""
    open_from_list(reader, "alpha")
    reader.session.wait()
    assert reader.dock(CORRECT).comment.text() == "calcified"


def test_what_is_typed_before_earlier_readings_are_there_lies_over_them(reader: Any) -> None:
    type_comment(reader, "first")
    choose(reader, reader.dock(CORRECT).difficulty, 2)
    reader.key(Qt.Key.Key_F12)
    reader.session.wait()
    session = reader.session
    begun: list[bool] = []

    def begin_at_once() -> None:
        session.case_opened.disconnect(begin_at_once)
        begun.append(reader.session.review.revision is None)
        type_comment(reader, "second")

    session.case_opened.connect(begin_at_once)
    open_from_list(reader, "alpha")
    reader.session.wait()
    assert begun == [True], "the earlier version came later than the hand"
    reader.key(Qt.Key.Key_F10)
    reader.session.wait()
    version = kept(reader, "alpha")
    assert (version.number, version.comment, version.difficulty) == (2, "second", kept_difficulty(2))


def kept_difficulty(place: int) -> str:
    from napari_cpam_stroke.annotations.records import DIFFICULTIES

    return str(DIFFICULTIES[place - 1])


def test_the_reader_who_is_being_typed_signs_the_version(reader: Any) -> None:
    author = reader.dock(HISTORY).author
    reader.click(author)
    author.selectAll()
    reader.type("Dr. Test")
    reader.key(Qt.Key.Key_F12)
    reader.session.wait()
    assert kept(reader, "alpha").author == "Dr. Test"


def test_a_threshold_on_the_move_goes_with_its_case(reader: Any) -> None:
    reader.press(Qt.Key.Key_R)
    reader.session.wait()
    models = reader.dock("AI models")
    models.sliders["ischemia"].setValue(0.2)
    reader.press(Qt.Key.Key_T, Qt.KeyboardModifier.ShiftModifier)
    assert (reader.session.review.reading > 0).any(axis=(1, 2)).sum() == 3, "the third slice counts from 0.2 on"
    models.sliders["ischemia"].setValue(0.7)
    reader.session.ask = lambda _question, _answers: DISCARD
    open_from_list(reader, "beta")
    reader.session.wait()
    assert reader.session.models.moving == {}
    assert models.sliders["ischemia"].value() == 0.5
    reader.press(Qt.Key.Key_R)
    reader.session.wait()
    assert reader.session.models.prediction.thresholds["ischemia"] == 0.5


@dataclass
class Said:
    """What a reader said of one case."""

    comment: str = ""
    difficulty: int = 0
    truth: int = 0
    ischemia_here: int = 0
    hemorrhage_anywhere: int = 0
    status: str = ""


@dataclass
class Memory:
    """What the test remembers: as it stands in the window, and as it was saved last."""

    random: Random
    now: dict[str, Said] = field(default_factory=lambda: {name: Said() for name in CASES})
    saved: dict[str, Said] = field(default_factory=lambda: {name: Said() for name in CASES})
    given_up: tuple[Any, str] | None = None
    """The review whose unsaved work shall be thrown away once it is left, and its case."""


class Walk:
    """A reader who does anything in any order, with or without waiting for the room."""

    def __init__(self, hands: Any, seed: int) -> None:
        self.hands, self.memory = hands, Memory(Random(seed))
        hands.session.ask = self.answer

    @property
    def said(self) -> Said:
        memory = self.memory
        if memory.given_up is not None and memory.given_up[0] is not self.hands.session.review:
            name = memory.given_up[1]
            memory.now[name], memory.given_up = replace(memory.saved[name]), None
        return memory.now[open_name(self.hands)]

    def answer(self, question: str, answers: tuple[str, ...]) -> str:
        assert answers == (SAVE, DISCARD, CANCEL), question
        name, said, chosen = open_name(self.hands), self.said, self.memory.random.choice(answers)
        self.memory.given_up = (self.hands.session.review, name) if chosen == DISCARD else None
        if chosen == SAVE:
            self.memory.saved[name] = replace(said)
        return chosen

    def comment(self) -> None:
        word = "".join(self.memory.random.choices("abijkn ", k=3))
        field_ = self.hands.dock(CORRECT).comment
        self.hands.click(field_)
        field_.end(False)
        self.said.comment += word
        self.hands.type(word)

    def erase(self) -> None:
        self.hands.click(self.hands.dock(CORRECT).comment)
        self.hands.dock(CORRECT).comment.end(False)
        self.said.comment = self.said.comment[:-1]
        self.hands.key(Qt.Key.Key_Backspace)

    def difficulty(self) -> None:
        self.said.difficulty = self.memory.random.randrange(4)
        choose(self.hands, self.hands.dock(CORRECT).difficulty, self.said.difficulty)

    def truth(self) -> None:
        self.said.truth = self.memory.random.randrange(4)
        choose(self.hands, self.hands.dock(CORRECT).truth, self.said.truth)

    def tick_slice(self) -> None:
        self.said.ischemia_here = 1 - self.said.ischemia_here
        self.hands.click(self.hands.dock(CORRECT).slice_checks[LesionClass.ISCHEMIA])

    def tick_series(self) -> None:
        self.said.hemorrhage_anywhere = 1 - self.said.hemorrhage_anywhere
        self.hands.click(self.hands.dock(CORRECT).series_checks[LesionClass.HEMORRHAGE])

    def finish(self) -> None:
        key = self.memory.random.choice(list(VERDICTS))
        name = open_name(self.hands)
        self.said.status = VERDICTS[key]
        self.memory.saved[name] = replace(self.said)
        shift = Qt.KeyboardModifier.ShiftModifier if "Shift" in key else Qt.KeyboardModifier.NoModifier
        self.hands.key(getattr(Qt.Key, "Key_" + key.rpartition("+")[2]), shift)

    def save(self) -> None:
        self.memory.saved[open_name(self.hands)] = replace(self.said)
        self.hands.click(self.hands.dock(CORRECT).save)
        self.hands.session.wait()

    def leave_the_field(self) -> None:
        self.hands.key(self.memory.random.choice([Qt.Key.Key_Return, Qt.Key.Key_Escape]))

    def open(self) -> None:
        open_from_list(self.hands, self.memory.random.choice(CASES))

    def next(self) -> None:
        self.hands.press(self.memory.random.choice([Qt.Key.Key_N, Qt.Key.Key_J]))

    def step(self) -> str:
        does = self.memory.random.choice([
            self.comment, self.comment, self.erase, self.difficulty, self.truth, self.tick_slice, self.tick_series,
            self.finish, self.save, self.leave_the_field, self.open, self.open, self.next,
        ])  # fmt: skip
        does()
        if self.memory.random.random() < WAITING:
            self.hands.session.wait()
            self.check(does.__name__)
        return str(does.__name__)

    def check(self, after: str) -> None:
        dock, said = self.hands.dock(CORRECT), self.said
        shown = Said(
            dock.comment.text(), dock.difficulty.currentIndex(), dock.truth.currentIndex(),
            int(dock.slice_checks[LesionClass.ISCHEMIA].isChecked()),
            int(dock.series_checks[LesionClass.HEMORRHAGE].isChecked()), said.status,
        )  # fmt: skip
        assert shown == said, f"after {after} in {open_name(self.hands)}"


@pytest.mark.parametrize("seed", [1, 2])
def test_each_case_ends_with_exactly_what_was_said_of_it(reader: Any, seed: int) -> None:
    walk = Walk(reader, seed)
    done = [walk.step() for _ in range(STEPS)]
    reader.session.wait()
    assert {"finish", "open", "comment"} <= set(done)
    reader.session.ask = lambda _question, _answers: DISCARD
    for name in CASES:
        version, said = kept(reader, name), walk.memory.saved[name]
        if version is None:
            assert said == Said()
            continue
        assert version.comment == said.comment
        assert said.status in {version.status, ""}
        open_from_list(reader, name)
        reader.session.wait()
        walk.memory.now[name] = said
        walk.check("reopening")
