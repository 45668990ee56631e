"""Boosted trees keep to one thread: on a busy machine, several would wait for each other."""

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble._hist_gradient_boosting.gradient_boosting import BaseHistGradientBoosting
from threadpoolctl import threadpool_info, threadpool_limits

from tabgen.evaluation import evaluate
from tabgen.models.discriminator import fit_discriminator
from tabgen.models.twosample import two_sample_score


def _threads():
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "openmp"}


def _rows(seed):
    return np.random.default_rng(seed).integers(0, 5, (400, 3)).astype("int32")


WORK = {
    "discriminator": lambda: fit_discriminator(_rows(0), _rows(1), _rows(2), _rows(3), seed=0),
    "two-sample score of training": lambda: two_sample_score(_rows(0), _rows(1)),
    "evaluation": lambda: evaluate(*(pd.DataFrame(_rows(seed), columns=list("abc")) for seed in (0, 1, 2))),
}


@pytest.mark.parametrize("work", WORK.values(), ids=WORK)
def test_trees_are_fitted_in_one_thread_and_the_limit_is_set_back(work, monkeypatch):
    seen, fit = [], BaseHistGradientBoosting.fit

    def noted(trees, *arguments, **options):
        seen.append(_threads())
        return fit(trees, *arguments, **options)

    monkeypatch.setattr(BaseHistGradientBoosting, "fit", noted)
    with threadpool_limits(3, user_api="openmp"):
        work()
        assert 3 in _threads()
    assert seen
    assert set().union(*seen) == {1}
