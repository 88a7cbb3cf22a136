"""Work that only the main thread may do, in steps: between two of them the window draws and answers."""

from __future__ import annotations

from collections.abc import Iterator

from qtpy.QtCore import QEvent, QEventLoop, QObject, QTimer, Signal
from qtpy.QtWidgets import QWidget

HANDS = {
    QEvent.Type.ShortcutOverride,
    QEvent.Type.KeyPress,
    QEvent.Type.MouseButtonPress,
    QEvent.Type.MouseButtonDblClick,
    QEvent.Type.Wheel,
    QEvent.Type.Drop,
}
"""What a person does to a window."""


class Turns(QObject):
    """One step for each turn of the event loop.

    Parameters
    ----------
    steps
        Each `next` of it does a piece of the work, short enough not to be felt.
    pause_ms
        Between two steps; 0: as soon as the window has nothing else to do.
    before_hands_on
        A window: all that is left is done at once before a key or a click reaches anything in it, for that is meant
        for what is there then. Widgets made later are not watched: Qt sends them events before they are whole.

    Notes
    -----
    At most one of `done` and `failed` is emitted, and `ended` after it; a cancelled one only ends. After that the
    object goes away by itself.
    """

    done = Signal()
    failed = Signal(object)
    ended = Signal()

    def __init__(
        self,
        steps: Iterator[None],
        parent: QObject | None = None,
        *,
        pause_ms: int = 0,
        before_hands_on: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._steps = steps
        self.running = True
        self._stepping = False
        self._clock = QTimer(self)
        self._clock.setInterval(pause_ms)
        self._clock.timeout.connect(self._step)
        self._clock.start()
        window = before_hands_on
        for watched in [] if window is None else [window, *window.findChildren(QWidget)]:
            watched.installEventFilter(self)

    def eventFilter(self, _: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Be done before the event goes on its way."""
        if event.type() in HANDS:
            while self.running and not self._stepping:
                self._step()
        return False

    def cancel(self) -> None:
        """Do no further step."""
        if self.running:
            self._end()

    def wait(self) -> None:
        """Keep the window alive until the last step is done."""
        if self.running:
            loop = QEventLoop()
            self.ended.connect(loop.quit)
            loop.exec_() if hasattr(loop, "exec_") else loop.exec()

    def _step(self) -> None:
        self._clock.stop()  # a step may open a question, and the window lives meanwhile
        self._stepping = True
        try:
            next(self._steps)
        except StopIteration:
            self._finish()
        except Exception as error:  # noqa: BLE001 - told to whoever asked for the work
            self._finish(error)
        else:
            self._clock.start() if self.running else None
        finally:
            self._stepping = False

    def _finish(self, error: Exception | None = None) -> None:
        if not self.running:
            return
        self.running = False
        self.done.emit() if error is None else self.failed.emit(error)
        self._end()

    def _end(self) -> None:
        self.running = False
        self._steps = iter(())  # it may hold a viewer that shall go
        self._clock.stop()
        self.ended.emit()
        self.deleteLater()
