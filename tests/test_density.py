"""Alpha-precision and beta-recall are what they must be for Gaussians, by theory."""

import numpy as np
import pytest
from scipy.stats import chi2, ncx2

from tabgen.evaluation.density import GRID, NEIGHBOURS, alpha_precision, beta_recall

AXES, ROWS = 5, 3_000


def gaussian(seed, shift=0.0, spread=1.0):
    return spread * np.random.default_rng(seed).normal(size=(ROWS, AXES)) + shift / AXES**0.5


def area(shares):
    return 1 - 2 * np.abs(shares - GRID).mean()


REAL = gaussian(0)


@pytest.mark.parametrize("shift", [0.0, 0.5, 1.0, 2.0, 4.0])
def test_alpha_precision_of_a_shift_is_that_of_theory(shift):
    inside = ncx2.cdf(chi2.ppf(GRID, AXES), AXES, shift**2) if shift else GRID
    value, error = alpha_precision(REAL, gaussian(1, shift))
    assert value == pytest.approx(area(inside), abs=max(4 * error, 0.02))
    assert 0 <= error < 0.02


@pytest.mark.parametrize("spread", [0.5, 1.0, 2.0])
def test_alpha_precision_of_a_spread_is_that_of_theory(spread):
    inside = chi2.cdf(chi2.ppf(GRID, AXES) / spread**2, AXES)
    value, error = alpha_precision(REAL, gaussian(1, spread=spread))
    assert value == pytest.approx(area(inside), abs=max(4 * error, 0.02))


def test_beta_recall_of_the_same_law_is_near_what_neighbours_allow():
    value, error = beta_recall(REAL, gaussian(1))
    assert value == pytest.approx(1 - 2.0**-NEIGHBOURS, abs=0.08)
    assert 0 < error < 0.02


def test_both_fall_as_the_shift_grows():
    shifts = [0.0, 1.0, 2.0, 4.0, 8.0]
    precision, recall = (
        [score(REAL, gaussian(1, shift))[0] for shift in shifts] for score in (alpha_precision, beta_recall)
    )
    assert np.all(np.diff(precision) < 0)
    assert np.all(np.diff(recall) < 0)
    assert precision[-1] < 0.02
    assert recall[-1] < 0.02


def test_a_lost_mode_costs_recall_and_an_invented_one_precision():
    modes = [gaussian(seed, shift) for seed, shift in ((2, 0.0), (3, 30.0))]
    both = np.concatenate([mode[::2] for mode in modes])
    lost = gaussian(4)
    assert beta_recall(both, lost)[0] < 0.55  # half of the real rows are never covered
    assert beta_recall(both, np.concatenate([lost[::2], gaussian(5, 30.0)[::2]]))[0] > 0.85
    assert alpha_precision(lost, both)[0] == pytest.approx(0.5, abs=0.05)  # half of the rows are outliers
