"""What did the benchmarks say? The CSV files of `results/` in; the README's tables and a picture out.

    python benchmarks/figures.py            rewrites README.md and docs/quality.png
    python benchmarks/figures.py --check    exit status 1 if they are not what the CSV files say

Each table stands in the README between ``<!-- NAME -->`` and ``<!-- /NAME -->``.
"""

import argparse
import re
import sys
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
COLUMNS = {
    "shape": "columns, error %",
    "pairs": "pairs, error %",
    "c2st": "c2st",
    "c2st_test": "c2st, unseen rows",
    "mlp": "c2st by a network",
    "tstr": "tstr (real)",
    "dcr": "dcr",
    "fit_cpu_s": "fit, CPU s",
}
DIGITS = {"shape": 2, "pairs": 2, "fit_cpu_s": 0}


def medians() -> pd.DataFrame:
    """Return the median over seeds of each model on each table."""
    runs = pd.read_csv(RESULTS / "quality.csv")
    return runs.groupby(["table", "model"], sort=False)[[*COLUMNS, "trtr"]].median().reset_index()


def quality_table() -> str:
    lines = [["table", "model", *COLUMNS.values()]]
    for _, row in medians().iterrows():
        cells = [f"{row[name]:.{DIGITS.get(name, 3)}f}" for name in COLUMNS]
        cells[list(COLUMNS).index("tstr")] += f" ({row['trtr']:.3f})"
        lines.append([row["table"], row["model"], *cells])
    return markdown(lines)


def speed_table() -> str:
    runs = pd.read_csv(RESULTS / "speed.csv")
    lines = [["rows", "columns", "fit, CPU s", "sample as many, CPU s", "peak memory, MB"]]
    for _, run in runs.iterrows():
        known = ("fit_cpu_s", "sample_cpu_s", "peak_rss_mb")
        costs = ["–" if pd.isna(run[name]) else f"{run[name]:,.0f}" for name in known]
        lines.append([f"{run['rows']:,}", str(run["columns"]), *costs])
    return markdown(lines)


def markdown(lines: list[list[str]]) -> str:
    head, *rest = lines
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [head, ["---"] * len(head), *rest])


def picture(path: Path) -> None:
    """Draw how far each model is from chance in a two-sample test, against what its fit costs."""
    import seaborn as sns
    from matplotlib.figure import Figure

    with sns.axes_style("ticks"):
        figure = Figure(figsize=(7.5, 4), layout="constrained")
    axis = figure.subplots()
    runs = medians().rename(columns={"c2st": "two-sample AUC (0.5: none can be told)", "fit_cpu_s": "CPU s"})
    sns.scatterplot(
        runs, x="CPU s", y="two-sample AUC (0.5: none can be told)", hue="model", style="table",
        palette="colorblind", s=90, ax=axis,
    )  # fmt: skip
    axis.axhline(0.5, color="0.6", linestyle=":")
    axis.set_xscale("log")
    axis.set_xticks([50, 100, 200], ["50", "100", "200"])
    axis.minorticks_off()
    axis.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    sns.despine(figure)
    figure.savefig(path, dpi=110)


def with_tables(text: str) -> str:
    """Return the README with the tables that the CSV files hold."""
    for name, table in (("quality", quality_table()), ("speed", speed_table())):
        marks = rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)"
        text = re.sub(marks, lambda found, own=table: f"{found[1]}{own}\n{found[2]}", text, flags=re.DOTALL)
    return text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    if options.check:
        sys.exit(0 if with_tables(text) == text else "README.md does not say what benchmarks/results hold.")
    readme.write_text(with_tables(text), encoding="utf-8")
    picture(ROOT / "docs" / "quality.png")


if __name__ == "__main__":
    main()
