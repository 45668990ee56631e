"""A real and a synthetic table to scores: fidelity, two-sample tests, utility, distance to real rows."""

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.metrics import r2_score, roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.neighbors import NearestNeighbors
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

MOST_ROWS = 10_000
MOST_LEVELS = 30  # of a column that a neural network sees one by one
TREES = {"max_iter": 200, "learning_rate": 0.1, "early_stopping": False, "random_state": 0}


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
    """
    from tabgen.evaluation import evaluate

    card = evaluate(train, synthetic)
    target, task = facts["target"], facts["task"]
    return {
        "shape": 100 * card.shape,
        "pairs": 100 * card.trend,
        "c2st": c2st(train, synthetic, trees()),
        "c2st_test": c2st(test, synthetic, trees()),
        "mlp": c2st(train, synthetic, network()),
        "tstr": utility(synthetic, test, target, task),
        "trtr": utility(train, test, target, task),
        "dcr": nearer_to_train(train, test, synthetic),
        "copies": copies(train, synthetic),
        "copies_real": copies(train, test),
    }


def trees() -> HistGradientBoostingClassifier:
    return HistGradientBoostingClassifier(**TREES)


def network() -> object:
    layers = MLPClassifier((128, 128), alpha=1e-3, early_stopping=True, max_iter=60, random_state=0)
    return make_pipeline(StandardScaler(), layers)


def numbers(*frames: pd.DataFrame) -> list[pd.DataFrame]:
    """Return the frames with levels as category codes and moments as seconds."""
    whole = pd.concat(frames, keys=range(len(frames)))
    for name in whole:
        if pd.api.types.is_datetime64_any_dtype(whole[name].dtype):
            whole[name] = (whole[name] - whole[name].min()).dt.total_seconds()
        elif not pd.api.types.is_numeric_dtype(whole[name].dtype):
            codes = whole[name].astype(object).astype("category").cat.codes.astype(float)
            whole[name] = codes.where(codes >= 0)
        else:
            whole[name] = whole[name].astype(float)
    return [whole.loc[number] for number in range(len(frames))]


def features(*frames: pd.DataFrame) -> list[pd.DataFrame]:
    """Return the frames as numbers without gaps: ranks, and one column a level where there are few."""
    whole = pd.concat(numbers(*frames), keys=range(len(frames)))
    words = [
        name for name in whole if not pd.api.types.is_numeric_dtype(frames[0][name].dtype)
        and not pd.api.types.is_datetime64_any_dtype(frames[0][name].dtype)
        and whole[name].nunique() <= MOST_LEVELS
    ]  # fmt: skip
    rest = whole.drop(columns=words)
    parts = [rest.rank(pct=True).fillna(-0.1), rest.isna().astype(float).add_suffix(" missing")]
    if words:
        parts.append(pd.get_dummies(whole[words].astype("category"), dtype=float))
    joined = pd.concat(parts, axis=1)
    joined.columns = joined.columns.astype(str)
    return [joined.loc[number] for number in range(len(frames))]


def c2st(real: pd.DataFrame, synthetic: pd.DataFrame, judge: object) -> float:
    n = min(len(real), len(synthetic), MOST_ROWS)
    own = features if judge.__class__.__name__ == "Pipeline" else numbers
    rows = pd.concat(own(real.sample(n, random_state=0), synthetic.sample(n, random_state=0)))
    label = np.repeat([0, 1], n)
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    chance = cross_val_predict(judge, rows, label, cv=folds, method="predict_proba")[:, 1]
    return float(roc_auc_score(label, chance))


def utility(learn: pd.DataFrame, test: pd.DataFrame, target: str, task: str) -> float:
    learn, test = numbers(learn.dropna(subset=target), test.dropna(subset=target))
    x, y, x_test, y_test = (part for f in (learn, test) for part in (f.drop(columns=target), f[target]))
    if task == "regression":
        model = HistGradientBoostingRegressor(**TREES).fit(x, y)
        return float(r2_score(y_test, model.predict(x_test)))
    model = trees().fit(x, y)
    return float(roc_auc_score(y_test, model.predict_proba(x_test)[:, -1]))


def nearer_to_train(train: pd.DataFrame, test: pd.DataFrame, synthetic: pd.DataFrame) -> float:
    n = min(len(train), len(test), MOST_ROWS)
    frames = [
        f.sample(min(len(f), m), random_state=1) for f, m in ((train, n), (test, n), (synthetic, 3_000))
    ]
    near, far, own = (frame.to_numpy(dtype="float32") for frame in features(*frames))
    to_train, to_test = (NearestNeighbors(n_neighbors=1).fit(x).kneighbors(own)[0] for x in (near, far))
    return float((to_train < to_test).mean() + 0.5 * (to_train == to_test).mean())


def copies(train: pd.DataFrame, other: pd.DataFrame) -> float:
    known = set(pd.util.hash_pandas_object(train, index=False))
    return 100 * float(pd.util.hash_pandas_object(other, index=False).isin(known).mean())
