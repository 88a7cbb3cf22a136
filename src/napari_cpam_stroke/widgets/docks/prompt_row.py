"""The prompt tools of the Correct dock: what to point with, what answers, and carrying to other slices."""

from __future__ import annotations

from functools import partial

from qtpy.QtCore import QObject
from qtpy.QtWidgets import QLayout, QPushButton, QWidget

from napari_cpam_stroke.prompting import PromptKind
from napari_cpam_stroke.widgets.parts.controls import button, drop_down, row
from napari_cpam_stroke.widgets.reading.prompt_carrying import PromptCarrying
from napari_cpam_stroke.widgets.reading.prompt_tools import PromptTools

TIPS = {
    PromptKind.POINT: ("Click into a lesion", "Shift+P"),
    PromptKind.BOX: ("Drag a box around a lesion", "Shift+B"),
    PromptKind.SCRIBBLE: ("Scribble along a lesion", "Shift+F"),
    PromptKind.LASSO: ("Draw around a lesion", "Shift+U"),
}
HOW = "the left button adds, the right one (or Shift) takes away"

LONGEST_NAME = len("random walker")
"""Letters of an engine's name that the choice always shows."""


class PromptRow(QObject):
    """Tools that are on or off, one at a time."""

    def __init__(self, prompts: PromptTools, carrying: PromptCarrying, parent: QObject) -> None:
        super().__init__(parent)
        self._prompts = prompts
        self.tools = {kind: self._tool(kind) for kind in PromptKind}
        next_slice = "Propose the lesion on the next slice {}; again accepts it and goes on"
        self.up = button("carry up", next_slice.format("up"), partial(carrying.step, 1), key="Ctrl+J")
        self.down = button("carry down", next_slice.format("down"), partial(carrying.step, -1), key="Ctrl+K")
        self.all = button("carry all", "Draw it on all slices it is seen on", carrying.everywhere, key="Shift+J")
        self.keep = button(
            "keep", "Keep the component under the cursor from prompts, or not", prompts.keep, key="Shift+Y"
        )
        self.engine = drop_down([], "What answers prompts")
        self.engine.setAccessibleName("prompt engine")
        self.engine.setMinimumContentsLength(LONGEST_NAME)
        self.engine.activated.connect(lambda at: prompts.choose(prompts.choices[at]))
        prompts.changed.connect(self._show)
        self._show()

    @property
    def parts(self) -> tuple[QWidget | QLayout, ...]:
        """What stands together in one line, in its order."""
        return (row(*self.tools.values()), row(self.up, self.down, self.all), self.keep, self.engine)

    def _tool(self, kind: PromptKind) -> QPushButton:
        tip, key = TIPS[kind]
        made = button(kind.value, f"{tip}: {HOW}", partial(self._take, kind), key=key)
        made.setCheckable(True)
        return made

    def _take(self, kind: PromptKind) -> None:
        self._prompts.take(kind)
        self._show()

    def _show(self) -> None:
        for kind, made in self.tools.items():
            made.setChecked(kind is self._prompts.kind)
        names = [choice.name for choice in self._prompts.choices]
        if names != [self.engine.itemText(at) for at in range(self.engine.count())]:
            self.engine.clear()
            self.engine.addItems(names)
        self.engine.setCurrentIndex(names.index(self._prompts.reading.answers.choice.name))
        self.engine.setVisible(len(names) > 1 and self._prompts.kind is not None)
