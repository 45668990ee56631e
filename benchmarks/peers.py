"""What do peers make of the same tables, at which cost? Real tables in, their synthetic tables out.

    python -m venv peers && peers/bin/pip install -r benchmarks/peers-requirements.txt
    TABGEN_BENCH_DATA=FOLDER peers/bin/python benchmarks/peers.py OUT [--models ctgan,tvae] [--epochs 300]

FOLDER is laid out as for `quality.py`. OUT gets ``TABLE-MODEL.parquet`` and ``costs.csv``; `quality.py
--synthetic OUT` then scores them. Peers have an environment of their own: they need torch and pandas
below 3. Run it as `quality.py`: one core, one thread. With --epochs below the default of 300, the CPU
seconds of CTGAN and TVAE are those of the shorter training (see the column ``epochs``). The models
``tabular-argn-epsilon-1``, ``-3`` and ``-10`` are trained with differential privacy.
"""

import argparse
import json
import os
import resource
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pandas as pd

Sampler = Callable[[int], pd.DataFrame]


def copula(train: pd.DataFrame, epochs: int) -> Sampler:
    from sdv.single_table import GaussianCopulaSynthesizer

    return _sdv(GaussianCopulaSynthesizer, train)


def ctgan(train: pd.DataFrame, epochs: int) -> Sampler:
    from sdv.single_table import CTGANSynthesizer

    return _sdv(CTGANSynthesizer, train, epochs=epochs)


def tvae(train: pd.DataFrame, epochs: int) -> Sampler:
    from sdv.single_table import TVAESynthesizer

    return _sdv(TVAESynthesizer, train, epochs=epochs)


def _sdv(kind: type, train: pd.DataFrame, **options: int) -> Sampler:
    from sdv.metadata import Metadata

    named = {"table": train}
    synthesizer = kind(Metadata.detect_from_dataframes(named), **options)
    synthesizer.fit(named)

    def sample(n: int) -> pd.DataFrame:
        made = synthesizer.sample(n)
        return made["table"] if isinstance(made, dict) else made

    return sample


def argn(train: pd.DataFrame, epochs: int, epsilon: float | None = None) -> Sampler:
    from mostlyai import engine

    folder, privacy = Path(tempfile.mkdtemp()), None
    if epsilon:  # a tenth for ranges and levels, as tabgen spends it; delta 1e-5
        from mostlyai.engine.domain import DifferentialPrivacyConfig

        privacy = DifferentialPrivacyConfig(max_epsilon=0.9 * epsilon, value_protection_epsilon=0.1 * epsilon)
    engine.split(tgt_data=train, workspace_dir=folder, model_type="TABULAR")
    engine.analyze(workspace_dir=folder, differential_privacy=privacy)
    engine.encode(workspace_dir=folder)
    engine.train(workspace_dir=folder, device="cpu", differential_privacy=privacy)

    def sample(n: int) -> pd.DataFrame:
        engine.generate(workspace_dir=folder, sample_size=n)
        return pd.read_parquet(folder / "SyntheticData")

    return sample


PEERS: dict[str, Callable[[pd.DataFrame, int], Sampler]] = {
    "gaussian-copula": copula,
    "tvae": tvae,
    "ctgan": ctgan,
    "tabular-argn": argn,
} | {f"tabular-argn-epsilon-{e}": partial(argn, epsilon=e) for e in (1, 3, 10)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--models", default="gaussian-copula,tvae,ctgan,tabular-argn")
    parser.add_argument("--tables", default="")
    parser.add_argument("--epochs", type=int, default=300)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for about in sorted(Path(os.environ["TABGEN_BENCH_DATA"]).glob("*/meta.json")):
        folder = about.parent
        if options.tables and folder.name not in options.tables.split(","):
            continue
        train = pd.read_parquet(folder / "train.parquet")
        levels = json.loads(about.read_text())["categorical"]
        train = train.astype(dict.fromkeys(levels, object))
        for name in options.models.split(","):
            began = time.process_time()
            sample = PEERS[name](train, options.epochs)
            fitted = time.process_time()
            synthetic = sample(len(train))[list(train.columns)]
            sampled = time.process_time()
            synthetic.to_parquet(options.out / f"{folder.name}-{name}.parquet", index=False)
            cost = {
                "model": name, "table": folder.name, "epochs": options.epochs,
                "fit_cpu_s": round(fitted - began, 1), "sample_cpu_s": round(sampled - fitted, 1),
                "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
            }  # fmt: skip
            costs = options.out / "costs.csv"
            pd.DataFrame([cost]).to_csv(costs, mode="a", header=not costs.exists(), index=False)
            print(cost, flush=True)


if __name__ == "__main__":
    main()
