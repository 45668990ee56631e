"""Do our scores say what SDMetrics says? Pairs of tables in, both figures and their difference out.

    python -m venv ruler && ruler/bin/pip install -r benchmarks/crosscheck-requirements.txt
    PYTHONPATH=. TABGEN_BENCH_DATA=FOLDER ruler/bin/python benchmarks/crosscheck.py adult=FILE.parquet ...

FOLDER is laid out as for `quality.py`; each argument names one of its tables and a synthetic one, or
``adult=apart`` for its columns drawn apart from each other, ``adult=blurred`` for numbers with noise and one
level in five drawn anew. SDMetrics needs pandas below 3, so it has an environment of its own;
`tabgen.evaluation` needs no TensorFlow and runs there as well.

shape         mean distance of columns. Theirs is one less Column Shapes: the same
trend levels  mean distance of those pairs in which both columns are levels: the same
trend         mean distance of all pairs. Theirs takes half the difference of Pearson's r for two numbers, and
              cuts a number beside levels into ten bins of one width, each table at its own ends; ours cuts
              at the deciles of the real table, so both tables share their cells and none is empty. Ours is
              higher where r does not tell, theirs where the ends differ and cells do not match
logistic      ROC AUC of logistic regression on indicators and numbers, as theirs prepares them. Theirs is
              the mean of three folds that are drawn anew at each call, each at least .5. Synthetic rows
              with levels that the real sample lacks stop theirs and are left out for both
dcr gower     share of the synthetic rows nearer to real than to held-out ones, of the same 2,000 rows each
              (or all, of a small table), by their distance written anew: the same
dcr           the same share by our distance. Theirs adds up differences of numbers over their range: that of
              the real rows on one side, that of the held-out rows on the other, so whichever holds the
              further outlier is nearer to all; and a tie counts as nearer to the held-out row. Ours takes
              ranks in the real table for both sides, and halves ties
dcr mended    ours beside theirs with one range for both sides and ties halved: what is left is of the order
              of the standard error, .011 on 2,000 rows
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
from sklearn.neighbors import NearestNeighbors
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


def blurred(train: pd.DataFrame) -> pd.DataFrame:
    """Return a table with noise on its numbers, a tenth of their deviation, and some levels drawn anew."""
    rng = np.random.default_rng(0)

    def blur(column: pd.Series) -> pd.Series:
        if column.dtype != "category":
            return column + rng.normal(0, column.std() / 10, len(column))
        return column.where(rng.random(len(column)) > 0.2, rng.choice(column.cat.categories, len(column)))

    return train.apply(blur)


MADE = {"apart": apart, "blurred": blurred}


def detectable(train: pd.DataFrame, synthetic: pd.DataFrame) -> list[pd.DataFrame]:
    """Return as many rows of both, of the synthetic ones only those with levels that the real ones have."""
    rows = min(len(train), len(synthetic), DETECTION_ROWS)
    real, made = (frame.sample(rows, random_state=0) for frame in (train, synthetic))
    for name in real.columns[real.dtypes == "category"]:
        made = made[made[name].astype(object).isin(real[name].astype(object).unique())]
    return [real.iloc[: len(made)], made]


def gower_share(real: pd.DataFrame, synthetic: pd.DataFrame, test: pd.DataFrame, *, mended: bool) -> float:
    """Return the share of rows nearer to real ones, by differences over a range (Gower 1971).

    Numbers must have no gaps. Mended: one range for both sides, and ties halved.
    """
    distances = []
    for side in (real, test):
        ends = pd.concat([real, test]) if mended else side
        ends = ends.select_dtypes("number").agg(["min", "max"])
        both = pd.concat([side, synthetic])
        scaled = (both[ends.columns] - ends.loc["min"]) / (ends.loc["max"] - ends.loc["min"])
        indicators = pd.get_dummies(both.select_dtypes(exclude="number").astype(object), dtype=float) / 2
        rows = np.hstack([scaled.to_numpy(), indicators.to_numpy()])
        neighbours = NearestNeighbors(n_neighbors=1, metric="manhattan", algorithm="brute")
        found, _ = neighbours.fit(rows[: len(side)]).kneighbors(rows[len(side) :])
        distances.append(found.round(9))
    to_real, to_test = distances
    return float((to_real < to_test).mean() + mended * 0.5 * (to_real == to_test).mean())


def both_figures(
    train: pd.DataFrame, test: pd.DataFrame, synthetic: pd.DataFrame, facts: dict
) -> dict[str, tuple[float, float]]:
    """Return our figure and theirs of each score."""
    kinds = {name: "categorical" if name in facts["categorical"] else "numerical" for name in train}
    metadata = {"columns": {name: {"sdtype": kind} for name, kind in kinds.items()}}
    texts = {name: object for name, kind in kinds.items() if kind == "categorical"}

    tables = compare(train, synthetic)
    columns, pairs = column_scores(tables.real, tables.synthetic), pair_scores(tables.real, tables.synthetic)
    report = QualityReport()
    # versions from 0.27 on leave weak pairs out and take a sample, unless told otherwise
    report.real_correlation_threshold = report.real_association_threshold = 0
    report.num_rows_subsample = None
    report.generate(train.astype(texts), synthetic.astype(texts), metadata, verbose=False)
    means = report.get_properties().set_index("Property")["Score"]
    details = report.get_details("Column Pair Trends")
    levels = pairs["first"].isin(texts) & pairs["second"].isin(texts)
    their_levels = details["Column 1"].isin(texts) & details["Column 2"].isin(texts)

    sides = detectable(train, synthetic)
    whole = pd.get_dummies(pd.concat(sides), dtype=float)
    marks = np.split(whole.fillna(whole.mean()).to_numpy(), 2)
    judge = make_pipeline(RobustScaler(), LogisticRegression())
    detected = LogisticDetection.compute(*(side.astype(texts) for side in sides), metadata)

    rows = min(len(train), len(synthetic), len(test), NEAREST_ROWS)
    some = [frame.sample(rows, random_state=0) for frame in (train, synthetic, test)]
    near = compare(*some)
    scores = disclosure_scores(near.real, near.synthetic, near.holdout, 0)[1]
    share = next(score.value for score in scores if score.name == "dcr_share")
    found = DCROverfittingProtection.compute_breakdown(*(side.astype(texts) for side in some), metadata)
    their_share = found["synthetic_data_percentages"]["closer_to_training"]
    return {
        "shape": (columns["distance"].mean(), 1 - means["Column Shapes"]),
        "trend levels": (pairs["distance"][levels].mean(), 1 - details["Score"][their_levels].mean()),
        "trend": (pairs["distance"].mean(), 1 - means["Column Pair Trends"]),
        "logistic": (max(two_sample_test(*marks, judge).auc, 0.5), 1 - detected / 2),
        "dcr gower": (gower_share(*some, mended=False), their_share),
        "dcr": (share, their_share),
        "dcr mended": (share, gower_share(*some, mended=True)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("pairs", nargs="+", help="TABLE=FILE.parquet, TABLE=apart or TABLE=blurred")
    warnings.simplefilter("ignore")  # SDMetrics and lbfgs say much that does not matter here
    lines = []
    for pair in parser.parse_args().pairs:
        name, file = pair.split("=", 1)
        folder = Path(os.environ["TABGEN_BENCH_DATA"]) / name
        train, test = (pd.read_parquet(folder / f"{part}.parquet") for part in ("train", "test"))
        facts = {"columns": list(train), **json.loads((folder / "meta.json").read_text())}
        train, test = plain(train, facts), plain(test, facts)
        synthetic = MADE[file](train) if file in MADE else plain(pd.read_parquet(file), facts)
        for score, (own, other) in both_figures(train, test, synthetic, facts).items():
            lines.append((f"{name} {Path(file).stem}", score, own, other, own - other))
    print(pd.DataFrame(lines, columns=SHOWN).to_string(index=False, float_format="{:.4f}".format))


if __name__ == "__main__":
    main()
