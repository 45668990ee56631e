"""The sample table to the README's pictures: fit, sample, draw columns and pairs of both tables.

python docs/make_pictures.py                  fits anew, about a minute
python docs/make_pictures.py SYNTHETIC.csv    draws a synthetic table that is there already
"""

import sys
from pathlib import Path

from tabgen import TabularGAN
from tabgen.evaluation import compare
from tabgen.plots import plot_columns, plot_pairs
from tabgen.tables import read_table

COLUMNS = ["city", "signup", "last_visit", "channel", "income", "spend", "tier", "churn"]
PAIRS = [("signup", "last_visit"), ("spend", "visits"), ("region", "tier")]

if __name__ == "__main__":
    root = Path(__file__).parent
    real = read_table(root.parent / "sample_data" / "customers.csv").frame
    if sys.argv[1:]:
        synthetic = read_table(sys.argv[1]).frame
    else:
        synthetic = TabularGAN(random_state=0).fit(real).sample(len(real), seed=0)
    tables = compare(real, synthetic)
    for name, figure in {
        "distributions": plot_columns(tables, COLUMNS),
        "pairs": plot_pairs(tables, PAIRS),
    }.items():
        figure.savefig(root / f"{name}.png", dpi=90, facecolor="white")
