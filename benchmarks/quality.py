"""How good are default fits? Real tables in, one row of scores and costs for each fit out, as tidy CSV.

    TABGEN_BENCH_DATA=FOLDER python benchmarks/quality.py OUT.csv [--models vae-gan,gan] [--seeds 0,1,2]
    TABGEN_BENCH_DATA=FOLDER python benchmarks/quality.py OUT.csv --synthetic PEERS

FOLDER holds one folder a table with ``train.parquet``, ``test.parquet`` and ``meta.json``, whose keys
``target`` and ``task`` ("classification" or "regression") name what a model should predict. Without
TABGEN_BENCH_DATA, Adult is fetched from OpenML. A fit of "vae-gan" also gives the row of "vae": its own
generator without guidance. With --synthetic, the tables that `peers.py` wrote are scored instead. For
comparable times: one core, one thread (``OMP_NUM_THREADS=1 taskset -c 0``), CPU seconds. The scores are
told in `scoring.py`; `figures.py` makes a table and a picture of the CSV.
"""

import argparse
import json
import os
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from scoring import score
from sklearn.datasets import fetch_openml
from sklearn.model_selection import train_test_split

if TYPE_CHECKING:
    from tabgen import TabularGAN

Costs = dict[str, float]


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


def fits(train: pd.DataFrame, models: list[str], seed: int) -> Iterator[tuple[str, pd.DataFrame, Costs]]:
    """Fit tabgen; yield a synthetic table and its costs for each model."""
    for name in models:
        began = time.process_time()
        from tabgen import TabularGAN  # its import is part of what a user waits for

        gan = TabularGAN(model=name, random_state=seed).fit(train)
        guided = gan.model_
        fitted = time.process_time() - began
        judging = gan.history_.query("stage == 'discriminator'")["seconds"].max()
        for kind in ("vae-gan", "vae") if name == "vae-gan" else (name,):
            gan.model_ = guided.generator if kind == "vae" and name == "vae-gan" else guided
            began = time.process_time()
            synthetic = gan.sample(len(train), seed=seed)
            yield (
                kind,
                synthetic,
                {
                    "fit_cpu_s": fitted - (judging if kind == "vae" and name == "vae-gan" else 0),
                    "sample_cpu_s": time.process_time() - began,
                    "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
                },
            )


def fitted(table: str, train: pd.DataFrame, model: str, folder: Path | None) -> "TabularGAN":
    """Return a fitted model: from the folder, or else fitted now and put there."""
    from tabgen import TabularGAN

    file = folder and folder / f"{table}-{model}.tabgen"
    if file and file.exists():
        return TabularGAN.load(file)
    gan = TabularGAN(model=model, random_state=0).fit(train)
    if file:
        gan.save(file)
    return gan


def written(folder: Path, table: str) -> Iterator[tuple[str, pd.DataFrame, Costs]]:
    """Yield the tables that peers wrote, with their costs."""
    costs = pd.read_csv(folder / "costs.csv").query("table == @table").set_index("model")
    for model, cost in costs.iterrows():
        synthetic = pd.read_parquet(folder / f"{table}-{model}.parquet")
        yield str(model), synthetic, cost[["fit_cpu_s", "sample_cpu_s", "peak_rss_mb"]].to_dict()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("out", help="CSV file; rows are added to it")
    parser.add_argument("--models", default="vae-gan,gan", help="names, separated by commas")
    parser.add_argument("--tables", default="", help="names, separated by commas; by default all")
    parser.add_argument("--seeds", default="0", help="seeds, separated by commas")
    parser.add_argument("--synthetic", type=Path, help="folder that peers.py wrote: score its tables")
    parser.add_argument("--keep", type=Path, help="folder for the synthetic tables")
    options = parser.parse_args()
    for name, (train, test, facts) in tables([t for t in options.tables.split(",") if t]).items():
        for seed in [0] if options.synthetic else map(int, options.seeds.split(",")):
            made = (
                written(options.synthetic, name)
                if options.synthetic
                else fits(train, options.models.split(","), seed)
            )
            for model, synthetic, costs in made:
                facts_of_fit = {"model": model, "table": name, "seed": seed, "rows": len(train)}
                if options.keep:
                    synthetic.to_parquet(options.keep / f"{name}-{model}-{seed}.parquet", index=False)
                scores = {**score(train, test, synthetic, facts), **costs}
                row = pd.DataFrame([{**facts_of_fit, **scores}]).round(4)
                row["date"] = pd.Timestamp.now().strftime("%Y-%m-%d")
                row.to_csv(options.out, mode="a", header=not Path(options.out).exists(), index=False)
                print(row.to_string(index=False), file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
