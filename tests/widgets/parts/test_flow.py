"""Parts that go on in a further line, and what scrolls."""

from __future__ import annotations

from typing import Any

import pytest
from qtpy.QtCore import QPoint, QPointF, Qt
from qtpy.QtGui import QWheelEvent
from qtpy.QtWidgets import QApplication, QComboBox, QLineEdit, QWidget

from napari_cpam_stroke.widgets.parts.flow import Flow
from napari_cpam_stroke.widgets.parts.scroll_body import LEAST_HEIGHT, ScrollBody
from napari_cpam_stroke.widgets.parts.wrapped_text import WrappedText

UID = "1.2.840.113619.2.408.14196467.2245681.18914.1548083110.613"


def block(width: int, height: int = 20) -> QWidget:
    made = QWidget()
    made.setFixedSize(width, height)
    return made


@pytest.mark.parametrize(("width", "tops"), [(310, [0, 0, 0]), (210, [0, 0, 24]), (100, [0, 24, 48])])
def test_a_flow_folds_where_the_width_ends(qtbot: Any, width: int, tops: list[int]) -> None:
    parts = [block(100) for _ in range(3)]
    holder = QWidget()
    qtbot.addWidget(holder)
    holder.setLayout(Flow(*parts, gap=4))
    holder.resize(width, 200)
    holder.show()
    assert [part.y() for part in parts] == tops
    assert holder.layout().heightForWidth(width) == tops[-1] + 20
    assert holder.layout().minimumSize().width() == 100


def test_what_wants_more_takes_the_rest_of_its_line_and_a_line_has_one_middle(qtbot: Any) -> None:
    field, low = QLineEdit(), block(50, 10)
    holder = QWidget()
    qtbot.addWidget(holder)
    holder.setLayout(Flow(low, field, gap=4))
    holder.resize(600, 100)
    holder.show()
    assert field.geometry().right() == 599
    assert abs(low.geometry().center().y() - field.geometry().center().y()) <= 1


def test_a_low_dock_scrolls_and_its_width_leaves_room_for_the_bar(qtbot: Any) -> None:
    body = QWidget()
    body.setLayout(Flow(block(120, 400)))
    area = ScrollBody(body)
    qtbot.addWidget(area)
    area.resize(area.minimumSizeHint())
    area.show()
    qtbot.wait(50)
    assert area.height() == LEAST_HEIGHT
    assert area.verticalScrollBar().isVisible()
    assert not area.horizontalScrollBar().isVisible()
    assert area.missing_height() == 400 - area.viewport().height()


def test_the_wheel_scrolls_and_changes_no_choice_under_it(qtbot: Any) -> None:
    body = QWidget()
    choice = QComboBox()
    choice.addItems(["this CT", "MR", "follow-up"])
    choice.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
    body.setLayout(Flow(choice))
    body.setMinimumHeight(400)
    area = ScrollBody(body)
    qtbot.addWidget(area)
    area.resize(200, 100)
    area.show()
    qtbot.wait(50)
    turn = QWheelEvent(
        QPointF(5, 5), QPointF(choice.mapToGlobal(QPoint(5, 5))), QPoint(0, -120), QPoint(0, -120),
        Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(choice, turn)
    assert choice.currentIndex() == 0
    assert area.verticalScrollBar().value() > 0


def test_a_long_word_shows_both_ends_and_stays_whole_for_who_asks(qtbot: Any) -> None:
    label = WrappedText(f"Series {UID} is missing")
    qtbot.addWidget(label)
    label.resize(150, 100)
    label.show()
    assert UID not in label.shown
    assert label.shown.startswith("Series 1.2.")
    assert label.shown.endswith("613 is missing")
    assert label.text() == label.toolTip() == f"Series {UID} is missing"
    label.actions()[0].trigger()
    assert QApplication.clipboard().text() == label.text()
    label.resize(2000, 100)
    assert label.shown == label.text()
    assert not label.toolTip()
