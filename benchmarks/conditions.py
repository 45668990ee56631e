"""Do conditions hold, at what cost, and by which law? Real tables in, one row a condition out, as CSV.

    TABGEN_BENCH_DATA=FOLDER python benchmarks/conditions.py OUT.csv [--tables adult] [--conditions 200]

For tables as in `quality.py`, random conditions on one to four columns, each made from a real row: a value,
a missing value, a set or a range. Of each: whether all of 1,000 rows hold it, and the CPU seconds as a
multiple of those of 1,000 free rows. Of the first 50 that 500 real rows or more hold: how well boosted trees
tell those from the sample (``c2st``; 0.5 is perfect) and from free rows of the same model that happen to hold
it (``c2st_rejection``). ``rejection`` is what throwing rows away would have cost, in the same multiple.
"""

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from quality import fitted, tables

from tabgen import TabularGAN
from tabgen.cleaning import clean
from tabgen.conditions import read_conditions
from tabgen.known import gaps
from tabgen.models.twosample import two_sample_score
from tabgen.relations import relate

ROWS = 1_000
BASES = 15  # times that free rows are drawn: the median is what others are a multiple of
FREE_ROWS = 50_000
JUDGED = 2_000  # rows of each side of a two-sample test, at most
TOLD = ["where", "columns", "share", "holds", "cost", "rejection", "c2st", "c2st_rejection"]
TESTS = 50  # conditions of a table that get a two-sample test
ENOUGH, RIVALS = 500, 300  # real rows that hold a condition, and free ones, for a two-sample test


def random_condition(real: pd.DataFrame, rng: np.random.Generator) -> dict[Any, Any]:
    """Return conditions that one row at random holds."""
    row, where = real.iloc[rng.integers(len(real))], {}
    for name in rng.choice(real.columns, rng.integers(1, 5), replace=False):
        value, many = row[name], real[name].nunique() > 10
        if pd.isna(value):
            where[name] = None
        elif pd.api.types.is_numeric_dtype(real[name]) and many:
            width = float(real[name].std()) * rng.choice([0.1, 0.5, 2.0])
            closed = str(rng.choice(["left", "both", "right"]))
            low = value - width if closed != "left" else value
            high = value + width if closed != "right" else value
            where[name] = value if rng.random() < 0.3 else pd.Interval(float(low), float(high), closed)
        elif rng.random() < 0.5:
            where[name] = value
        else:
            where[name] = [value, *rng.choice(real[name].dropna().unique(), 2)]
    return where


def askable(gan: TabularGAN, real: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the real rows of which no value was taken out as too rare to be asked for, also tidy."""
    tidy = clean(real, gan.schema_, lenient=True)
    unknown = [tidy[name].isna() & ~gaps(real, name, gan.schema_) for name in tidy]
    known = ~np.logical_or.reduce(unknown)
    return real[known], tidy[known]


class Judge:
    """A fitted model beside its real table."""

    def __init__(self, gan: TabularGAN, real: pd.DataFrame) -> None:
        self.gan = gan
        self.real, self.tidy = askable(gan, real)
        self.free = gan.sample(FREE_ROWS, seed=1)
        self.free_tidy = clean(self.free, gan.schema_)
        gan.sample(ROWS, seed=0)
        self.base = float(np.median([self.seconds(seed) for seed in range(BASES)]))

    def seconds(self, seed: int) -> float:
        """Return the CPU seconds of free rows."""
        began = time.process_time()
        self.gan.sample(ROWS, seed=seed)
        return time.process_time() - began

    def codes(self, frame: pd.DataFrame) -> np.ndarray:
        """Return the codes of rows, which the trees of the two-sample test see."""
        return self.gan.encoder_.encode(relate(clean(frame, self.gan.schema_), self.gan.relations_))

    def judge(self, where: dict[Any, Any], seed: int, tested: bool) -> dict[str, Any]:
        """Return what is to be told of one condition."""
        conditions = read_conditions(where, self.gan.schema_)

        def holding(tidy: pd.DataFrame) -> np.ndarray:
            return np.logical_and.reduce([c.holds(tidy[name]) for name, c in conditions.items()])

        began = time.process_time()
        sample = self.gan.sample(ROWS, where=where, seed=seed)
        cost = (time.process_time() - began) / self.base
        kept, real = holding(self.free_tidy), self.real[holding(self.tidy)]
        found = {
            "where": str(where),
            "columns": len(where),
            "share": len(real) / len(self.real),
            "holds": float(holding(clean(sample, self.gan.schema_)).mean()),
            "cost": cost,
            "rejection": 1 / max(kept.mean(), 1 / FREE_ROWS),
        }
        if tested and len(real) >= ENOUGH:
            real = real.sample(min(len(real), JUDGED), random_state=0)
            own = self.gan.sample(len(real), where=where, seed=seed)
            found["c2st"] = two_sample_score(self.codes(real), self.codes(own))
            if kept.sum() >= RIVALS:
                rivals = self.free[kept].head(len(real))
                found["c2st_rejection"] = two_sample_score(self.codes(real), self.codes(rivals))
        return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("out", type=Path, help="CSV file; rows are added to it")
    parser.add_argument("--tables", default="", help="names, separated by commas; by default all")
    parser.add_argument("--conditions", type=int, default=200, help="conditions a table")
    parser.add_argument("--model", default="vae-gan")
    parser.add_argument("--fitted", type=Path, help="folder of fitted models; those that it lacks are added")
    options = parser.parse_args()
    for name, (train, _, _) in tables([t for t in options.tables.split(",") if t]).items():
        gan = fitted(name, train, options.model, options.fitted)
        judge, rng = Judge(gan, train), np.random.default_rng(0)
        rows: list[dict[str, Any]] = []
        for seed in range(options.conditions):
            tested = sum("c2st" in row for row in rows) < TESTS
            rows.append(judge.judge(random_condition(judge.real, rng), seed, tested))
            row = pd.DataFrame(rows[-1:], columns=TOLD).assign(table=name, model=options.model).round(4)
            row.to_csv(options.out, mode="a", header=not options.out.exists(), index=False)
        found = pd.DataFrame(rows, columns=TOLD)
        told = found.dropna(subset=["c2st"])
        gap = told["c2st"] - told["c2st_rejection"]
        print(
            f"{name}: {(found['holds'] == 1).sum()} of {len(found)} hold in every row; "
            f"cost {found['cost'].median():.1f} (most {found['cost'].max():.1f}) times free rows; "
            f"{len(told)} two-sample tests: c2st {told['c2st'].median():.3f}, "
            f"rejection {told['c2st_rejection'].median():.3f}, "
            f"gap {gap.median():.3f} (most {gap.max():.3f})",
            flush=True,
        )


if __name__ == "__main__":
    main()
