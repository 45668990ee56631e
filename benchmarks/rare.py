"""What do rare rows cost, what are they worth to a classifier? Real tables in, one row a figure out, as CSV.

    TABGEN_BENCH_DATA=FOLDER python benchmarks/rare.py OUT.csv [--tables adult,shoppers] [--fitted MODELS]

For tables as in `quality.py`:

cost_2, cost_100, cost_10000    CPU seconds of 1,000 rows under conditions that about one real row in so many
                                holds, medians of a few random ones
rejection_2, ...                those of free rows, drawn until as many hold the conditions by chance
balanced, weighted, plain       balanced accuracy on test rows of boosted trees trained on real rows and on
                                synthetic ones that make the classes even (`TabularGAN.augment`), on real rows
                                with class weights, and on real rows as they are
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from conditions import askable, random_condition
from imputation import numbers
from quality import fitted, tables
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import balanced_accuracy_score

from tabgen import TabularGAN
from tabgen.conditions import read_conditions

ROWS, EACH, MOST_TRIES = 1_000, 5, 20_000
RARITIES = (2, 100, 10_000)


def rare_conditions(
    gan: TabularGAN, real: pd.DataFrame, tidy: pd.DataFrame, rarity: int, rng: np.random.Generator
) -> Iterator[tuple[dict[Any, Any], float]]:
    """Yield random conditions that about one row in ``rarity`` holds, and their shares."""
    found = 0
    for _ in range(MOST_TRIES):
        where = random_condition(real, rng)
        each = read_conditions(where, gan.schema_)
        share = float(np.logical_and.reduce([c.holds(tidy[name]) for name, c in each.items()]).mean())
        if 0.5 < share * rarity < 2:
            yield where, share
            found += 1
        if found == EACH:
            return


def seconds(gan: TabularGAN, **asked: Any) -> float:
    """Return the CPU seconds of a sample."""
    began = time.process_time()
    gan.sample(ROWS, seed=0, **asked)
    return time.process_time() - began


def costs(gan: TabularGAN, real: pd.DataFrame) -> Iterator[tuple[str, float]]:
    """Yield what rows under conditions cost, and what throwing away would."""
    rng, asked = np.random.default_rng(0), askable(gan, real)
    seconds(gan)
    for rarity in RARITIES:
        own, rejected = [], []
        for where, share in rare_conditions(gan, *asked, rarity, rng):
            own.append(seconds(gan, where=where))
            rejected.append(seconds(gan) / share)
        if own:
            yield f"cost_{rarity}", float(np.median(own))
            yield f"rejection_{rarity}", float(np.median(rejected))


def balancing(
    gan: TabularGAN, train: pd.DataFrame, test: pd.DataFrame, target: str
) -> Iterator[tuple[str, float]]:
    """Yield how well trees tell the classes of test rows, trained on balanced rows and on others."""
    counts = train[target].value_counts()
    more = gan.augment(train, target, int(len(counts) * counts.max() - len(train)), seed=0)
    inputs = numbers(*(rows.drop(columns=target) for rows in (more, train, test)))
    for name, rows, own, weights in (
        ("balanced", inputs[0], more, None),
        ("weighted", inputs[1], train, "balanced"),
        ("plain", inputs[1], train, None),
    ):
        trees = HistGradientBoostingClassifier(random_state=0, class_weight=weights)
        trees.fit(rows, own[target])
        yield name, balanced_accuracy_score(test[target], trees.predict(inputs[2]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("out", type=Path, help="CSV file; rows are added to it")
    parser.add_argument("--tables", default="", help="names, separated by commas; by default all")
    parser.add_argument("--model", default="vae-gan")
    parser.add_argument("--fitted", type=Path, help="folder of fitted models; those that it lacks are added")
    options = parser.parse_args()
    for name, (train, test, facts) in tables([t for t in options.tables.split(",") if t]).items():
        gan = fitted(name, train, options.model, options.fitted)
        told = dict(costs(gan, train))
        if facts["task"] == "classification":
            told |= dict(balancing(gan, train, test, facts["target"]))
        rows = pd.DataFrame({"table": name, "figure": told.keys(), "value": told.values()}).round(4)
        rows.to_csv(options.out, mode="a", header=not options.out.exists(), index=False)
        print(rows.to_string(index=False), flush=True)


if __name__ == "__main__":
    main()
