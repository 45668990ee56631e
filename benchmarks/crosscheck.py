"""Do our scores say what SDMetrics says? Pairs of tables in, both figures and their difference out.

    python -m venv ruler && ruler/bin/pip install -r benchmarks/crosscheck-requirements.txt
    PYTHONPATH=. TABGEN_BENCH_DATA=FOLDER ruler/bin/python benchmarks/crosscheck.py adult=FILE.parquet ...

FOLDER is laid out as for `quality.py`; each argument names one of its tables and a synthetic one, or
``adult=apart`` for its columns drawn apart from each other. SDMetrics needs pandas below 3, so it has an
environment of its own; `tabgen.evaluation` needs no TensorFlow and runs there as well.

shape         mean distance of columns. Theirs is one less Column Shapes: the same
trend levels  mean distance of those pairs in which both columns are levels: the same
trend         mean distance of all pairs. Theirs takes half the difference of Pearson's r for two numbers, and
              cuts a number beside levels into ten bins of one width, each table at its own ends; ours cuts
              at the deciles of the real table, so both tables share their cells and none is empty. Theirs
              cannot see what r does not tell (ours is higher), and where the ends differ, compares cells
              that do not match (theirs is higher)
logistic      ROC AUC of logistic regression on indicators and numbers, as theirs prepares them. Theirs is
              the mean of three folds that are drawn anew at each call, each at least .5
dcr           share of the synthetic rows nearer to real than to held-out ones, of the same 2,000 rows each
              (or fewer, where the table has no more).
              Theirs adds up differences of numbers over their range; ours those of ranks, by Euclid, and
              halves ties. On 2,000 rows, either has a standard error of .011
"""

import argparse
import json
import os
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from sdmetrics.reports.single_table import QualityReport
from sdmetrics.single_table import DCROverfittingProtection, LogisticDetection
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import RobustScaler

from tabgen.evaluation import compare
from tabgen.evaluation.disclosure import disclosure_scores
from tabgen.evaluation.fidelity import column_scores, pair_scores
from tabgen.evaluation.twosample import two_sample_test

NEAREST_ROWS = 2_000
DETECTION_ROWS = 10_000
SHOWN = ["pair", "score", "ours", "theirs", "difference"]


def plain(frame: pd.DataFrame, facts: dict) -> pd.DataFrame:
    """Return a frame in the few dtypes that both sides read alike."""
    columns = {}
    for name in facts["columns"]:
        if name in facts["categorical"]:
            text = frame[name].astype(object)
            columns[name] = text.where(text.notna(), "missing").astype(str).astype("category")
        else:
            columns[name] = pd.to_numeric(frame[name], errors="coerce").astype(float)
    return pd.DataFrame(columns).reset_index(drop=True)


def apart(train: pd.DataFrame) -> pd.DataFrame:
    """Return the columns of a table, each in an order of its own."""
    rng = np.random.default_rng(0)
    return train.apply(lambda column: column.sample(frac=1, random_state=rng).to_numpy())


def nearest(*frames: pd.DataFrame) -> list[pd.DataFrame]:
    rows = min(*map(len, frames), NEAREST_ROWS)
    return [frame.sample(rows, random_state=0) for frame in frames]


def ours(train: pd.DataFrame, test: pd.DataFrame, synthetic: pd.DataFrame) -> dict[str, float]:
    tables = compare(train, synthetic)
    pairs = pair_scores(tables.real, tables.synthetic)
    levels = {name for name, dtype in train.dtypes.items() if dtype == "category"}
    both = pairs["first"].isin(levels) & pairs["second"].isin(levels)
    rows = min(len(train), len(synthetic), DETECTION_ROWS)
    sides = [frame.sample(rows, random_state=0) for frame in (train, synthetic)]
    whole = pd.get_dummies(pd.concat(sides), dtype=float)
    marks = whole.fillna(whole.mean()).to_numpy()
    judge = make_pipeline(RobustScaler(), LogisticRegression())
    near = compare(*nearest(train, synthetic, test))
    scores = disclosure_scores(near.real, near.synthetic, near.holdout, 0)[1]
    return {
        "shape": column_scores(tables.real, tables.synthetic)["distance"].mean(),
        "trend levels": pairs["distance"][both].mean(),
        "trend": pairs["distance"].mean(),
        "logistic": max(two_sample_test(marks[:rows], marks[rows:], judge).auc, 0.5),
        "dcr": next(score.value for score in scores if score.name == "dcr_share"),
    }


def theirs(train: pd.DataFrame, test: pd.DataFrame, synthetic: pd.DataFrame, facts: dict) -> dict[str, float]:
    kinds = {name: "categorical" if name in facts["categorical"] else "numerical" for name in train}
    metadata = {"columns": {name: {"sdtype": kind} for name, kind in kinds.items()}}
    train, test, synthetic = (
        frame.astype({name: object for name, kind in kinds.items() if kind == "categorical"})
        for frame in (train, test, synthetic)
    )
    report = QualityReport()
    # versions from 0.27 on leave weak pairs out and take a sample, unless told otherwise
    report.real_correlation_threshold = report.real_association_threshold = 0
    report.num_rows_subsample = None
    report.generate(train, synthetic, metadata, verbose=False)
    means = report.get_properties().set_index("Property")["Score"]
    pairs = report.get_details("Column Pair Trends")
    both = pairs["Column 1"].map(kinds).eq("categorical") & pairs["Column 2"].map(kinds).eq("categorical")
    rows = min(len(train), len(synthetic), DETECTION_ROWS)
    sides = (frame.sample(rows, random_state=0) for frame in (train, synthetic))
    near = nearest(train, synthetic, test)
    found = DCROverfittingProtection.compute_breakdown(*near, metadata)["synthetic_data_percentages"]
    try:
        logistic = 1 - LogisticDetection.compute(*sides, metadata) / 2
    except ValueError:  # a level that only the synthetic sample has stops it
        logistic = np.nan
    return {
        "shape": 1 - means["Column Shapes"],
        "trend levels": 1 - pairs["Score"][both].mean(),
        "trend": 1 - means["Column Pair Trends"],
        "logistic": logistic,
        "dcr": found["closer_to_training"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("pairs", nargs="+", help="TABLE=FILE.parquet or TABLE=apart")
    warnings.simplefilter("ignore")  # SDMetrics and lbfgs say much that does not matter here
    lines = []
    for pair in parser.parse_args().pairs:
        name, file = pair.split("=", 1)
        folder = Path(os.environ["TABGEN_BENCH_DATA"]) / name
        train, test = (pd.read_parquet(folder / f"{part}.parquet") for part in ("train", "test"))
        facts = {"columns": list(train), **json.loads((folder / "meta.json").read_text())}
        synthetic = apart(train) if file == "apart" else pd.read_parquet(file)
        train, test, synthetic = (plain(frame, facts) for frame in (train, test, synthetic))
        own, other = ours(train, test, synthetic), theirs(train, test, synthetic, facts)
        label = f"{name} {Path(file).stem}"
        lines += [(label, score, own[score], other[score], own[score] - other[score]) for score in own]
    print(pd.DataFrame(lines, columns=SHOWN).to_string(index=False, float_format="{:.4f}".format))


if __name__ == "__main__":
    main()
