"""How do peers fill gaps? Train rows and tables with gaps in; the same tables filled, and their cost, out.

    peers/bin/python benchmarks/peers_imputation.py MODEL FOLDER

FOLDER holds ``train.parquet`` and a ``gaps-NAME.parquet`` or more; it gets a ``filled-NAME.parquet`` for each
and ``costs.csv``. `imputation.py --peers peers/bin/python` runs it, in the environment of `peers.py`.

tabular-argn     fills gaps of any pattern by itself; it takes rows of one pattern as one batch
gaussian-copula  is asked, for the rows of each pattern, to sample the columns that those lack; other models
                 of SDV can be asked the same, but draw until a row fits, so not beside numbers known
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd

Filler = Callable[[pd.DataFrame], pd.DataFrame]


def argn(train: pd.DataFrame) -> Filler:
    from mostlyai.engine import TabularARGN

    model = TabularARGN(device="cpu", random_state=0).fit(train)
    return lambda table: model.impute(table, rare_category_replacement_method="sample")


def copula(train: pd.DataFrame) -> Filler:
    from sdv.metadata import Metadata
    from sdv.single_table import GaussianCopulaSynthesizer

    named = {"table": train}
    synthesizer = GaussianCopulaSynthesizer(Metadata.detect_from_dataframes(named))
    synthesizer.fit(named)

    def fill(table: pd.DataFrame) -> pd.DataFrame:
        parts = []
        for pattern, rows in table.groupby([table[name].isna() for name in table], sort=False):
            known = rows.dropna(axis="columns").reset_index(drop=True)
            if not any(pattern):
                made = known
            elif all(pattern):
                made = synthesizer.sample(len(rows))["table"]
            else:
                known = known.astype(train.dtypes[known.columns])
                made = synthesizer.sample_remaining_columns(known)["table"]
            parts.append(made.set_axis(rows.index))
        return pd.concat(parts).reindex(table.index)

    return fill


FILLERS = {"tabular-argn": argn, "gaussian-copula": copula}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("model", choices=FILLERS)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    train = pd.read_parquet(options.folder / "train.parquet")
    levels = train.columns[~train.dtypes.map(pd.api.types.is_numeric_dtype)]
    train[levels] = train[levels].astype(object)
    began = time.process_time()
    fill = FILLERS[options.model](train)
    fitted, costs = time.process_time() - began, []
    for file in sorted(options.folder.glob("gaps-*.parquet")):
        table = pd.read_parquet(file)
        table[levels] = table[levels].astype(object)
        began = time.process_time()
        filled = fill(table)[list(train.columns)]
        name = file.stem.removeprefix("gaps-")
        costs.append({"gaps": name, "fit_cpu_s": fitted, "fill_cpu_s": time.process_time() - began})
        filled.to_parquet(options.folder / f"filled-{name}.parquet", index=False)
    pd.DataFrame(costs).to_csv(options.folder / "costs.csv", index=False)


if __name__ == "__main__":
    main()
