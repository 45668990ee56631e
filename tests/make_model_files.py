"""A small table to a model file of the present format in tests/data, with the rows that it draws.

Run it once for each new format, with the version that brings it: ``python tests/make_model_files.py``.
Files of formats that are still read are never made anew.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from tabgen import TabularGAN
from tabgen.models import fitting

FOLDER = Path(__file__).parent / "data"
ROWS, DRAWN, SEED = 240, 20, 5


def table():
    rng = np.random.default_rng(0)
    days = pd.to_timedelta(rng.integers(0, 700, ROWS), unit="D")
    return pd.DataFrame(
        {
            "id": [f"K-{number:04d}" for number in rng.permutation(ROWS)],
            "age": rng.integers(18, 60, ROWS),
            "price": (rng.integers(1, 40, ROWS) / 4).round(2),
            "town": pd.Series(rng.choice(["Rome", "Paris", "Oslo"], ROWS)).mask(rng.random(ROWS) < 0.1),
            "joined": (pd.Timestamp("2020-01-01") + days).astype("datetime64[us]"),
        }
    )


def small(*arguments, **options):
    """Return the sizes of a network that fits into a few kilobytes."""
    from dataclasses import replace

    return replace(SIZES(*arguments, **options), width=16, depth=2, embedding=4, context=16)


SIZES = fitting.vae_config


def main():
    from tabgen.modelfile import FORMAT_VERSION

    fitting.vae_config = small
    gan = TabularGAN(epochs=2, latent_dim=2, random_state=0).fit(table())
    FOLDER.mkdir(exist_ok=True)
    gan.save(FOLDER / f"format_{FORMAT_VERSION}.tabgen")
    gan.sample(DRAWN, seed=SEED).to_csv(FOLDER / f"format_{FORMAT_VERSION}.csv", index=False)


if __name__ == "__main__":
    main()
