"""Tables that pictures and reports have to stand."""

import numpy as np
import pandas as pd

FEW = pd.Series(["a", "b"] * 50)
NUMBERS = pd.Series(np.arange(100.0))
LONG = [f"one of the levels with a very long name, number {n}" for n in range(4)]
HARD = {
    "one column": pd.DataFrame({"x": NUMBERS}),
    "only keys": pd.DataFrame({"id": range(100)}),
    "only constants": pd.DataFrame({"x": [1] * 100}),
    "all missing": pd.DataFrame({"x": NUMBERS, "y": [np.nan] * 100}),
    "all missing levels": pd.DataFrame(
        {
            "x": FEW,
            "y": pd.Categorical([None] * 100, ["a", "b"]),
            "z": pd.Categorical([None] * 100, ["a"], True),
        }
    ),
    "constant but missing": pd.DataFrame({"x": FEW, "y": pd.Series([5.0]).reindex(range(100))}),
    "many levels": pd.DataFrame({"x": FEW, "y": [f"level {n % 40}" for n in range(100)]}),
    "long labels": pd.DataFrame({"x": FEW, "y": pd.Categorical(LONG * 25, LONG, ordered=True)}),
    "dollars": pd.DataFrame({"x": FEW, "cost_$_in_$": NUMBERS, "y": pd.Series(["$_$", "$5"] * 50)}),
    "foreign letters": pd.DataFrame({"x": FEW, "客户": NUMBERS, "y": pd.Series(["上海", "北京"] * 50)}),
    "moments": pd.DataFrame(
        {
            "decades": pd.date_range("1950", "2024", 100),
            "years": pd.date_range("2020", "2024", 100),
            "months": pd.date_range("2024-01", "2024-09", 100),
            "days": pd.date_range("2024-02-28", periods=100, tz="Europe/Rome"),
            "seconds": pd.date_range("2024-02-28", periods=100, freq="s"),
            "two": pd.to_datetime(["2024-01-01", "2024-01-02"] * 50),
            "waits": pd.to_timedelta(np.arange(100) * 700, unit="s"),
        }
    ),
    "far values": pd.DataFrame({"x": np.r_[NUMBERS[:99], 1e12], "y": np.exp(NUMBERS), "z": -np.exp(NUMBERS)}),
    "few rows": pd.DataFrame({"x": [1.5, 2.5, 1.5], "y": ["a", "b", "a"]}),
}


def wide(rows: int, seed: int) -> pd.DataFrame:
    """Return a table of 60 columns of all kinds with hostile names, all driven by four hidden numbers."""
    rng = np.random.default_rng(seed)
    hidden = rng.normal(size=(rows, 4))
    towns = np.array([f"上海 {n} 号" for n in range(50)])
    columns: dict[str, object] = {}
    for n in range(12):
        drawn = hidden[:, n % 4] + 0.5 * rng.normal(size=rows)
        columns |= {
            f"a rather long name of a measurement, number {n}, in $ per $": drawn.round(2),
            f"amount_{n}": np.where(rng.random(rows) < 0.3, 0, np.exp(3 * drawn)).round(2),
            f"城市 {n}": towns[np.clip(25 + 8 * drawn, 0, 49).astype(int)],
            f"flag <b>{n}</b>": pd.Series(np.where(drawn > 0, "yes", "no")).mask(drawn > 1.5),
            f"day {n}": pd.Timestamp("2021-03-01")
            + pd.to_timedelta((300 * abs(drawn)).astype(int), unit="D"),
        }
    return pd.DataFrame(columns)
