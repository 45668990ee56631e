"""A privacy budget and the releases that it pays for to the noise of each, and to what was spent."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from numbers import Real
from typing import Any

from scipy.optimize import brentq

# How the budget is split: shares of the squared signal-to-noise ratio, of the releases that take place.
SHARES = {
    "values": 0.08,  # counts of levels and of frequent numbers, missing ones
    "magnitudes": 0.02,  # counts of powers of two, in which numbers without public bounds lie
    "cells": 0.06,  # fine histograms of numbers and of parts of dates
    "first scores": 0.04,  # how far each pair of tokens is from independence
    "first pairs": 0.15,  # counts of the pairs chosen
    "second scores": 0.05,  # how far each pair is from what the first ones imply
    "second pairs": 0.15,
    "steps": 0.45,  # gradients
}
LEVELS_DELTA = 0.1  # share of delta for the chance that a value of one row passes the threshold
GRID = 1e-3  # of privacy losses, as a share of epsilon: the accountant rounds them up to it
CLOSE = 1e-3  # by how much of it the epsilon spent falls short of the target
LEAST_EPSILON, MOST_EPSILON = 0.01, 100.0


@dataclass(frozen=True)
class DifferentialPrivacy:
    """A budget of differential privacy, (epsilon, delta), for all that a fit learns of the rows.

    Parameters
    ----------
    epsilon : float
        Bound of the privacy loss, in nats, from 0.01 to 100: what anyone can learn of one row from the
        fitted model, however much they know otherwise. 1 is strong, above 10 there is little left.
    delta : float, default=1e-5
        Chance with which the bound may fail; it must be below 1 / rows.
    bounds : mapping of label to (float, float), optional
        Public least and greatest values of columns of numbers, in their own unit, durations in that of
        their dtype. They save the part of the budget that else looks for them. They must come from
        knowledge of the world, never from the table.

    Raises
    ------
    ValueError
        If epsilon, delta or a pair of bounds is out of range.

    Notes
    -----
    **What is protected.** Neighbouring tables differ in one row, which the other has emptied ("zero-out",
    also called replace-special: Kairouz et al. 2021). The number of rows is public, and so are names, order,
    kinds and dtypes of columns, how numbers and dates are written (decimals, formats, the parts of a date in
    use, which column holds keys), ``bounds``, relations that are given, and all other parameters. All else
    that the fitted model holds is differentially private. A person with k rows has k times epsilon. For
    tables that differ by one row *replaced* by another, epsilon is at most twice as large.

    **The mechanism.** Everything is read through Gaussian noise, whose scale is one number times what each
    release was planned to cost (``tabgen.privacy.SHARES``). That number is searched until the whole
    composition spends epsilon at 90 % of delta, by privacy loss distributions (Koskela et al. 2020; package
    dp-accounting). 10 % of delta covers thresholds (Korolova et al. 2009): a level, or a number that stands
    for itself, is kept where its noisy count is so great that one row alone would pass with less than that
    chance. Then:

    1. Noisy counts of levels and of frequent numbers, thresholded; noisy counts of missing values.
    2. Noisy counts of powers of two, which bound numbers without public bounds; noisy histograms in between.
       Leaves are cut from these; values are drawn evenly inside a leaf. No extreme and no quantile is kept.
    3. Twice: noisy distances of all pairs of tokens from what is known so far, then noisy counts of the pairs
       that promise most (after McKenna et al. 2022). Log-linear tables are fitted to these counts on rows
       drawn from the tables themselves.
    4. The network learns what is left by DP-SGD (Abadi et al. 2016): Poisson-sampled batches, the gradient of
       each row clipped to a norm of 1, Gaussian noise on their sum, a number of steps fixed in advance.

    No row is held out, nothing is validated, and no loss is kept: those would be further looks at the rows.
    Keys and free text are not learned at all: numbers count from 1, texts are random UUIDs. A row with a
    level that was not kept counts as one of the levels that were.

    **Assumptions.** Noise is drawn in floating point, which a determined attacker may exploit (Mironov 2012),
    by NumPy's PCG64, which is not a cryptographic generator. With ``random_state`` given anyone who knows
    or guesses it can subtract the noise: leave it at None for a release. It is not written to the model
    file. Time and memory of a fit are not protected, nor are error messages, which are for the holder of the
    table. Fitting twice spends twice.

    Examples
    --------
    >>> DifferentialPrivacy(epsilon=3.0, bounds={"age": (0, 120)})
    DifferentialPrivacy(epsilon=3.0, delta=1e-05, bounds={'age': (0, 120)})
    """

    epsilon: float
    delta: float = 1e-5
    bounds: Mapping[Hashable, tuple[float, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not (_is_number(self.epsilon) and LEAST_EPSILON <= self.epsilon <= MOST_EPSILON):
            raise ValueError(f"epsilon must be from 0.01 to 100, but is {self.epsilon!r}. Choose 1 to 10.")
        if not (_is_number(self.delta) and 0 < self.delta < 1):
            raise ValueError(f"delta must be between 0 and 1, but is {self.delta!r}. Choose 1e-5.")
        for name, pair in self.bounds.items():
            valid = isinstance(pair, Sequence) and len(pair) == 2 and all(map(_is_number, pair))
            if not (valid and pair[0] < pair[1]):
                raise ValueError(
                    f"The bounds of column {name!r} must be two numbers, the lower first, but are {pair!r}."
                )


@dataclass(frozen=True)
class Spending:
    """What a fit released, with how much noise, and what that spent.

    Attributes
    ----------
    epsilon, delta : float
        What was spent; never more than the budget.
    noise : dict of str to float
        Noise multiplier of each release: standard deviation over the most that one row can change it.
    steps : int
        Noisy gradient steps.
    rate : float
        Chance of each row to be in a step's batch.
    """

    epsilon: float
    delta: float
    noise: dict[str, float]
    steps: int
    rate: float

    @property
    def threshold_delta(self) -> float:
        """The part of delta that covers thresholds."""
        return LEVELS_DELTA * self.delta

    def describe(self) -> str:
        """Return it as a line of text."""
        noise = ", ".join(f"{name} {multiplier:.3g}" for name, multiplier in self.noise.items())
        return (
            f"epsilon {self.epsilon:.4g} at delta {self.delta:.3g} spent; noise multipliers: "
            f"{noise}; {self.steps:,} steps of {self.rate:.4g} of the rows"
        )


def plan_spending(budget: DifferentialPrivacy, releases: Sequence[str], steps: int, rate: float) -> Spending:
    """Find the least noise with which the releases stay within the budget.

    Parameters
    ----------
    budget : DifferentialPrivacy
        What may be spent.
    releases : sequence of str
        Names out of ``SHARES``; ``"steps"`` are all gradient steps.
    steps : int
        Number of gradient steps.
    rate : float
        Chance of each row to be in a step's batch.

    Returns
    -------
    Spending
        Its epsilon lies about 0.1 % below that of the budget.

    Raises
    ------
    ImportError
        If dp-accounting is not installed.
    """

    def spending(scale: float) -> Spending:
        noise = {name: scale / math.sqrt(SHARES[name]) for name in releases}
        if "steps" in noise:
            noise["steps"] *= rate * math.sqrt(steps)
        grid = GRID * budget.epsilon
        spent = spent_epsilon(noise, steps, rate, (1 - LEVELS_DELTA) * budget.delta, grid)
        return Spending(spent, budget.delta, noise, steps, rate)

    @cache
    def excess(power: float) -> float:
        return spending(math.exp(power)).epsilon - (1 - CLOSE) * budget.epsilon

    low = high = math.log(1 + 3 / budget.epsilon)  # about right for one Gaussian release
    while excess(high) > 0:
        high += 1
    while excess(low) <= 0:
        low -= 1
    power = float(brentq(excess, low, high, xtol=CLOSE / 4))
    while (found := spending(math.exp(power))).epsilon > budget.epsilon:
        power += CLOSE / 4
    return found


def spent_epsilon(
    noise: Mapping[str, float], steps: int, rate: float, delta: float, grid: float = GRID
) -> float:
    """Return the epsilon that Gaussian releases and noisy gradient steps spend together.

    Parameters
    ----------
    noise : mapping of str to float
        Noise multipliers, as in `Spending`.
    steps, rate : int, float
        Number of gradient steps and the rate of Poisson sampling.
    delta : float
        At which delta.
    grid : float
        Width to which privacy losses are rounded up.
    """
    accounting, pld = _accounting()
    events = [accounting.GaussianDpEvent(sigma) for name, sigma in noise.items() if name != "steps"]
    if "steps" in noise:
        step = accounting.PoissonSampledDpEvent(rate, accounting.GaussianDpEvent(noise["steps"]))
        events.append(accounting.SelfComposedDpEvent(step, steps))
    relation = accounting.NeighboringRelation.REPLACE_SPECIAL
    accountant = pld.PLDAccountant(relation, value_discretization_interval=grid)
    return float(accountant.compose(accounting.ComposedDpEvent(events)).get_epsilon(delta))


def _accounting() -> tuple[Any, Any]:
    try:
        import dp_accounting
        from dp_accounting import pld
    except ImportError as error:
        raise ImportError(
            'privacy needs the package dp-accounting. Install it with pip install "tabgen[privacy]".'
        ) from error
    return dp_accounting, pld


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
