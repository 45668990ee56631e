"""Real, synthetic and held-out tables to a `Scorecard`: the scores, one family after the other."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np
import pandas as pd

from tabgen.errors import TableError
from tabgen.evaluation.attacks import attack_scores
from tabgen.evaluation.comparison import Comparison, compare
from tabgen.evaluation.density import alpha_precision, beta_recall
from tabgen.evaluation.disclosure import disclosure_scores
from tabgen.evaluation.features import numbers, places
from tabgen.evaluation.fidelity import fidelity_scores
from tabgen.evaluation.scorecard import Scorecard
from tabgen.evaluation.scores import FEWEST_ROWS, MOST_ROWS, NAN, Score, around
from tabgen.evaluation.twosample import TwoSample, two_sample_test
from tabgen.evaluation.utility import problem, utility_scores
from tabgen.spelling import did_you_mean
from tabgen.threads import one_thread

DENSITY_ROWS = 5_000  # of each side


def evaluate(
    real: pd.DataFrame,
    synthetic: pd.DataFrame,
    holdout: pd.DataFrame | None = None,
    target: Hashable | None = None,
    *,
    seed: int = 0,
) -> Scorecard:
    """Score a synthetic table against the real one: how alike, how useful and how safe it is.

    Every score comes with a 95 % interval and a floor, the same score of held-out real rows in the place
    of the synthetic ones. Without held-out rows, the floor is the score between two halves of the
    real table. Identifiers and free text, which are replaced and never learned, are left out.

    ===========  ====================  =====================================================================
    family       score                 what it is (ideal)
    ===========  ====================  =====================================================================
    fidelity     shape                 mean distance of columns: Kolmogorov-Smirnov or total variation (0)
    fidelity     missing               mean difference of the shares of missing values (0)
    fidelity     trend                 mean total variation of pairs of columns, numbers in real deciles (0)
    fidelity     correlation           mean difference of Spearman correlations (0)
    fidelity     association           mean difference of Cramer's V, of columns of all kinds (0)
    fidelity     nmi                   weighted mean difference of normalised mutual information (0)
    fidelity     c2st                  ROC AUC of boosted trees telling synthetic from real rows (.5)
    fidelity     alpha_precision       how typical synthetic rows are, Alaa et al. 2022 (1)
    fidelity     beta_recall           how much of the real table they cover, Alaa et al. 2022 (1)
    utility      tstr                  boosted trees trained on synthetic rows, tested on real ones (1)
    utility      trtr                  boosted trees trained on real rows, tested on real ones (1)
    utility      importance_agreement  share of permutation importances that both have in common (1)
    disclosure   dcr_share             share of synthetic rows nearer to real than to held-out rows (.5)
    disclosure   nndr                  mean ratio of the distances to the two nearest real rows
    disclosure   copies                share of synthetic rows that equal a real one
    disclosure   membership            ROC AUC of telling by distance who was learned from (.5)
    disclosure   singling_out          how much more often just one person is where a synthetic row says (0)
    disclosure   linkability           gain in ROC AUC of linking two halves of a person's columns (0)
    disclosure   attribute_inference   gain in hits of guessing a column from the others, worst column (0)
    disclosure   density_membership    ROC AUC of telling by ratio of densities who was learned from (.5)
    disclosure   worst_group           the same in the group of people of whom it tells most (.5)
    ===========  ====================  =====================================================================

    ``shape``, ``missing``, ``trend``, ``correlation``, ``association``, ``nmi`` and ``copies`` use all
    rows; the rest at most 10,000 of each table (``alpha_precision`` and ``beta_recall`` 5,000), see
    ``Scorecard.rows``. With fewer than 50 rows of a table, those are NaN.

    Parameters
    ----------
    real, synthetic : pandas.DataFrame
        Tables with the same columns, of any number of rows.
    holdout : pandas.DataFrame, optional
        Real rows that the synthetic ones were not learned from. Without them, ``dcr_share``, ``membership``
        and the attacks (`tabgen.evaluation.attacks.attacks`) are NaN: who was learned from and who was
        not cannot be compared.
    target : Hashable, optional
        Name of the column that a model should predict; without it there are no utility scores.
    seed : int
        Seed of all that is drawn.

    Returns
    -------
    Scorecard

    Raises
    ------
    TableError
        If the tables do not have the same columns, none of them has a row, or the target is not a
        column that can be predicted.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> def draw(rows):
    ...     x = rng.normal(size=rows)
    ...     return pd.DataFrame({"x": x, "y": np.where(x + rng.normal(size=rows) > 0, "yes", "no")})
    >>> real, fresh, holdout = draw(500), draw(500), draw(500)
    >>> evaluate(real, fresh, holdout, target="y").verdict.light
    'green'
    >>> copied = evaluate(real, real, holdout).verdict
    >>> copied.family("fidelity"), copied.family("disclosure")
    ('green', 'red')
    """
    return score(compare(real, synthetic, holdout), target, seed)


@one_thread
def score(tables: Comparison, target: Hashable | None = None, seed: int = 0) -> Scorecard:
    """Score tables that are tidy already, as `evaluate` does."""
    real, synthetic = tables.real, tables.synthetic
    holdout = tables.holdout if tables.holdout is not None and len(tables.holdout) else None
    facts = {column.name: column for column in tables.schema.columns}
    if target is not None and target not in facts:
        hint = did_you_mean(target, facts)
        raise TableError(f"There is no column {target!r} to predict. {hint}The columns: {list(facts)}.")
    aim = None if target is None else problem(real, target, facts[target])
    control = _control(real, len(synthetic), holdout, seed)

    columns, pairs, scores = fidelity_scores(real, synthetic, control, seed)
    columns.insert(1, "kind", columns["column"].map({name: column.kind for name, column in facts.items()}))
    test = two_sample_test(numbers(real), numbers(synthetic), seed=seed, telling=True)
    columns["telling"] = test.telling
    scores += [_two_sample_score(test, control, seed), *_density_scores(real, synthetic, control, seed)]
    utility = None
    if aim is not None:
        utility, more = utility_scores(real, synthetic, holdout, aim, seed)
        scores += more
    distances, more = disclosure_scores(real, synthetic, holdout, seed)
    scores += [*more, *attack_scores(real, synthetic, holdout, seed)]
    both = min(len(real), len(synthetic))
    rows = {
        "real": len(real),
        "synthetic": len(synthetic),
        "holdout": 0 if holdout is None else len(holdout),
        "two_sample": min(both, MOST_ROWS),
        "density": min(both, DENSITY_ROWS),
        "neighbours": min(both, MOST_ROWS),
        "utility": 0 if aim is None else min(both, MOST_ROWS),
    }
    return Scorecard(pd.DataFrame(scores), columns, pairs, test, distances, utility, rows)


def _control(
    real: pd.DataFrame, rows: int, holdout: pd.DataFrame | None, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return two frames of real rows: all and as many held-out ones as ``rows``, or two halves."""
    order = np.random.default_rng(seed).permutation(len(real if holdout is None else holdout))
    if holdout is None:
        return real.iloc[order[::2]], real.iloc[order[1::2]]
    return real, holdout.iloc[order[:rows]]


def _two_sample_score(test: TwoSample, control: tuple[pd.DataFrame, pd.DataFrame], seed: int) -> Score:
    floor = two_sample_test(*(numbers(frame) for frame in control), seed=seed)
    interval = around(test.auc, test.error, (0, 1))
    return Score("fidelity", "c2st", test.auc, *interval, floor.auc, 0.5)


def _density_scores(
    real: pd.DataFrame, synthetic: pd.DataFrame, control: tuple[pd.DataFrame, pd.DataFrame], seed: int
) -> list[Score]:
    rng = np.random.default_rng(seed)
    placed = {}
    for which, both in {"value": (real, synthetic), "floor": control}.items():
        rows = min(*map(len, both), DENSITY_ROWS)  # as many of both: more rows would cover more
        few = [frame.sample(rows, random_state=rng) for frame in both]
        placed[which] = tuple(places(real, *few))
    scores = []
    for name, density in (("alpha_precision", alpha_precision), ("beta_recall", beta_recall)):
        found = {
            which: density(one, other, seed) if len(one) >= FEWEST_ROWS and one.shape[1] else (NAN, NAN)
            for which, (one, other) in placed.items()
        }
        value, error = found["value"]
        interval = around(value, error, (-1, 1))
        scores.append(Score("fidelity", name, value, *interval, found["floor"][0], 1.0))
    return scores
