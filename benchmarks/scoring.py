"""A real and a synthetic table to scores: fidelity, two-sample tests, utility, distance to real rows."""

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

TREES = {"max_iter": 200, "learning_rate": 0.1, "early_stopping": False, "random_state": 0}
DRAWS = 5  # of as many synthetic rows as there are test rows, which may be few: scores of one draw are noisy


def score(
    train: pd.DataFrame, test: pd.DataFrame, synthetic: pd.DataFrame, facts: dict[str, str]
) -> dict[str, float]:
    """Return all scores of a synthetic table.

    shape, pairs     mean distance of columns and of pairs of columns to the train rows, in %
    c2st, c2st_test  ROC AUC of boosted trees telling train or test rows from synthetic ones; 0.5 is perfect
    mlp              the same of a neural network on train rows: a second opinion that is no tree
    tstr, trtr       boosted trees fitted on synthetic or on train rows, scored on test rows (AUC or R2)
    dcr              share of synthetic rows nearer to train than to as many test rows; 0.5: none is copied
    copies           share of synthetic rows that equal a train row, in %; copies_real: of test rows

    They are those of `tabgen.evaluation`, but for three things: trees are twice as many, for utility all
    rows count, and c2st_test and dcr are means over draws of rows.
    """
    from tabgen.evaluation import compare
    from tabgen.evaluation.disclosure import copies, disclosure_scores
    from tabgen.evaluation.features import numbers, places
    from tabgen.evaluation.fidelity import column_scores, pair_scores
    from tabgen.evaluation.twosample import two_sample_test
    from tabgen.evaluation.utility import Problem, fit, grade, problem

    tables = compare(train, synthetic, test)
    real, made, held = tables.real, tables.synthetic, tables.holdout
    column = next(column for column in tables.schema.columns if column.name == facts["target"])
    aim = problem(real, column.name, column)
    if facts["task"] == "regression":  # also of a number that has two values
        aim = Problem(column.name, None)
    trees = HistGradientBoostingRegressor if aim.classes is None else HistGradientBoostingClassifier
    held = held.dropna(subset=[column.name])

    def utility(learned: pd.DataFrame) -> float:
        learned = learned.dropna(subset=[column.name])
        inputs, asked = (numbers(frame.drop(columns=column.name)) for frame in (learned, held))
        return grade(fit(trees(**TREES), inputs, learned, aim), asked, aim.truth(held), aim)[0]

    judge = HistGradientBoostingClassifier(**TREES)

    def nearer(draw: int) -> float:
        scores = disclosure_scores(real, made, tables.holdout, draw)[1]
        return next(score.value for score in scores if score.name == "dcr_share")

    sides = numbers(tables.holdout), numbers(made)
    unseen = [two_sample_test(*sides, judge, seed=draw).auc for draw in range(DRAWS)]
    return {
        "shape": 100 * column_scores(real, made)["distance"].mean(),
        "pairs": 100 * pair_scores(real, made)["distance"].mean(),
        "c2st": two_sample_test(numbers(real), numbers(made), judge).auc,
        "c2st_test": float(np.mean(unseen)),
        "mlp": two_sample_test(*places(real, real, made), network()).auc,
        "tstr": utility(made),
        "trtr": utility(real),
        "dcr": float(np.mean([nearer(draw) for draw in range(DRAWS)])),
        "copies": 100 * copies(real, made),
        "copies_real": 100 * copies(real, tables.holdout),
    }


def network() -> object:
    layers = MLPClassifier((128, 128), alpha=1e-3, early_stopping=True, max_iter=60, random_state=0)
    return make_pipeline(StandardScaler(), layers)
