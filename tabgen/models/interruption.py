"""Ctrl-C to the end of training in good order; a second one stops at once."""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType, TracebackType
from typing import Any

import keras

SAID = "Interrupted: training ends with the best weights so far. Press Ctrl-C again to stop at once."


class Interruption(keras.callbacks.Callback):
    """Whether the user pressed Ctrl-C while training; then the step that runs is the last one.

    As a context it catches the signal, in the main thread of a process whose own code does not.

    Attributes
    ----------
    asked : bool
        Whether to end.
    """

    def __init__(self) -> None:
        super().__init__()
        self.asked = self.said = False
        self.before: Any = None

    def __enter__(self) -> Interruption:
        """Take Ctrl-C for a wish to end in good order."""
        free = signal.getsignal(signal.SIGINT) is signal.default_int_handler
        if free and threading.current_thread() is threading.main_thread():
            self.before = signal.signal(signal.SIGINT, self._ask)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave Ctrl-C as it was."""
        if self.before is not None:
            signal.signal(signal.SIGINT, self.before)
            self.before = None
        self.say()

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked = True  # said later: what runs now may be in the middle of a line itself
        signal.signal(signal.SIGINT, signal.default_int_handler)

    def say(self) -> None:
        """Tell once on standard error that training ends."""
        if self.asked and not self.said:
            self.said = True
            print(SAID, file=sys.stderr, flush=True)

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """End the epoch, if asked to; it is still validated."""
        if self.asked:
            self.say()
            self.model.stop_training = True
