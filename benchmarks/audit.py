"""Does a private fit keep its epsilon? Real rows and planted outliers in, a lower bound of it out, as CSV.

    TABGEN_BENCH_DATA=FOLDER python benchmarks/audit.py OUT.csv [--tables adult] [--epsilon 1,3,10,inf]

An audit in one run (Steinke, Nasr and Jagielski 2023): outliers are made, each is put among the training rows
by the toss of a coin, and an attacker who knows all other rows guesses the coins. Score of an outlier is how
much likelier it is under the fitted model than under one fitted to the other rows alone; the highest scores
are guessed in, the lowest out, the others not at all. Under (epsilon, delta) no attacker is right more often
than that paper allows; told is the greatest epsilon that is refuted with 95 % confidence. It bounds the true
one from below: the attack may be weak. ``inf`` fits without privacy, which tells how strong it is.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from quality import tables
from scipy.optimize import brentq
from scipy.stats import binom

from tabgen import DifferentialPrivacy, TabularGAN

CONFIDENCE = 0.95
GUESSED = (0.1, 0.3, 1.0)  # shares of the outliers that are guessed; the best counts, at a third of the risk
MOST = 50.0  # epsilon beyond which nothing is looked for


def outliers(real: pd.DataFrame, n: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return rows of which each value is drawn evenly from those that its column has."""
    drawn = {name: rng.choice(real[name].dropna().unique(), n) for name in real}
    return pd.DataFrame(drawn).astype(real.dtypes.to_dict())


def chance_of(right: int, guesses: int, epsilon: float, delta: float, candidates: int) -> float:
    """Return a bound of the chance to be right so often, or more (Steinke et al. 2023, theorem 5.2)."""
    luck = 1 / (1 + np.exp(-epsilon))
    fewer = np.cumsum(binom.pmf(np.arange(right - 1, -1, -1), guesses, luck))  # by 1, 2, ... fewer right ones
    slack = (fewer / np.arange(1, right + 1)).max(initial=0) * 2 * candidates * delta
    return float(min(binom.sf(right - 1, guesses, luck) + slack, 1))


def least_epsilon(right: int, guesses: int, delta: float, candidates: int, risk: float) -> float:
    """Return the greatest epsilon that is refuted, 0 if none is."""

    def excess(epsilon: float) -> float:
        return chance_of(right, guesses, epsilon, delta, candidates) - risk

    if excess(0) >= 0:
        return 0.0
    return MOST if excess(MOST) < 0 else float(brentq(excess, 0, MOST))


def judge(scores: np.ndarray, inside: np.ndarray, delta: float) -> dict[str, float]:
    """Return what an attacker guesses from scores, and the epsilon that this refutes."""
    order, told = np.argsort(scores), []
    for share in GUESSED:
        each = int(len(scores) * share / 2)
        right = int(inside[order[-each:]].sum() + (~inside[order[:each]]).sum())
        risk = (1 - CONFIDENCE) / len(GUESSED)
        bound = least_epsilon(right, 2 * each, delta, len(scores), risk)
        told.append({"guesses": 2 * each, "right": right, "epsilon_refuted": round(bound, 3)})
    return max(told, key=lambda one: one["epsilon_refuted"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("out", type=Path, help="CSV file; rows are added to it")
    parser.add_argument("--tables", default="", help="names, separated by commas; by default all")
    parser.add_argument("--epsilon", default="1,3,10,inf")
    parser.add_argument("--delta", type=float, default=1e-5)
    parser.add_argument("--rows", type=int, default=5_000, help="real rows beside the outliers")
    parser.add_argument("--outliers", type=int, default=400, help="of which about half are put in")
    given = parser.parse_args()
    for name, (train, _, _) in tables([t for t in given.tables.split(",") if t]).items():
        rng = np.random.default_rng(0)
        real = train.sample(min(given.rows, len(train)), random_state=0)
        made = outliers(real, given.outliers, rng)
        inside = rng.random(given.outliers) < 0.5
        mixed = pd.concat([real, made[inside]], ignore_index=True).sample(frac=1, random_state=0)
        for epsilon in map(float, given.epsilon.split(",")):
            privacy = None if np.isinf(epsilon) else DifferentialPrivacy(epsilon, given.delta)
            scores = [
                TabularGAN(privacy=privacy, model="vae", random_state=seed).fit(rows).log_prob(made)
                for seed, rows in enumerate([mixed, real])
            ]
            found = judge(scores[0] - scores[1], inside, given.delta)
            row = {"table": name, "epsilon": epsilon, "outliers": given.outliers, "inside": inside.sum()}
            pd.DataFrame([{**row, **found}]).to_csv(
                given.out, mode="a", header=not given.out.exists(), index=False
            )
            print(name, epsilon, found, flush=True)


if __name__ == "__main__":
    main()
