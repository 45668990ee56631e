"""A training history to plain sentences: did it converge, could it learn more, did it learn by heart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from tabgen.history import ENOUGH

LAST_SHARE = 0.2  # of the epochs are "the end"
STILL = 0.01  # of the whole descent, and as many nats a row: less is no progress
RISE = 0.02  # of the whole descent: a rise of the validation loss beyond is no noise
ALIKE = 0.55  # AUC, or accuracy, up to which rows are said to be hard to tell apart
JUMP = 2.0  # times the first training loss: beyond, training has gone astray
APART = 0.65  # AUC from which a dead critic has left something to learn


@dataclass(frozen=True)
class Finding:
    """What one stage of training shows.

    Attributes
    ----------
    stage : str
        Which stage, as in ``TabularGAN.history_``.
    state : str
        ``"converged"``, ``"still improving"``, ``"overfit"``, ``"diverged"``, ``"too short"``, ``"fooled"``
        (rows cannot be told from real ones), ``"dead critic"`` or ``"guides"``.
    good : bool
        Whether there is nothing to do about it.
    text : str
        One or two sentences: what the curves show, and what to do.
    """

    stage: str
    state: str
    good: bool
    text: str


def read_training(history: pd.DataFrame) -> tuple[Finding, ...]:
    """Say in plain sentences what training curves show.

    Parameters
    ----------
    history : pandas.DataFrame
        One row an epoch of each stage, as in ``TabularGAN.history_``: ``stage`` ("vae", "autoencoder",
        "contest", "discriminator") and the curves of that stage.

    Returns
    -------
    tuple of Finding
        One a stage, in order; stages without curves of theirs are left out.

    Examples
    --------
    >>> falling = pd.DataFrame({"stage": "vae", "loss": [9, 7, 5, 4], "val_loss": [9.0, 7.5, 6.0, 5.0]})
    >>> read_training(falling)[0].text.partition(":")[0]
    'Still improving'
    >>> read_training(falling.assign(val_loss=[9.0, 5.0, 7.0, 8.5]))[0].state
    'overfit'
    """
    if "stage" not in history:
        return ()
    found = []
    for stage, curves in history.groupby("stage", sort=False):
        if stage in ("vae", "autoencoder") and "val_loss" in curves:
            found.append(_read_losses(str(stage), curves))
        elif stage == "contest" and "two_sample" in curves:
            found.append(_read_contest(curves))
        elif stage == "discriminator" and {"real_accuracy", "generated_accuracy"} <= set(curves):
            found.append(_read_discriminator(curves))
    return tuple(found)


def _read_losses(stage: str, curves: pd.DataFrame) -> Finding:
    """Judge the validation loss; it is known up to the annealing, which learns from all rows."""
    losses = curves["val_loss"].dropna().to_numpy()
    if len(losses) < 3:
        return Finding(
            stage,
            "too short",
            False,
            "Too short to read: fewer than three epochs were validated. Train longer.",
        )
    end = max(round(LAST_SHARE * len(losses)), 1)
    best = int(losses.argmin())
    descent = losses[0] - losses[best]
    gained = losses[:-end].min() - losses[-end:].min()
    risen = losses[-1] - losses[best]
    if best == 0 and len(losses) > 3 and _jagged(curves):
        return Finding(
            stage,
            "diverged",
            False,
            f"Diverged: the training loss rose to {curves['loss'].max():,.4g} nats a row, and the validation "
            "loss was never below that of the first epoch. Fit again with a lower learning_rate.",
        )
    if "ended" in curves and curves["ended"].iloc[-1] == ENOUGH:
        return Finding(
            stage,
            "converged",
            True,
            f"Converged: the validation loss fell from {losses[0]:.2f} to {losses[best]:.2f} nats a row in "
            f"epoch {best + 1}, and in the long run no further. Training went on from there, on all rows."
            + _told(curves),
        )
    if gained > max(STILL * descent, STILL):
        return Finding(
            stage,
            "still improving",
            False,
            f"Still improving: the validation loss fell by {gained:.2f} nats a row in the last epochs "
            f"(from {losses[0]:.2f} to {losses[best]:.2f} in all). "
            "Train longer: raise epochs or max_minutes.",
        )
    loss = curves["loss"].to_numpy()[: len(losses)] if "loss" in curves else np.full(len(losses), np.nan)
    if risen > max(RISE * descent, STILL) and loss[-1] < loss[best]:
        return Finding(
            stage,
            "overfit",
            False,
            f"Overfit from epoch {best + 1} on: the validation loss rose by {risen:.2f} nats a row while the "
            "training loss still fell. The weights of the best epoch were kept; more rows, fewer epochs or a "
            "lower learning_rate would help.",
        )
    return Finding(
        stage,
        "converged",
        True,
        f"Converged: the validation loss fell from {losses[0]:.2f} to {losses[best]:.2f} nats a row and has "
        f"stayed level since epoch {best + 1}." + _told(curves),
    )


def _jagged(curves: pd.DataFrame) -> bool:
    """Tell whether the training loss ever rose far above where it began."""
    return "loss" in curves and bool(curves["loss"].max() > JUMP * abs(curves["loss"].iloc[0]) + 1)


def _read_contest(curves: pd.DataFrame) -> Finding:
    """Judge generator and critic by the two-sample test and the critic's accuracy on held-out rows."""
    scores = curves["two_sample"].dropna()
    best = scores.min() if len(scores) else np.nan
    names = [name for name in ("val_real_accuracy", "val_generated_accuracy") if name in curves]
    accuracy = curves[names].iloc[-1].mean() if names else np.nan
    if best <= ALIKE:
        return Finding(
            "contest",
            "fooled",
            True,
            f"The generator fools an independent test: it tells generated from held-out rows with an AUC of "
            f"{best:.3f} only (0.5 is guessing).",
        )
    if accuracy <= ALIKE and best >= APART:
        return Finding(
            "contest",
            "dead critic",
            False,
            f"Dead critic: it no longer tells rows apart (accuracy {accuracy:.2f}), but an independent test "
            f'still does (AUC {best:.3f}). Fit again with another random_state, or take model="vae-gan".',
        )
    end = max(round(LAST_SHARE * len(scores)), 1)
    if len(scores) > 2 and scores.iloc[:-end].min() - scores.iloc[-end:].min() > STILL:
        return Finding(
            "contest",
            "still improving",
            False,
            f"Still improving: the two-sample test fell to {best:.3f} in the last epochs. "
            "Train longer: raise epochs or max_minutes.",
        )
    return Finding(
        "contest",
        "converged",
        True,
        f"Converged: the two-sample test stays at {best:.3f} (0.5: cannot be told).",
    )


def _read_discriminator(curves: pd.DataFrame) -> Finding:
    """Judge the trees that choose among draws by their accuracy on held-out rows."""
    accuracy = curves[["real_accuracy", "generated_accuracy"]].mean(axis=1)
    judged = (
        curves["val_loss"].idxmin() if "val_loss" in curves and curves["val_loss"].notna().any() else None
    )
    share = float(accuracy.iloc[-1] if judged is None else accuracy.loc[judged])
    if share <= ALIKE:
        return Finding(
            "discriminator",
            "fooled",
            True,
            f"The discriminator is fooled: it is right on {100 * share:.0f} % of held-out and generated "
            "rows, hardly more than by guessing.",
        )
    return Finding(
        "discriminator",
        "guides",
        True,
        f"The discriminator finds what still betrays rows: it is right on {100 * share:.0f} % of held-out "
        "and generated rows, and chooses among draws by that.",
    )


def _told(curves: pd.DataFrame) -> str:
    scores = curves["two_sample"].dropna() if "two_sample" in curves else pd.Series(dtype=float)
    if scores.empty:
        return ""
    return f" A two-sample test then tells its rows from held-out ones with an AUC of {scores.iloc[-1]:.3f}."
