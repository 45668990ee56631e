"""How well are gaps filled, and targets predicted? Real tables in, one row a question and method out, as CSV.

    TABGEN_BENCH_DATA=FOLDER python benchmarks/imputation.py OUT.csv [--tables adult] [--fitted FOLDER]
    TABGEN_BENCH_DATA=FOLDER python benchmarks/imputation.py OUT.csv --methods tabular-argn --peers PYTHON

Tables are laid out as for `quality.py`. Test rows without a gap are given gaps; methods that learned from the
train rows fill them. Where the gaps are (Rubin 1976):

mcar      each cell is a gap with chance 0.3, whatever it or another holds
mar       the first column of numbers is known; any other cell is a gap with chance 0.6 times the rank of
          that number, from 0 to 1: the larger it is, the less is known of its row

What is told of a filled table:

kept      share of the known cells that were left as they were
accuracy  share of levels filled right, mean over columns
rmse      root mean square error of numbers, in standard deviations of the train rows, mean over columns
c2st      ROC AUC of boosted trees telling filled rows from true ones; 0.5 is perfect. A filled row and its
          true twin are learned from together or judged together, else the twin would give it away

A best guess errs less than a draw, but is easier to tell: no table is best at all of them. With 2,000 rows,
c2st differs by .01 to .02 between draws: compare several seeds before taking less for a gain. The question
"target" is how well the target of ``meta.json`` is predicted on all test rows, beside boosted trees fitted on
the same rows (``score``: ROC AUC, or R2 of a number). CPU seconds are those of filling or predicting (the
trees': of learning too, as of `IterativeImputer`); peers, which PYTHON runs, also tell those of fitting.
"""

import argparse
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from quality import fitted, tables
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer
from sklearn.metrics import r2_score, roc_auc_score
from sklearn.model_selection import GroupKFold, cross_val_predict

from tabgen import TabularGAN

GAPS = 0.3  # share of cells
TREES = {"max_iter": 200, "learning_rate": 0.1, "early_stopping": False, "random_state": 0}
OWN = {"tabgen", "target"}  # methods that need a fitted model
COLUMNS = [
    *("table", "question", "seed", "method", "rows", "kept", "accuracy", "rmse", "c2st", "score"),
    *("fit_cpu_s", "fill_cpu_s"),
]
Question = tuple[str, int]  # where the gaps are, and the seed of gaps and draws
Tables = dict[Question, pd.DataFrame]
Filled = Iterator[tuple[str, Question, pd.DataFrame, dict[str, float]]]  # method, question, table, costs


def trees() -> HistGradientBoostingClassifier:
    return HistGradientBoostingClassifier(**TREES)


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


def utility(learn: pd.DataFrame, test: pd.DataFrame, target: str, task: str) -> float:
    learn, test = numbers(learn.dropna(subset=target), test.dropna(subset=target))
    x, y, x_test, y_test = (part for f in (learn, test) for part in (f.drop(columns=target), f[target]))
    if task == "regression":
        return float(r2_score(y_test, HistGradientBoostingRegressor(**TREES).fit(x, y).predict(x_test)))
    return float(roc_auc_score(y_test, trees().fit(x, y).predict_proba(x_test)[:, -1]))


def gaps(true: pd.DataFrame, seed: int) -> Tables:
    """Return where gaps shall be."""
    chance = np.random.default_rng(seed).random(true.shape)
    driver = true.select_dtypes("number").columns[0]
    rank = true[driver].rank(pct=True).to_numpy()
    at_random = chance < 2 * GAPS * rank[:, None]
    at_random[:, true.columns.get_loc(driver)] = False
    holes = {"mcar": chance < GAPS, "mar": at_random}
    return {(name, seed): pd.DataFrame(hole, true.index, true.columns) for name, hole in holes.items()}


def by_tabgen(gan: TabularGAN, gappy: Tables) -> Filled:
    for question, table in gappy.items():
        for method, point in (("tabgen", False), ("tabgen-point", True)):
            began = time.process_time()
            filled = gan.complete(table, point=point, seed=question[1])
            yield method, question, filled, {"fill_cpu_s": time.process_time() - began}


def by_iteration(train: pd.DataFrame, gappy: Tables) -> Filled:
    """Fill by chained regressions (van Buuren & Groothuis-Oudshoorn 2011): linear, drawn, and by trees."""
    for question, table in gappy.items():
        seed = question[1]
        regressor = HistGradientBoostingRegressor(max_iter=50, random_state=seed)
        imputers = {
            "iterative": IterativeImputer(random_state=seed),
            "iterative-draw": IterativeImputer(sample_posterior=True, random_state=seed),
            "iterative-trees": IterativeImputer(regressor, max_iter=5, random_state=seed),
        }
        for method, imputer in imputers.items():
            began = time.process_time()
            filled = iterate(imputer, train, table)
            yield method, question, filled, {"fill_cpu_s": time.process_time() - began}


def iterate(imputer: IterativeImputer, train: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Fill on codes of levels; a guess becomes the nearest value of the train rows."""
    learned, known = numbers(train, table)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        guesses = imputer.fit_transform(pd.concat([learned, known]))[len(train) :]
    filled = table.copy()
    for name, guess in zip(known, guesses.T, strict=True):
        values = train[name].set_axis(learned[name]).groupby(level=0).first()
        nearest = values.iloc[values.index.get_indexer(guess, method="nearest")]
        filled[name] = table[name].where(table[name].notna(), nearest.set_axis(table.index))
    return filled


def by_peer(python: Path, model: str, train: pd.DataFrame, gappy: Tables) -> Filled:
    """Have a peer fill the tables, in a process of its own environment."""
    whole = dict.fromkeys(train.select_dtypes("integer").columns, "Int64")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        train.to_parquet(folder / "train.parquet", index=False)
        names = {question: "-".join(map(str, question)) for question in gappy}
        for question, table in gappy.items():
            table.astype(whole).to_parquet(folder / f"gaps-{names[question]}.parquet", index=False)
        script = Path(__file__).with_name("peers_imputation.py")
        subprocess.run([python, script, model, folder], check=True)
        costs = pd.read_csv(folder / "costs.csv", index_col="gaps")
        for question, name in names.items():
            filled = pd.read_parquet(folder / f"filled-{name}.parquet")
            yield model, question, filled, costs.loc[name].to_dict()


def errors(
    true: pd.DataFrame, filled: pd.DataFrame, hole: pd.DataFrame, train: pd.DataFrame
) -> dict[str, float]:
    """Return how right a filled table is."""
    assert filled.notna().all(axis=None), "a gap was left"
    codes, own, learned = numbers(true, filled, train)
    same = codes == own
    apart = ((codes - own) / learned.std()) ** 2
    measured = [
        name for name, kind in true.dtypes.items()
        if pd.api.types.is_numeric_dtype(kind) or pd.api.types.is_datetime64_any_dtype(kind)
    ]  # fmt: skip
    return {
        "kept": same.to_numpy()[~hole.to_numpy()].mean(),
        "accuracy": same.where(hole).drop(columns=measured).astype(float).mean().mean(),
        "rmse": np.sqrt(apart.where(hole)[measured].mean()).mean(),
    }


def told_apart(true: pd.DataFrame, filled: pd.DataFrame) -> float:
    """Return the ROC AUC of trees that tell filled rows from true ones."""
    rows, label = pd.concat(numbers(true, filled)), np.repeat([0, 1], len(true))
    folds = GroupKFold(5, shuffle=True, random_state=0)
    twins = np.tile(np.arange(len(true)), 2)
    odds = cross_val_predict(trees(), rows, label, groups=twins, cv=folds, method="predict_proba")
    return float(roc_auc_score(label, odds[:, 1]))


def predictions(
    gan: TabularGAN, train: pd.DataFrame, test: pd.DataFrame, facts: dict[str, str]
) -> Iterator[dict[str, object]]:
    """Yield how well the target is predicted, by tabgen and by boosted trees."""
    target, task = facts["target"], facts["task"]
    known = test.dropna(subset=target)
    began = time.process_time()
    if task == "regression":
        score = r2_score(known[target], gan.predict(known, target))
    else:
        odds = gan.predict_proba(known, target)
        score = roc_auc_score(known[target] == odds.columns[-1], odds.iloc[:, -1])
    about = {"question": "target", "rows": len(known)}
    yield {**about, "method": "tabgen", "score": score, "fill_cpu_s": time.process_time() - began}
    began = time.process_time()
    score = utility(train, test, target, task)
    yield {**about, "method": "trees", "score": score, "fill_cpu_s": time.process_time() - began}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("out", type=Path, help="CSV file; rows are added to it")
    parser.add_argument("--tables", default="", help="names, separated by commas; by default all")
    parser.add_argument(
        "--methods", default="tabgen,iterative,target", help="or those of peers_imputation.py"
    )
    parser.add_argument("--peers", type=Path, help="Python of the environment of peers")
    parser.add_argument("--seeds", default="0", help="seeds of gaps and draws, separated by commas")
    parser.add_argument("--rows", type=int, default=2_000, help="test rows to fill, at most")
    parser.add_argument("--model", default="vae-gan")
    parser.add_argument("--fitted", type=Path, help="folder of fitted models; those that it lacks are added")
    options = parser.parse_args()
    methods = options.methods.split(",")
    if set(methods) - {*OWN, "iterative"} and not options.peers:
        parser.error("Peers fill in an environment of their own: name its Python with --peers.")
    for name, (train, test, facts) in tables([t for t in options.tables.split(",") if t]).items():
        true = test.dropna().head(options.rows).reset_index(drop=True)
        holes = {q: hole for seed in options.seeds.split(",") for q, hole in gaps(true, int(seed)).items()}
        gappy = {question: true.mask(hole) for question, hole in holes.items()}
        if OWN & set(methods):
            gan = fitted(name, train, options.model, options.fitted)
        for group in methods:
            if group == "target":
                rows = predictions(gan, train, test, facts)
            else:
                made = (
                    by_tabgen(gan, gappy) if group == "tabgen"
                    else by_iteration(train, gappy) if group == "iterative"
                    else by_peer(options.peers, group, train, gappy)
                )  # fmt: skip
                rows = (
                    {"question": question[0], "seed": question[1], "method": method, "rows": len(true)}
                    | errors(true, filled.astype(true.dtypes), holes[question], train)
                    | {"c2st": told_apart(true, filled.astype(true.dtypes)), **costs}
                    for method, question, filled, costs in made
                )
            for row in rows:
                told = pd.DataFrame([{"table": name, **row}]).reindex(columns=COLUMNS).round(4)
                told["date"] = pd.Timestamp.now().strftime("%Y-%m-%d")
                told.to_csv(options.out, mode="a", header=not options.out.exists(), index=False)
                print(told.to_string(index=False), flush=True)


if __name__ == "__main__":
    main()
