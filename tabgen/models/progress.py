"""Events of training to a progress bar on standard error."""

from __future__ import annotations

import time
from collections.abc import Callable

import keras
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn


class TrainingProgress(keras.callbacks.Callback):
    """Show epoch, losses, validation and the time left, as training goes.

    Parameters
    ----------
    expected_epochs : callable
        Returns the number of epochs after which training ends at the latest.
    """

    def __init__(self, expected_epochs: Callable[[], int]) -> None:
        super().__init__()
        self.expected_epochs = expected_epochs
        self.console = Console(stderr=True)
        self.bar = Progress(
            TextColumn("[bold]training[/bold]"),
            BarColumn(bar_width=24),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            console=self.console,
            transient=True,
        )
        self.task = self.bar.add_task("starting", total=None)
        self.began = 0.0

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Draw the bar."""
        self.began = self.began or time.perf_counter()
        self.bar.start()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Move the bar on."""
        logs = logs or {}
        total = max(self.expected_epochs(), epoch + 1)
        left = (time.perf_counter() - self.began) / (epoch + 1) * (total - epoch - 1)
        text = (
            f"epoch {epoch + 1}/{total}  loss {logs.get('loss', float('nan')):.3f}  "
            f"validation {logs.get('val_loss', float('nan')):.3f}  {left:.0f} s left"
        )
        self.bar.update(self.task, total=total, completed=epoch + 1, description=text)

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        """Take the bar away."""
        self.bar.stop()
