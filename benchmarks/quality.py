"""How good are default fits? Folders of real tables in, one JSON line of scores and costs a fit out.

    TABGEN_BENCH_DATA=FOLDER python benchmarks/quality.py [--tables adult,shoppers] [--seeds 0,1,2]

FOLDER holds one folder a table with ``train.parquet``, ``test.parquet`` and ``meta.json``, whose keys
``target`` and ``task`` ("classification" or "regression") name what a model should predict. Without
TABGEN_BENCH_DATA, Adult is fetched from OpenML. For comparable times: one core, one thread
(``OMP_NUM_THREADS=1 taskset -c 0``), CPU seconds.

shape, pairs    mean distance of columns and of pairs of columns to the train rows, in %
c2st, c2st_test ROC AUC of boosted trees telling train or test rows from synthetic ones; 0.5 is perfect
tstr, trtr      boosted trees fitted on synthetic or on train rows, scored on test rows (AUC or R2)
copies          share of synthetic rows that equal a train row, in %; copies_real: of test rows
"""

import argparse
import json
import os
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.datasets import fetch_openml
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.metrics import r2_score, roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict, train_test_split

MOST_ROWS = 20_000
TREES = {"max_iter": 300, "learning_rate": 0.1, "early_stopping": False}


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


def c2st(real: pd.DataFrame, synthetic: pd.DataFrame) -> float:
    n = min(len(real), len(synthetic), MOST_ROWS)
    rows = pd.concat(numbers(real.sample(n, random_state=0), synthetic.sample(n, random_state=0)))
    label = np.repeat([0, 1], n)
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    judge = HistGradientBoostingClassifier(**TREES, random_state=0)
    chance = cross_val_predict(judge, rows, label, cv=folds, method="predict_proba")[:, 1]
    return float(roc_auc_score(label, chance))


def utility(learn: pd.DataFrame, test: pd.DataFrame, target: str, task: str) -> float:
    learn, test = numbers(learn.dropna(subset=target), test.dropna(subset=target))
    x, y, x_test, y_test = (part for f in (learn, test) for part in (f.drop(columns=target), f[target]))
    if task == "regression":
        model = HistGradientBoostingRegressor(**TREES, random_state=0).fit(x, y)
        return float(r2_score(y_test, model.predict(x_test)))
    model = HistGradientBoostingClassifier(**TREES, random_state=0).fit(x, y)
    return float(roc_auc_score(y_test, model.predict_proba(x_test)[:, -1]))


def copies(train: pd.DataFrame, other: pd.DataFrame) -> float:
    known = set(pd.util.hash_pandas_object(train, index=False))
    return 100 * float(pd.util.hash_pandas_object(other, index=False).isin(known).mean())


def tables(names: list[str]) -> dict[str, tuple[pd.DataFrame, pd.DataFrame, dict[str, str]]]:
    """Return train rows, test rows and facts of each table."""
    root = os.environ.get("TABGEN_BENCH_DATA")
    if root is None:
        adult = fetch_openml("adult", version=2, as_frame=True).frame
        train, test = train_test_split(adult, test_size=1 / 3, random_state=0)
        return {"adult": (train, test, {"target": "class", "task": "classification"})}
    folders = [
        f.parent for f in sorted(Path(root).glob("*/meta.json")) if not names or f.parent.name in names
    ]
    return {
        folder.name: (
            pd.read_parquet(folder / "train.parquet"),
            pd.read_parquet(folder / "test.parquet"),
            json.loads((folder / "meta.json").read_text()),
        )
        for folder in folders
    }


def measure(train: pd.DataFrame, test: pd.DataFrame, facts: dict[str, str], seed: int) -> dict[str, float]:
    began = time.process_time()
    from tabgen import TabularGAN
    from tabgen.evaluation import evaluate

    gan = TabularGAN(random_state=seed).fit(train)
    fitted = time.process_time()
    synthetic = gan.sample(len(train), seed=seed)
    sampled = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        gan.save(Path(folder) / "model.tabgen")
        size = (Path(folder) / "model.tabgen").stat().st_size
    card = evaluate(train, synthetic)
    target, task = facts["target"], facts["task"]
    scores = {
        "shape": 100 * card.shape,
        "pairs": 100 * card.trend,
        "c2st": c2st(train, synthetic),
        "c2st_test": c2st(test, synthetic),
        "tstr": utility(synthetic, test, target, task),
        "trtr": utility(train, test, target, task),
        "copies": copies(train, synthetic),
        "copies_real": copies(train, test),
        "epochs": len(gan.history_),
        "fit_cpu_s": fitted - began,
        "sample_cpu_s": sampled - fitted,
        "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "model_mb": size / 2**20,
    }
    return {name: round(value, 4) for name, value in scores.items()}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--tables", default="", help="names, separated by commas; by default all")
    parser.add_argument("--seeds", default="0", help="seeds, separated by commas")
    options = parser.parse_args()
    for name, (train, test, facts) in tables([t for t in options.tables.split(",") if t]).items():
        for seed in map(int, options.seeds.split(",")):
            scores = measure(train, test, facts, seed)
            print(json.dumps({"table": name, "rows": len(train), "seed": seed, **scores}), flush=True)
