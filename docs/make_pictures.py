"""The sample table to the README's picture: fit, sample, draw some columns of both tables."""

from pathlib import Path

from tabgen import TabularGAN
from tabgen.evaluation import compare
from tabgen.plots import plot_columns
from tabgen.tables import read_table

COLUMNS = ["city", "signup", "last_visit", "channel", "income", "spend", "tier", "churn"]

if __name__ == "__main__":
    root = Path(__file__).parent
    real = read_table(root.parent / "sample_data" / "customers.csv").frame
    synthetic = TabularGAN(random_state=0).fit(real).sample(len(real), seed=0)
    plot_columns(compare(real, synthetic), COLUMNS).savefig(root / "distributions.png", dpi=90)
