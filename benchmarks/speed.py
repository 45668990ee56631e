"""How do time and memory grow with rows and columns? Made-up tables in, one row of costs a fit out, as CSV.

    OMP_NUM_THREADS=1 taskset -c 0 python benchmarks/speed.py OUT.csv [--sizes 1000x10,10000x10,1000x200]

Each fit runs in a process of its own, so that its peak memory is its own; CPU seconds hold everything from
import on. The tables follow eight hidden factors; every second column is a number, the others are levels,
whole numbers and skewed amounts. The slopes on log axes are printed in the end.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd

SIZES = "1000x10,10000x10,100000x10,1000000x15,10000x50,10000x200,20000x200"
FACTORS = 8


def table(rows: int, columns: int) -> pd.DataFrame:
    """Return a table whose columns depend on each other through hidden factors."""
    rng = np.random.default_rng(0)
    factors = rng.normal(size=(rows, FACTORS))
    parts = {}
    for number in range(columns):
        signal = factors @ (rng.normal(size=FACTORS) * (rng.random(FACTORS) < 0.4))
        signal += 0.7 * rng.normal(size=rows)
        kind = ("level", "count", "amount", "number")[number % 4]
        parts[f"{kind}_{number}"] = {
            "level": lambda x: np.array(list("abcdefgh"))[np.clip((1.2 * x + 4).astype(int), 0, 7)],
            "count": lambda x: np.round(10 * x).astype(int),
            "amount": lambda x: np.round(np.exp(x / 2), 2),
            "number": lambda x: x,
        }[kind](signal)
    return pd.DataFrame(parts)


def costs(rows: int, columns: int, model: str) -> dict[str, float]:
    """Fit and sample in this process; return what it cost."""
    import resource
    import time

    real = table(rows, columns)
    began = time.process_time()
    from tabgen import TabularGAN

    gan = TabularGAN(model=model, random_state=0).fit(real)
    fitted = time.process_time()
    gan.sample(rows, seed=0)
    return {
        "fit_cpu_s": round(fitted - began, 1),
        "sample_cpu_s": round(time.process_time() - fitted, 1),
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "epochs": int(gan.history_["learning_rate"].notna().sum()),
    }


def slopes(runs: pd.DataFrame) -> None:
    """Print how steeply costs grow, on log axes, from the smallest to the largest table of a kind."""
    for fixed, grows in (("columns", "rows"), ("rows", "columns")):
        for value, group in runs.groupby(fixed):
            few, many = (group.loc[find] for find in (group[grows].idxmin(), group[grows].idxmax()))
            if many[grows] > few[grows]:
                slope = np.log(many["fit_cpu_s"] / few["fit_cpu_s"]) / np.log(many[grows] / few[grows])
                print(f"{fixed} = {value:,}: {grows} {few[grows]:,} to {many[grows]:,}, slope {slope:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("out", nargs="?", help="CSV file; rows are added to it")
    parser.add_argument("--sizes", default=SIZES, help="ROWSxCOLUMNS, separated by commas")
    parser.add_argument("--model", default="vae-gan")
    parser.add_argument("--one", help="measure one size in this process and print it")
    options = parser.parse_args()
    if options.one:
        rows, columns = map(int, options.one.split("x"))
        print(json.dumps(costs(rows, columns, options.model)))
        return
    for size in options.sizes.split(","):
        own = [sys.executable, __file__, "--one", size, "--model", options.model]
        told = subprocess.run(own, check=True, capture_output=True, text=True).stdout.splitlines()[-1]
        rows, columns = map(int, size.split("x"))
        run = {"model": options.model, "rows": rows, "columns": columns, **json.loads(told)}
        run["date"] = pd.Timestamp.now().strftime("%Y-%m-%d")
        print(run, file=sys.stderr, flush=True)
        pd.DataFrame([run]).to_csv(options.out, mode="a", header=not Path(options.out).exists(), index=False)
    slopes(pd.read_csv(options.out))


if __name__ == "__main__":
    main()
